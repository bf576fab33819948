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

    public ReadOnlyMemory<byte> Bundle(string? next)
    {
        using var bundle = new SearchBundle(call, now, page.Total, next, Self(), BodyBytes());
        foreach (var row in page.Rows)
        {
            Add(bundle, row, view, "match");
        }

        if (search.Includes.Contains("Flag:detail"))
        {
            AddAll(bundle, PlanView.Episode);
        }

        if (search.RevIncludes.Contains("Flag:detail"))
        {
            AddAll(bundle, PlanView.Flag);
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

    /// <summary>R8: what an answer without a visible plan says.</summary>
    public static OutcomeIssue NoRecordHeld(Councils councils, DateTimeOffset now) => new(
        "information", "informational", DetailCode.NoRecordHeld,
        Words.NoRecordHeld(now) + " " + councils.Coverage(now));

    private void AddAll(SearchBundle bundle, PlanView other)
    {
        foreach (var row in page.Rows)
        {
            Add(bundle, row, other, "include");
        }
    }

    private static void Add(SearchBundle bundle, PlanRow row, PlanView which, string mode)
    {
        var state = row.State(which);
        bundle.Add($"{which.ResourceType}/{state.Id}", state.Body, mode);
    }

    private void AddOrganizations(SearchBundle bundle)
    {
        if (!search.Includes.Exists(i => i is "Flag:author" or "EpisodeOfCare:organization"))
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
        issues.AddRange(search.LeftOut.Select(_ => new OutcomeIssue(
            "warning", "not-supported", DetailCode.ParameterIgnored,
                "A search parameter is unknown and was left out.")));
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

    private string Self() => SearchBundle.SelfLink(call, view.ResourceType, search);
}
