using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>
/// Decides a submission of one council: from the rows as they stand and the changes asked for to the rows as they
/// shall stand, or a refusal. It asks no database and no clock.
/// </summary>
internal sealed class Submission
{
    private readonly string council;
    private readonly DateOnly today;
    private readonly Dictionary<string, PlanDraft> plans;
    private readonly Dictionary<string, PatientDraft> patients;

    /// <summary>R9: plans closed before, and those that this submission closes.</summary>
    private readonly List<PlanDraft> closed;

    /// <summary>R9: submitted numbers, each with one that it supersedes.</summary>
    private readonly IReadOnlySet<(string Number, string Superseded)> superseded;

    /// <summary>Ids that were meant for plans which turned out to be held already.</summary>
    private readonly Dictionary<Guid, PlanDraft> unused = [];

    /// <summary>Resources that the changes applied together have named: each at most once.</summary>
    private readonly HashSet<Guid> touched = [];

    /// <param name="council">ODS code of the council that submits.</param>
    /// <param name="today">Date in Europe/London.</param>
    /// <param name="held">Its plans and its records of the people that the changes touch, locked.</param>
    public Submission(string council, DateOnly today, HeldRows held)
    {
        this.council = council;
        this.today = today;
        plans = held.Plans.Where(r => r.Closed == 0).ToDictionary(r => r.Facts.RowId, PlanDraft.Of);
        closed = [.. held.Plans.Where(r => r.Closed > 0).Select(PlanDraft.Of)];
        superseded = held.Superseded;
        patients = held.Patients.ToDictionary(p => p.NhsNumber, p => new PatientDraft(p, null));
    }

    /// <summary>Those closed first: their place under the identifier is then free.</summary>
    public IEnumerable<PlanDraft> Plans => closed.Concat(plans.Values);

    public IEnumerable<PatientDraft> Patients => patients.Values;

    /// <summary>
    /// Applies all changes; people first, then deletions, episodes, flags, whatever order they came in.
    /// </summary>
    /// <exception cref="Refused">404, 409, 412 or 422, naming the entry.</exception>
    public void Apply(IReadOnlyList<Change> changes)
    {
        touched.Clear();
        foreach (var change in changes.OrderBy(Order))
        {
            try
            {
                ApplyOne(change);
            }
            catch (Refused refused) when (changes.Count > 1)
            {
                throw AtEntry(refused, change.Place);
            }
        }

        var people = plans.Values.ToLookup(d => d.Facts.NhsNumber.Digits());
        foreach (var draft in plans.Values.Where(d => d.Named && !d.Deleted))
        {
            NoOverlap(draft, people[draft.Facts.NhsNumber.Digits()], changes);
        }
    }

    private void NoOverlap(PlanDraft draft, IEnumerable<PlanDraft> person, IReadOnlyList<Change> changes)
    {
        try
        {
            PlanRules.NoOverlap(draft, person, today);
        }
        catch (Refused refused) when (changes.Count > 1 && changes.OfType<EpisodeChange>()
            .LastOrDefault(e => e.Parts.RowId == draft.Facts.RowId) is { } change)
        {
            throw AtEntry(refused, change.Place);
        }
    }

    /// <summary>As <see cref="Apply"/>, but what is refused leaves everything as it was.</summary>
    /// <returns>The refusal, or null.</returns>
    public Refused? Try(IReadOnlyList<Change> changes)
    {
        var stood = (Plans: plans.ToDictionary(p => p.Key, p => p.Value.Copy()), People: patients.ToDictionary(),
            Closed: closed.ConvertAll(d => d.Copy()));
        try
        {
            Apply(changes);
            return null;
        }
        catch (Refused refused)
        {
            plans.Clear();
            patients.Clear();
            closed.Clear();
            stood.Plans.ToList().ForEach(p => plans.Add(p.Key, p.Value));
            stood.People.ToList().ForEach(p => patients.Add(p.Key, p.Value));
            closed.AddRange(stood.Closed);
            return refused;
        }
    }

    /// <summary>The draft of a plan by the id of one of its resources.</summary>
    public PlanDraft ById(PlanView view, Guid id) =>
        unused.GetValueOrDefault(id)
        ?? plans.Values.FirstOrDefault(d => (view == PlanView.Flag ? d.FlagId : d.EpisodeId) == id)
        ?? (closed.Exists(d => d.EpisodeId == id || d.FlagId == id) ? throw PlanRules.Closed()
            : throw Refused.NotFound());

    public PatientDraft Person(NhsNumber number) => patients[number.Digits()];

    private static int Order(Change change) => change switch
    {
        PatientChange => 0,
        PlanDeletion => 1,
        EpisodeChange => 2,
        _ => 3,
    };

