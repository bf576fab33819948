using System.Text.Json;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Organizations;

/// <summary>Search of Organization: who is responsible, and how to telephone them.</summary>
internal sealed class SearchOrganizations(Register register, PageTokens pages, TimeProvider clock)
{
    private const string TypeSystem = "http://terminology.hl7.org/CodeSystem/organization-type";

    public static readonly IReadOnlyList<SearchParameter<OrganizationRow>> Parameters =
    [
        SearchParameter<OrganizationRow>.Token("_id", o => [(null, o.Id)]),
        SearchParameter<OrganizationRow>.Updated(o => o.Updated),
        SearchParameter<OrganizationRow>.Token("identifier", IdentifiersOf),
        SearchParameter<OrganizationRow>.Token("type", o => [(TypeSystem, o.Kind == "health" ? "prov" : "govt")]),
        SearchParameter<OrganizationRow>.Token("active", o => [(null, o.Active ? "true" : "false")]),
        SearchParameter<OrganizationRow>.String("name", o => o.Name),
    ];

    public static readonly SearchTerms Terms = new("Organization", [.. Parameters.Select(p => p.Name)])
    {
        Sorts = ["_id", "_lastUpdated"],
    };

    private static readonly Keyset<OrganizationRow> Keyset = new(o => o.Id, o => o.Updated, null);

    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, Terms, pages);
        var condition = SearchConditions.All(search, Parameters);
        var within = SearchConditions.Within(call, Parameters);
        var matches = (await register.CouncilsAsync()).All.Where(o => within(o) && condition(o)).ToList();
        var (page, next) = Keyset.Cut(matches, search);
        using var bundle = new SearchBundle(
            call, clock.GetUtcNow(), search.Total == "none" && !search.CountOnly ? null : matches.Count,
            next is null ? null : pages.Link(call, search, next), SelfLink.Of(call, search)) { Shown = search.Shown };
        foreach (var row in page)
        {
            bundle.Add("Organization/" + row.Id, row.Body, "match");
        }

        if (search.LeftOut.Count > 0)
        {
            bundle.AddOutcome([.. search.Warnings]);
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>The ODS code and whatever else the resource is known by.</summary>
    private static IEnumerable<(string? System, string Code)> IdentifiersOf(OrganizationRow row)
    {
        using var body = JsonDocument.Parse(row.Body);
        return [.. body.RootElement.GetProperty("identifier").EnumerateArray().Select(i =>
            (i.TryGetProperty("system", out var system) ? system.GetString() : null,
                i.TryGetProperty("value", out var value) ? value.GetString() ?? "" : ""))];
    }
}
