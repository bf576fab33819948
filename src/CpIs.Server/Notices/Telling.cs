using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.AuditTrail;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Notices;

/// <summary>
/// R17: decides which council is told of what. A council is told only of its own plans, in its own words for them
/// (person_id, row_id), and nothing in a notice says that another council holds one (R7).
/// </summary>
internal sealed class Telling(Followed seen, Councils councils, DateOnly today)
{
    private const int FirstBytes = 1024;

    private readonly ILookup<string, PlanRow> plans = seen.Plans.ToLookup(p => p.Facts.NhsNumber.Digits());

    private readonly Dictionary<(string, string), PatientRow> patients =
        seen.Patients.ToDictionary(p => (p.Council, p.NhsNumber));

    /// <summary>The notices of all entries, in their order.</summary>
    public IReadOnlyList<NewNotice> All() =>
    [
        .. seen.Lines.SelectMany(line => line.InHistory ? OfAccess(line)
            : line.ResourceType == "Encounter" ? OfAttendance(line) : OfNumber(line)),
    ];

    /// <summary>
    /// Each number under which a plan was shown has its own entry, so an entry is told to those who hold a plan under
    /// that very number.
    /// </summary>
    private IEnumerable<NewNotice> OfAccess(LedgerLine line)
    {
        if (seen.Folded.Contains(line.EntryId))
        {
            return [];
        }

        var role = AccessJson.RoleReference(line.Access);
        Told[] about =
        [
            new($"AuditEvent/{line.EntryId}", 1, Written(json => AccessJson.Event(json, (line.Access, role)))),
        ];
        return Notices(Topic.Access, line, $"access:{line.EntryId}", Visible(line, [line.NhsNumber]), about,
            [.. Person(line), .. Organisation(line), Word(DetailCode.Unscheduled, Words.Viewed)]);
    }

    private IEnumerable<NewNotice> OfAttendance(LedgerLine line)
    {
        if (line.ResourceId is not { } text || !Guid.TryParse(text, out var id)
            || !seen.Encounters.TryGetValue((id, line.ResourceVersion), out var body))
        {
            return [];
        }

        var numbers = seen.Links.Where(l => l.Asked == line.NhsNumber).Select(l => l.Number);
        return Notices(Topic.Attendance, line, $"encounter:{id}:{line.ResourceVersion}", Visible(line, numbers),
            [new($"Encounter/{id}", line.ResourceVersion, body)],
            [.. Person(line), .. Organisation(line), Word(DetailCode.Informational, Words.Attended)]);
    }

    /// <summary>
    /// Told once, to those whose plans stand under the number that changed; its successor's holders need not care.
    /// </summary>
    private IEnumerable<NewNotice> OfNumber(LedgerLine line)
    {
        if (line.Disclosed is not [var changed, ..] || changed != "Patient/" + line.NhsNumber)
        {
            return [];
        }

        var held = plans[line.NhsNumber].Where(p => p.Closed == 0 && today < p.Days.VisibleUntil);
        return held.GroupBy(p => p.Facts.Council).SelectMany(own => Notices(Topic.PersonChange, line,
            $"number:{line.EntryId}", own, [Patient(own.First())],
            [Word(DetailCode.NumberSuperseded, Words.NumberChange(line.Reason!))]));
    }

    private IEnumerable<PlanRow> Visible(LedgerLine line, IEnumerable<string> numbers)
    {
        var day = Visibility.Day(line.At);
        return numbers.Distinct().SelectMany(n => plans[n])
            .Where(p => p.Days.VisibleOn(day) && councils.LiveNames.ContainsKey(p.Facts.Council));
    }

    private IEnumerable<NewNotice> Notices(Topic topic, LedgerLine line, string source, IEnumerable<PlanRow> told,
        IReadOnlyList<Told> about, IReadOnlyList<Told> more)
    {
        foreach (var own in told.GroupBy(p => p.Facts.Council))
        {
            foreach (var subscription in seen.Subscriptions.Where(s => s.Council == own.Key && s.Wish.Topic == topic))
            {
                if (Of(subscription, own) is { Count: > 0 } wanted)
                {
                    yield return new(subscription.Id, own.Key, line.At, source, line.NhsNumber,
                        [.. about, .. Own(wanted).Where(r => about.All(a => a.Reference != r.Reference)), .. more]);
                }
            }
        }
    }

    /// <summary>R3: the notices of unborn plans that lapse, on whichever day they are found.</summary>
    public IEnumerable<NewNotice> OfLapse(PlanRow plan, DateTimeOffset now)
    {
        var day = plan.Days.VisibleUntil;
        var ahead = today < day;
        var id = plan.Episode.Id;
        foreach (var subscription in seen.Subscriptions.Where(s => s.Council == plan.Facts.Council
            && s.Wish.Topic == Topic.PlanLapse && Of(s, [plan]).Count > 0))
        {
            yield return new(subscription.Id, plan.Facts.Council, now,
                $"{(ahead ? "lapse-ahead" : "lapse")}:{id}:{PlanJson.Day(day)}", plan.Facts.NhsNumber.Digits(),
                [.. Own([plan]), Word(DetailCode.ConcernsUnborn, ahead ? Words.LapsesOn(day) : Words.LapsedOn(day))]);
        }
    }

    private static List<PlanRow> Of(SubscriptionRow subscription, IEnumerable<PlanRow> plans) =>
        [.. plans.Where(p => subscription.Wish.Kinds.Count == 0 || subscription.Wish.Kinds.Contains(p.Facts.Kind))];

    /// <summary>The council's own plans, both halves, and its own people.</summary>
    private IEnumerable<Told> Own(IReadOnlyList<PlanRow> own)
    {
        foreach (var plan in own.Select(p => p.AsOf(today, councils.AllNames.GetValueOrDefault(
            p.Facts.Council, p.Facts.Council))))
        {
            yield return new($"EpisodeOfCare/{plan.Episode.Id}", plan.Episode.Version, plan.Episode.Body);
            yield return new($"Flag/{plan.Flag.Id}", plan.Flag.Version, plan.Flag.Body);
        }

        foreach (var person in own.DistinctBy(p => p.Facts.NhsNumber).Select(Patient))
        {
            yield return person;
        }
    }

    private Told Patient(PlanRow plan)
    {
        var row = patients[(plan.Facts.Council, plan.Facts.NhsNumber.Digits())];
        LinkedNumber[] links = [.. seen.Links.Where(l => l.Steps > 0)];
        return new("Patient/" + row.NhsNumber, row.Version, PatientJson.Shown(row, health: false, links));
    }

    /// <summary>Who it was; a system that only passed on what an EPR knows is nobody.</summary>
    private static IEnumerable<Told> Person(LedgerLine line) => line.ByPerson
        ? [new(AccessJson.RoleReference(line.Access), 0, Written(json => AccessJson.Role(
            json, (line.Access, AccessJson.RoleReference(line.Access)))))]
        : [];

    /// <summary>Where it was, with the telephone that the register knows.</summary>
    private IEnumerable<Told> Organisation(LedgerLine line) =>
        councils.Find(line.Access.Organisation) is { } found
            ? [new("Organization/" + found.Id, found.Version, found.Body)] : [];

    /// <summary>A sentence for the reader. It is no resource that stands anywhere.</summary>
    private static Told Word(DetailCode code, string what) => new("urn:uuid:" + Guid.CreateVersion7(), 0,
        Outcome.Render(new OutcomeIssue("information", "informational", code, what)));

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(FirstBytes);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
