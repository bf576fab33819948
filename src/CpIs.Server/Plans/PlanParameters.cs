using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>
/// The search parameters of Flag and EpisodeOfCare; those R4 does not define are declared by our SearchParameters.
/// </summary>
internal static class PlanParameters
{
    private const string FlagStatus = "http://hl7.org/fhir/flag-status";
    private const string EpisodeStatus = "http://hl7.org/fhir/episode-of-care-status";

    private static readonly SearchParameter<PlanRow>[] OfFlag =
    [
        .. Shared(PlanView.Flag),
        SearchParameter<PlanRow>.Patient("subject", IsAbout),
        SearchParameter<PlanRow>.Token("status", r => [(FlagStatus, r.Flag.Status)]),
        SearchParameter<PlanRow>.Token("code",
            r => [(Systems.Snomed, r.Facts.Kind.Code), (Systems.FlagCategory, Systems.FlagCategoryCode)]),
        SearchParameter<PlanRow>.Token("category", _ => [(Systems.FlagCategory, Systems.FlagCategoryCode)]),
        SearchParameter<PlanRow>.Organization("author", r => r.Facts.Council),
        new("detail", "reference", DetailIs, _ => true),
    ];

    private static readonly SearchParameter<PlanRow>[] OfEpisode =
    [
        .. Shared(PlanView.Episode),
        SearchParameter<PlanRow>.Token("status", r => [(EpisodeStatus, r.Episode.Status)]),
        SearchParameter<PlanRow>.Token("type", r => [(Systems.Snomed, r.Facts.Kind.Code)]),
        SearchParameter<PlanRow>.Organization("organization", r => r.Facts.Council),
    ];

    private static readonly SearchTerms TermsOfFlag = new("Flag", [.. OfFlag.Select(p => p.Name)])
    {
        Sorts = SearchTerms.EverySort,
        Includes = PlanIncludes.Forward,
    };

    private static readonly SearchTerms TermsOfEpisode = new("EpisodeOfCare", [.. OfEpisode.Select(p => p.Name)])
    {
        Sorts = SearchTerms.EverySort,
        Includes = PlanIncludes.Forward,
        RevIncludes = PlanIncludes.Backward,
    };

    /// <summary>The order of plans that are at hand.</summary>
    public static Keyset<PlanRow> Keyset(PlanView view) => new(
        r => r.State(view).Id.ToString(), r => r.State(view).Updated, r => DateRange.Midnight(r.Facts.Start));

    public static SearchTerms Terms(PlanView view) => view == PlanView.Flag ? TermsOfFlag : TermsOfEpisode;

    public static IReadOnlyList<SearchParameter<PlanRow>> Of(PlanView view) =>
        view == PlanView.Flag ? OfFlag : OfEpisode;

    /// <summary>Values of <c>_include</c> and <c>_revinclude</c> that a view serves.</summary>
    public static IReadOnlyList<string> Includes(PlanView view) => [.. Terms(view).Includes.Keys];

    public static IReadOnlyList<string> RevIncludes(PlanView view) => [.. Terms(view).RevIncludes.Keys];

    /// <summary>
    /// The people a search names: every criterion that says who is meant, in all its alternatives. One that says who
    /// is not meant, or that somebody is, names nobody.
    /// </summary>
    public static IReadOnlyList<string>? Numbers(SearchRequest search)
    {
        var numbers = search.Criteria
            .Where(c => c.Name is "patient" or "subject" && c.Modifier is not ("not" or "missing"))
            .SelectMany(c => c.Values.Select(v => SearchConditions.Patient(c.Modifier, v).Digits()))
            .Distinct()
            .ToList();
        return numbers.Count == 0 ? null : numbers;
    }

    /// <summary>Views of one person take no criterion that says who is not meant.</summary>
    /// <exception cref="Refused">400 for a modifier that does.</exception>
    public static void RequireNaming(SearchRequest search)
    {
        if (search.Criteria.Exists(c => c.Modifier is "not" or "missing"))
        {
            throw SearchConditions.BadModifier();
        }
    }

    /// <summary>The ids one of which is asked for; null where that is not all a search says of ids.</summary>
    public static Guid[]? Ids(SearchRequest search) => Values(search, "_id") is { } values
        ? [.. values.Where(v => Guid.TryParseExact(v.Code, "D", out _)).Select(v => Guid.Parse(v.Code))] : null;

    /// <summary>The council's own plan numbers one of which is asked for.</summary>
    public static string[]? RowIds(SearchRequest search) =>
        Values(search, "identifier") is { } values && values.TrueForAll(v => v.Code.Length > 0)
            ? [.. values.Select(v => v.Code)] : null;

    private static List<(string? System, string Code)>? Values(SearchRequest search, string name) =>
        search.Criteria.Find(c => c.Name == name && c.Modifier is null)?.Values.Select(v => v.Token).ToList();

    private static SearchParameter<PlanRow>[] Shared(PlanView view) =>
    [
        SearchParameter<PlanRow>.Token("_id", r => [(null, r.State(view).Id.ToString())]),
        SearchParameter<PlanRow>.Updated(r => r.State(view).Updated),
        SearchParameter<PlanRow>.Patient("patient", IsAbout),
        SearchParameter<PlanRow>.Token("identifier", IdentifierOf),
        SearchParameter<PlanRow>.Date("date", PeriodOf),
    ];

    /// <summary>Both halves of a plan bear its identifier.</summary>
    private static IEnumerable<(string? System, string Code)> IdentifierOf(PlanRow row) =>
        [(Systems.CouncilPlan + row.Facts.Council, row.Facts.RowId)];

    private static Predicate<PlanRow> DetailIs(string? modifier, SearchValue value) => modifier == "identifier"
        ? SearchConditions.Token<PlanRow>(IdentifierOf, null, value)
        : SearchConditions.Reference<PlanRow>(r => r.Episode.Id.ToString(), "EpisodeOfCare", modifier, value);

    private static bool IsAbout(PlanRow row, NhsNumber number) =>
        row.Facts.NhsNumber.Equals(number) || row.AskedAs.Contains(number.Digits());

    private static (DateTimeOffset From, DateTimeOffset Until) PeriodOf(PlanRow row) => (
        DateRange.Midnight(row.Facts.Start),
        row.EndShown is { } end ? DateRange.Midnight(end.AddDays(1)) : DateTimeOffset.MaxValue);
}
