using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Demographics;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>A row with what demographics say of its person.</summary>
internal sealed record AskedRow(StagedRow Staged, CaseloadRow Row, PersonAnswer Answer);

/// <summary>
/// Decides the rows of one person, one after another, by the rules of single writes: a row that is refused leaves
/// nothing behind, and the others go on. It asks no database and no clock.
/// </summary>
internal sealed class PersonRows(UploadJob job, HeldRows held, DateOnly today, Incoming incoming)
{
    private readonly Submission submission = new(job.Council, today, held);
    private readonly Dictionary<string, (AskedRow Asked, Guid Episode)> accepted = new(StringComparer.Ordinal);

    /// <summary>Whether this deployment takes rows of protected people.</summary>
    public bool TakesProtected { get; init; }

    /// <summary>Rows that were not taken, refused or skipped.</summary>
    public List<RowOutcome> NotTaken { get; } = [];

    /// <summary>Decides one row.</summary>
    public void Add(AskedRow asked)
    {
        var row = asked.Row;
        var stood = held.Plans.FirstOrDefault(p => p.Facts.RowId == row.RowId && p.Closed == 0);
        if (Verdict(asked) is { } known)
        {
            Refuse(asked, stood, [known]);
            return;
        }

        if (stood is null && job.FirstLoad && IsPast(row))
        {
            NotTaken.Add(RowOutcome.Of(asked.Staged, "skipped") with { Issues = [Past] });
            return;
        }

        if (stood is null && row.Remove is not null)
        {
            Refuse(asked, stood, [RowIssue.NotLoaded("not-held", "You hold no plan under this row_id to remove.",
                Columns.RowId)]);
            return;
        }

        var same = stood is not null && stood.Facts.NhsNumber.Equals(row.Number) ? stood : null;
        var changes = RowChanges.Of(row, job.Council, same, asked.Answer.Verified, today);
        if (Try(changes) is { } refused)
        {
            Refuse(asked, stood, RowIssue.Of(refused));
            return;
        }

        accepted.Add(row.RowId, (asked, changes.OfType<EpisodeChange>().Single().Id));
    }

    /// <summary>The rows as they shall stand, and what became of each.</summary>
    public DecidedRows Finish(DateTimeOffset now, string councilName)
    {
        var plans = submission.Plans.Where(d => d.Named || d.Consequence is not null)
            .ToDictionary(d => d, d => d.Finish(today, now, councilName));
        var people = submission.Patients.Where(p => p.Sent is not null)
            .Select(p => (Draft: p, Row: p.Finish(job.Council, PatientJson.Number(p.Sent!.Value)!, now))).ToList();
        var done = accepted.Values.Select(a => Outcome(a.Asked, plans, a.Episode, people)).ToList();
        var named = accepted.Values.Select(a => a.Episode).ToHashSet();
        return new DecidedRows(
            [.. people.Where(p => p.Row != p.Draft.Stood).Select(p => p.Row)],
            [.. plans.Where(p => Differs(p.Key, p.Value)).Select(p => (p.Key.Stood, p.Value))],
            done,
            [.. plans.Where(p => !named.Contains(p.Key.EpisodeId) && Differs(p.Key, p.Value))
                .Select(p => (p.Value, p.Key.Consequence!))],
            NotTaken);
    }

    private Refused? Try(IReadOnlyList<Change> changes)
    {
        try
        {
            incoming.Check(changes.OfType<PatientChange>().Single().Sent, "Patient");
        }
        catch (Refused refused)
        {
            return refused;
        }

        return submission.Try(changes);
    }

    private void Refuse(AskedRow asked, PlanRow? stood, IReadOnlyList<RowIssue> issues) =>
        NotTaken.Add(RowOutcome.Of(asked.Staged, "refused") with
        {
            Issues = issues, Fields = asked.Staged.Fields,
            Kept = stood is { Deleted: false, Facts.Removed: null },
        });

    private bool IsPast(CaseloadRow row) => row.End < today.AddDays(-Visibility.TailDays)
        || (row.Kind != PlanKind.Unborn && Visibility.Adulthood(row.BirthDate) <= today);

