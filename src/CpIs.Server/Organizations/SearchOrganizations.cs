using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Organizations;

/// <summary>Search of Organization: who is responsible, and how to telephone them.</summary>
internal sealed class SearchOrganizations(Register register, PageTokens pages, TimeProvider clock)
{
    private const string TypeSystem = "http://terminology.hl7.org/CodeSystem/organization-type";

    public static readonly IReadOnlyList<SearchParameter<OrganizationRow>> Parameters =
    [
        new("_id", "token", SearchConditions.Token<OrganizationRow>(o => [(null, o.Id)])),
        new("_lastUpdated", "date", SearchConditions
            .Date<OrganizationRow>(o => (o.Updated, o.Updated.AddMilliseconds(1)))),
        new("identifier", "token", SearchConditions.Token<OrganizationRow>(o => [(Systems.Ods, o.Ods)])),
        new("type", "token", SearchConditions
            .Token<OrganizationRow>(o => [(TypeSystem, o.Kind == "health" ? "prov" : "govt")])),
        new("active", "token", SearchConditions.Token<OrganizationRow>(o => [(null, o.Active ? "true" : "false")])),
        new("name", "string", NameIs),
    ];

    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, [.. Parameters.Select(p => p.Name)], pages);
        var condition = SearchConditions.All(search, Parameters);
        var within = SearchConditions.Within(call, Parameters);
        var matches = (await register.CouncilsAsync()).All.Where(o => within(o) && condition(o))
            .OrderBy(o => o.Id, StringComparer.Ordinal).ToList();
        var rest = matches.Where(o => search.After is null || string.CompareOrdinal(o.Id, search.After) > 0).ToList();
        var page = search.CountOnly ? [] : rest.Take(search.Count).ToList();
        var next = !search.CountOnly && rest.Count > page.Count ? pages.Link(call, search, page[^1].Id) : null;
        using var bundle = new SearchBundle(
            call, clock.GetUtcNow(), matches.Count, next, SearchBundle.SelfLink(call, "Organization", search));
        foreach (var row in page)
        {
            bundle.Add("Organization/" + row.Id, row.Body, "match");
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    private static Predicate<OrganizationRow> NameIs(string? modifier, string value) => modifier switch
    {
        null => o => o.Name.StartsWith(value, StringComparison.OrdinalIgnoreCase)
            || o.Name.Contains(" " + value, StringComparison.OrdinalIgnoreCase),
        "exact" => o => o.Name == value,
        "contains" => o => o.Name.Contains(value, StringComparison.OrdinalIgnoreCase),
        _ => throw SearchConditions.BadModifier(),
    };
}
