using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Searching;
using CpIs.Server.Summary;

namespace CpIs.Server.Plans;

/// <summary>
/// The Bundle of a look-up: the stored bytes as entries, and one outcome with what the reader must be told.
/// </summary>
internal sealed class PlanAnswer(
    Call call, PlanView view, SearchRequest search, PlanPage page, Councils councils, DateTimeOffset now)
{
    /// <summary>Bytes of an entry of a Bundle beside its resource.</summary>
    private const int EntryBytes = 192;

    private readonly PlanIncludes shown = PlanIncludes.Of(search, view);

    public ReadOnlyMemory<byte> Bundle(string? next)
    {
        using var bundle = new SearchBundle(call, now, Total(), next, SelfLink.Of(call, search), BodyBytes())
        {
            Shown = search.Shown,
        };
        AddAll(bundle, view, "match");
        if (shown.OtherHalf)
        {
            AddAll(bundle, view == PlanView.Flag ? PlanView.Episode : PlanView.Flag, "include");
        }

        foreach (var patient in page.Patients.Count > 0 ? PatientJson.OnePerPerson(page.Patients) : [])
        {
            var body = PatientJson.Shown(patient, call.Health, page.Linked);
            bundle.Add($"Patient/{patient.NhsNumber}", body, "include");
        }

        AddOrganizations(bundle);
        var issues = Issues();
        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        return bundle.Finish();
    }

    /// <summary>Of one person always; else as it was asked for, or when it is known anyhow.</summary>
    private int? Total() =>
        PlanParameters.Numbers(search) is [_] || search.CountOnly || (page.Counted && search.Total != "none")
            ? page.Total : null;

    /// <summary>R8: what an answer without a visible plan says.</summary>
    public static OutcomeIssue NoRecordHeld(Councils councils, DateTimeOffset now) => new(
        "information", "informational", DetailCode.NoRecordHeld,
        Words.NoRecordHeld(now) + " " + councils.Coverage(now));

    private void AddAll(SearchBundle bundle, PlanView which, string mode)
    {
        foreach (var row in page.Rows)
        {
            var state = row.State(which);
            bundle.Add($"{which.ResourceType}/{state.Id}", state.Body, mode);
        }
    }

    private void AddOrganizations(SearchBundle bundle)
    {
        if (!shown.Organizations)
        {
            return;
        }

        foreach (var ods in page.Rows.Select(r => r.Facts.Council).Distinct())
        {
            if (councils.Body(ods) is { } body)
            {
                bundle.Add($"Organization/{ods}", body, "include");
            }
        }
    }

    /// <summary>The stored bytes, and what stands around each entry.</summary>
    private int BodyBytes()
    {
        var bytes = 0;
        foreach (var row in page.Rows)
        {
            bytes += EntryBytes + row.Episode.Body.Length + row.Flag.Body.Length;
        }

        return bytes;
    }

    private List<OutcomeIssue> Issues()
    {
        var issues = call.Health
            ? SummaryIssues.OfPlans(call, page, councils, now)
            : [.. Superseded(page.Linked, page.Total > 0)];
        issues.AddRange(search.Warnings);
        return issues;
    }

    /// <summary>
    /// R9: a number of the question is not the person's only one. Health, and a council that holds her.
    /// </summary>
    public static IEnumerable<OutcomeIssue> Superseded(IReadOnlyList<LinkedNumber> linked, bool told) =>
        !told || linked.Count == 0 ? []
        : [new("information", "informational", DetailCode.NumberSuperseded,
            linked.Any(l => l.Relation == LinkedNumber.ReplacedBy) ? Words.NumberReplaced : Words.NumberReplaces)];

    /// <summary>R7: two councils with a current plan of one kind.</summary>
    public static bool TwoHold(IReadOnlyList<PlanRow> rows) => rows.Count > 1 && rows
        .Where(r => r.Episode.Status == "active")
        .GroupBy(r => r.Facts.Kind)
        .Any(kind => kind.Select(r => r.Facts.Council).Distinct().Count() > 1);
}