    private static RowIssue Past => RowIssue.NotLoaded("past",
        "The plan ended more than a year ago, or the person is 18 or over: it would never be shown.");

    /// <summary>What demographics say against the row; null when nothing.</summary>
    private RowIssue? Verdict(AskedRow asked) => asked.Answer.Verdict switch
    {
        PersonVerdict.NoSuchNumber => new(UploadCodes.NoSuchNumber, "no-such-number",
            "Nobody has this NHS number.", Columns.NhsNumber),
        PersonVerdict.Invalid => new(UploadCodes.NoSuchNumber, "number-invalid",
            "This NHS number was made invalid, and none replaced it.", Columns.NhsNumber),
        PersonVerdict.Superseded => new(UploadCodes.Superseded, "superseded",
            $"This NHS number was replaced by {asked.Answer.NewNumber!.Digits()}.", Columns.NhsNumber),
        PersonVerdict.Sensitive when !TakesProtected => new(UploadCodes.Sensitive, "sensitive",
            "The record of this person is protected: it is not taken from a file.", Columns.NhsNumber),
        PersonVerdict.Differs or PersonVerdict.Sensitive when asked.Answer.Differing.Count > 0 =>
            new(UploadCodes.Differs, "differs",
            "The person on this NHS number differs in: " + string.Join(", ", asked.Answer.Differing) + ".",
            Column(asked.Answer.Differing)),
        PersonVerdict.Deceased when !asked.Row.EndsBy(today) => RowIssue.NotLoaded("deceased",
            "The person is recorded as dead: send the row with its end, or with remove=died."),
        _ => null,
    };

    private static string? Column(IReadOnlyList<string> differing) => differing.Count == 0 ? null : differing[0] switch
    {
        "birthDate" => Columns.BirthDate,
        "given" => Columns.Given,
        _ => Columns.Family,
    };

    private static RowOutcome Outcome(
        AskedRow asked, Dictionary<PlanDraft, PlanRow> plans, Guid episode,
        List<(PatientDraft Draft, PatientRow Row)> people)
    {
        var (draft, row) = plans.Single(p => p.Key.EpisodeId == episode);
        var person = people.Single(p => p.Row.NhsNumber == asked.Row.Number.Digits());
        var result = draft.Stood is not { } stood ? "inserted"
            : asked.Row.Remove is not null ? stood.Facts.Removed is null ? "removed" : "unchanged"
            : stood.Deleted || stood.Facts.Removed is not null || (stood.Facts.End is not null && row.Facts.End is null)
                ? "reopened"
            : stood.Episode.Status != "finished" && row.Episode.Status == "finished" ? "ended"
            : Differs(draft, row) || person.Row != person.Draft.Stood ? "changed"
            : "unchanged";
        return RowOutcome.Of(asked.Staged, result) with
        {
            Versions = [$"Patient/{person.Row.NhsNumber}/_history/{person.Row.Version}", .. row.References],
            Verified = asked.Answer.Verified,
        };
    }

    private static bool Differs(PlanDraft draft, PlanRow row) =>
        draft.Stood is null || draft.Stood.Episode.Version != row.Episode.Version
        || draft.Stood.Flag.Version != row.Flag.Version || draft.Stood.BirthDate != row.BirthDate;
}

/// <summary>What the rows of some people come to.</summary>
/// <param name="People">Rows of people that are new or different.</param>
/// <param name="Plans">Rows of plans that are new or different.</param>
/// <param name="Accepted">What became of each row that was taken.</param>
/// <param name="Consequences">Plans that changed because others did, and why.</param>
/// <param name="NotTaken">What became of each row that was not.</param>
internal sealed record DecidedRows(
    IReadOnlyList<PatientRow> People,
    IReadOnlyList<(PlanRow? Stood, PlanRow Row)> Plans,
    IReadOnlyList<RowOutcome> Accepted,
    IReadOnlyList<(PlanRow Row, string Why)> Consequences,
    IReadOnlyList<RowOutcome> NotTaken);