    private void ApplyOne(Change change)
    {
        switch (change)
        {
            case PatientChange patient:
                Apply(patient);
                break;
            case PlanDeletion deletion:
                var draft = ById(deletion.View, deletion.Id);
                Once(deletion.Id);
                Match(deletion, draft, deletion.View);
                draft.Deleted = true;
                draft.Confirm();
                break;
            case EpisodeChange episode:
                Apply(episode);
                break;
            case FlagChange flag:
                Apply(flag);
                break;
        }
    }

    private void Apply(PatientChange change)
    {
        var number = change.Number.Digits();
        var stood = patients.GetValueOrDefault(number)?.Stood;
        if (change.IfNoneExist && stood is not null)
        {
            return;
        }

        if (change.MustBeNew && stood is not null)
        {
            throw new Refused(409, [new("error", "conflict", DetailCode.PlanHeld,
                "You hold this person already: PUT to Patient/ and the NHS number instead.")]);
        }

        if (change.IfMatch is { } version && stood?.Version != version)
        {
            throw Refused.Stale("The record has another version than If-Match names.");
        }

        var draft = new PatientDraft(stood, change.Sent);
        PlanRules.Born(draft, today);
        patients[number] = draft;
        foreach (var plan in plans.Values.Where(p => p.Facts.NhsNumber.Equals(change.Number)
            && p.BirthDate != draft.BirthDate))
        {
            plan.BirthDate = draft.BirthDate;
            plan.Consequence = "the birth date was changed";
        }
    }

    private void Apply(EpisodeChange asked)
    {
        var (parts, change) = (asked.Parts, asked);
        PlanRules.Owner(council, parts);
        if (change.IfNoneExist && IsHeld(parts.RowId, parts.Number, change.Id))
        {
            return;
        }

        if (asked.Sought is { } sought)
        {
            var found = Standing(parts.RowId, asked.Id);
            var makes = sought.Makes(found?.EpisodeId.ToString());
            change = asked with { Create = makes, Id = makes ? asked.Id : found!.EpisodeId };
        }

        Once(change.Id);
        var removed = parts.Status == "entered-in-error" ? change.Removal : null;
        var facts = new PlanFacts(council, parts.RowId, parts.Number, parts.Kind, parts.Start, parts.End, parts.Due,
            parts.FollowsRowId, removed);
        var draft = change.Create ? NewPlan(change, facts) : HeldPlan(change, facts);
        draft.Confirm();
        var person = patients.GetValueOrDefault(parts.Number.Digits())
            ?? throw Refused.Unprocessable(DetailCode.InvalidResource,
                "You hold no Patient under this NHS number: submit it first, or in the same transaction.",
                "EpisodeOfCare.patient");
        draft.BirthDate = person.BirthDate;
        draft.Facts = facts;
        PlanRules.Mother(draft, person.Family, today);
        PlanRules.Check(draft, parts, today);
        if (facts.FollowsRowId is { } followed)
        {
            EndFollowed(followed, facts);
        }
    }

    private PlanDraft NewPlan(EpisodeChange change, PlanFacts facts)
    {
        if (plans.TryGetValue(facts.RowId, out var held) && held.Stood is not null
            && !held.Facts.NhsNumber.Equals(facts.NhsNumber))
        {
            Close(held, facts);
        }
        else if (held is not null)
        {
            throw Refused.Unprocessable(DetailCode.PlanHeld,
                held.Stood is null ? "Two plans of this submission have this identifier."
                : $"This plan identifier is held already: PUT to EpisodeOfCare/{held.EpisodeId} instead.",
                "EpisodeOfCare.identifier[0].value");
        }

        var draft = PlanDraft.New(facts, change.Id);
        plans.Add(facts.RowId, draft);
        return draft;
    }

    /// <summary>R9: a plan goes on under the number that superseded its own, as a new one with new ids.</summary>
    private void Close(PlanDraft held, PlanFacts facts)
    {
        if (!superseded.Contains((facts.NhsNumber.Digits(), held.Facts.NhsNumber.Digits())))
        {
            throw PlanRules.OtherNumber();
        }

        held.Close(closed.Count(d => d.Facts.RowId == facts.RowId) + 1);
        closed.Add(held);
        plans.Remove(facts.RowId);
    }

    private PlanDraft HeldPlan(EpisodeChange change, PlanFacts facts)
    {
        var draft = ById(PlanView.Episode, change.Id);
        Match(change, draft, PlanView.Episode);
        PlanRules.SamePlan(draft, facts);
        draft.Deleted = false;
        return draft;
    }

