using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>
/// The search parameters of Flag and EpisodeOfCare; those R4 does not define are declared by our SearchParameters.
/// </summary>
internal static class PlanParameters
{
    private static readonly SearchParameter<PlanRow> Patient = new("patient", "reference", PatientIs);

    private static readonly SearchParameter<PlanRow>[] Shared =
    [
        Patient,
        new("identifier", "token", SearchConditions.Token<PlanRow>(
            r => [(Systems.CouncilPlan + r.Facts.Council, r.Facts.RowId)])),
        new("date", "date", SearchConditions.Date<PlanRow>(PeriodOf)),
    ];

    private static readonly SearchParameter<PlanRow>[] OfFlag =
    [
        .. Shared,
        new("subject", "reference", PatientIs),
        new("_id", "token", SearchConditions.Token<PlanRow>(r => [(null, r.Flag.Id.ToString())])),
        new("_lastUpdated", "date", SearchConditions.Date<PlanRow>(r => SearchConditions.Moment(r.Flag.Updated))),
        new("status", "token", SearchConditions.Token<PlanRow>(
            r => [("http://hl7.org/fhir/flag-status", r.Flag.Status)])),
        new("code", "token", SearchConditions.Token<PlanRow>(
            r => [(Systems.Snomed, r.Facts.Kind.Code), (Systems.FlagCategory, Systems.FlagCategoryCode)])),
        new("category", "token", SearchConditions.Token<PlanRow>(
            _ => [(Systems.FlagCategory, Systems.FlagCategoryCode)])),
        new("author", "reference", SearchConditions.Organization<PlanRow>(r => r.Facts.Council)),
        new("detail", "reference", (modifier, value) =>
            ReferenceIs(modifier, value, "EpisodeOfCare/", r => r.Episode.Id)),
    ];

    private static readonly SearchParameter<PlanRow>[] OfEpisode =
    [
        .. Shared,
        new("_id", "token", SearchConditions.Token<PlanRow>(r => [(null, r.Episode.Id.ToString())])),
        new("_lastUpdated", "date", SearchConditions.Date<PlanRow>(r => SearchConditions.Moment(r.Episode.Updated))),
        new("status", "token", SearchConditions.Token<PlanRow>(
            r => [("http://hl7.org/fhir/episode-of-care-status", r.Episode.Status)])),
        new("type", "token", SearchConditions.Token<PlanRow>(r => [(Systems.Snomed, r.Facts.Kind.Code)])),
        new("organization", "reference", SearchConditions.Organization<PlanRow>(r => r.Facts.Council)),
    ];

    private static readonly string[] NamesOfFlag = [.. OfFlag.Select(p => p.Name)];

    private static readonly string[] NamesOfEpisode = [.. OfEpisode.Select(p => p.Name)];

    private static readonly string[] IncludesOfFlag =
    [
        "Flag:patient", "Flag:subject", "Flag:author", "Flag:detail", "EpisodeOfCare:organization",
        "EpisodeOfCare:patient",
    ];

    private static readonly string[] IncludesOfEpisode = ["EpisodeOfCare:patient", "EpisodeOfCare:organization"];

    private static readonly string[] RevIncludesOfEpisode = ["Flag:detail"];

    public static IReadOnlyList<string> Names(PlanView view) =>
        view == PlanView.Flag ? NamesOfFlag : NamesOfEpisode;

    public static IReadOnlyList<SearchParameter<PlanRow>> Of(PlanView view) =>
        view == PlanView.Flag ? OfFlag : OfEpisode;

    /// <summary>Values of <c>_include</c> and <c>_revinclude</c> that a view serves.</summary>
    public static IReadOnlyList<string> Includes(PlanView view) =>
        view == PlanView.Flag ? IncludesOfFlag : IncludesOfEpisode;

    /// <summary>Resource type that a value of <c>_include</c> or <c>_revinclude</c> adds.</summary>
    public static string Included(PlanView view, string include) => include switch
    {
        "Flag:detail" => view == PlanView.Flag ? "EpisodeOfCare" : "Flag",
        "Flag:author" or "EpisodeOfCare:organization" => "Organization",
        _ => "Patient",
    };

    public static IReadOnlyList<string> RevIncludes(PlanView view) =>
        view == PlanView.Episode ? RevIncludesOfEpisode : [];

    /// <summary>The people a search names: every patient criterion, in all its alternatives.</summary>
    public static IReadOnlyList<string>? Numbers(SearchRequest search)
    {
        var numbers = search.Criteria.Where(c => c.Name is "patient" or "subject" && c.Modifier != "not")
            .SelectMany(c => c.Values.Select(v => SearchConditions.Patient(c.Modifier, v).Digits()))
            .Distinct()
            .ToList();
        return numbers.Count == 0 ? null : numbers;
    }

    private static Predicate<PlanRow> PatientIs(string? modifier, string value)
    {
        var number = SearchConditions.Patient(modifier, value);
        return row => row.Facts.NhsNumber.Equals(number) || row.AskedAs.Contains(number.Digits());
    }

    private static Predicate<PlanRow> ReferenceIs(string? modifier, string value, string prefix, Func<PlanRow, Guid> id)
    {
        if (modifier is not (null or "EpisodeOfCare"))
        {
            throw SearchConditions.BadModifier();
        }

        var at = value.LastIndexOf(prefix, StringComparison.Ordinal);
        var text = at < 0 ? value : value[(at + prefix.Length)..];
        return row => id(row).ToString() == text;
    }

    private static (DateTimeOffset From, DateTimeOffset Until) PeriodOf(PlanRow row) => (
        Midnight(row.Facts.Start),
        row.EndShown is { } end ? Midnight(end.AddDays(1)) : DateTimeOffset.MaxValue);

    private static DateTimeOffset Midnight(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