    private void Apply(FlagChange asked)
    {
        var (parts, change) = (asked.Parts, asked);
        PlanRules.Owner(council, parts);
        if (change.IfNoneExist && IsHeld(parts.RowId, parts.Number, change.Id))
        {
            return;
        }

        if (asked.Sought is { } sought)
        {
            var found = Standing(parts.RowId, asked.Id);
            var makes = sought.Makes(found?.FlagId.ToString());
            change = asked with { Create = makes, Id = makes ? asked.Id : found!.FlagId };
        }

        Once(change.Id);
        if (!change.Create)
        {
            Match(change, ById(PlanView.Flag, change.Id), PlanView.Flag);
        }

        var draft = Detailed(parts)
            ?? throw Refused.Unprocessable(DetailCode.PairDisagrees,
                "flag-detail names no EpisodeOfCare of yours: submit it first, or in the same transaction.",
                "Flag.extension[0].value");
        if (change.Create && (draft.Stood is not null || draft.FlagSent))
        {
            throw Refused.Unprocessable(DetailCode.PlanHeld,
                $"This EpisodeOfCare has its Flag already: PUT to Flag/{draft.FlagId} instead.",
                    "Flag.extension[0].value");
        }

        if (!change.Create && draft.FlagId != change.Id)
        {
            throw Refused.Unprocessable(DetailCode.PairDisagrees, "This Flag belongs to another EpisodeOfCare.",
                "Flag.extension[0].value");
        }

        draft.FlagId = change.Id;
        draft.FlagSent = true;
        draft.Confirm();
        PlanRules.Agree(draft, parts, today);
    }

    /// <summary>The plan whose episode a Flag names: by its id, or by the council's own number of it.</summary>
    private PlanDraft? Detailed(FlagParts parts) =>
        parts.DetailRowId is { } row ? plans.GetValueOrDefault(row)
        : parts.DetailId is not { } id ? null
        : unused.GetValueOrDefault(id) ?? plans.Values.FirstOrDefault(d => d.EpisodeId == id);

    /// <summary>A conditional update: the plan that stood under the identifier before this submission.</summary>
    private PlanDraft? Standing(string rowId, Guid sentId)
    {
        if (plans.GetValueOrDefault(rowId) is not { Stood: not null, Deleted: false } held)
        {
            return null;
        }

        unused[sentId] = held;
        return held;
    }

    /// <summary>http://hl7.org/fhir/R4/http.html#trules: one resource at most once.</summary>
    private void Once(Guid id)
    {
        if (!touched.Add(id))
        {
            throw Refused.BadBody("The Bundle names one resource twice.");
        }
    }

    /// <summary>If-None-Exist: a plan that stood before this submission answers for the one that was sent.</summary>
    private bool IsHeld(string rowId, NhsNumber number, Guid sentId)
    {
        if (!plans.TryGetValue(rowId, out var held) || held.Stood is null || held.Deleted
            || !held.Facts.NhsNumber.Equals(number))
        {
            return false;
        }

        held.Named = true;
        unused[sentId] = held;
        return true;
    }

    /// <summary>R3: the unborn plan that a child's plan follows ends in the same commit.</summary>
    private void EndFollowed(string followed, PlanFacts follower)
    {
        if (!plans.TryGetValue(followed, out var unborn) || unborn.Facts.Kind != PlanKind.Unborn || unborn.Deleted)
        {
            throw Refused.Unprocessable(DetailCode.InvalidResource,
                "You hold no unborn plan under the identifier that this plan follows.", "EpisodeOfCare.extension");
        }

        if (unborn.Facts.End is null)
        {
            var day = follower.Start < today ? follower.Start : today;
            unborn.Facts = unborn.Facts with { End = day < unborn.Facts.Start ? unborn.Facts.Start : day };
            unborn.Consequence = "ended by the plan that follows it";
        }
    }

    private static void Match(Change change, PlanDraft draft, PlanView view)
    {
        if (change.IfMatch is { } version && draft.Stood?.State(view).Version != version)
        {
            throw Refused.Stale("The resource has another version than If-Match names.");
        }

        if (change.ReadIn is { } read && draft.Stood?.State(view).Version != read)
        {
            throw new PatchOvertaken();
        }
    }

    /// <summary>A refusal that names the Bundle's entry it is about.</summary>
    public static Refused AtEntry(Refused refused, int place) =>
        new(refused.Status, [.. refused.Issues.Select(i => i with { Expression = InEntry(place, i.Expression) })])
        {
            NhsNumber = refused.NhsNumber,
        };

    /// <summary>
    /// An element's path inside a Bundle's entry: <c>Flag.status</c> becomes <c>Bundle.entry[2].resource.status</c>.
    /// </summary>
    private static string InEntry(int place, string? expression)
    {
        var dot = expression?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        return $"Bundle.entry[{place}]" + (expression is null ? "" : ".resource" + (dot < 0 ? "" : expression[dot..]));
    }
}
