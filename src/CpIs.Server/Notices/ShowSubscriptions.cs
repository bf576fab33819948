using CpIs.Audit;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Notices;

/// <summary>
/// Read and search of Subscription: a council its own, the registrar every council's without what their headers hold.
/// http://hl7.org/fhir/R4/http.html#read
/// </summary>
internal sealed class ShowSubscriptions(
    SubscriptionStore store, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public static readonly IReadOnlyList<SearchParameter<SubscriptionRow>> Parameters =
    [
        new("_id", "token", SearchConditions.Token<SubscriptionRow>(s => [(null, s.Id.ToString())])),
        new("_lastUpdated", "date", SearchConditions.Date<SubscriptionRow>(s => SearchConditions.Moment(s.Updated))),
        new("status", "token", SearchConditions.Token<SubscriptionRow>(s => [(null, s.Status)])),
        new("criteria", "string", (_, value) => s =>
            s.Wish.Topic.Url.StartsWith(value, StringComparison.OrdinalIgnoreCase)),
        new("url", "uri", (_, value) => s => s.Wish.Endpoint?.OriginalString == value),
    ];

    public async Task ReadAsync(Call call)
    {
        var row = await FindAsync(call, store, ledger);
        await Answers.ResourceAsync(call.Http, 200, Render(call, row), row.Version, row.Updated);
    }

    public async Task SearchAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, [.. Parameters.Select(p => p.Name)], pages);
        var condition = SearchConditions.All(search, Parameters);
        var envelope = await store.SearchAsync(Council(call), condition, call.Http.RequestAborted);
        var all = await ledger.OpenAsync(envelope, call.Entry());
        var rest = all.Where(s => search.After is null || string.CompareOrdinal(s.Id.ToString(), search.After) > 0)
            .ToList();
        var page = search.CountOnly ? [] : rest.Take(search.Count).ToList();
        var next = !search.CountOnly && rest.Count > page.Count
            ? pages.Link(call, search, page[^1].Id.ToString()) : null;
        using var bundle = new SearchBundle(
            call, clock.GetUtcNow(), all.Count, next, SearchBundle.SelfLink(call, "Subscription", search));
        foreach (var row in page)
        {
            bundle.Add("Subscription/" + row.Id, Render(call, row), "match");
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>The subscription of the URL, its reading recorded.</summary>
    /// <exception cref="Refused">404 when absent, or not the caller's.</exception>
    public static async Task<SubscriptionRow> FindAsync(Call call, SubscriptionStore store, AuditLog ledger)
    {
        if (!Guid.TryParseExact(call.Id, "D", out var id))
        {
            throw Refused.NotFound();
        }

        var envelope = await store.ReadAsync(Council(call), id, call.Http.RequestAborted);
        return envelope.Found == 0 ? throw Refused.NotFound()
            : (await ledger.OpenAsync(envelope, call.Entry() with { ResourceId = call.Id }))!;
    }

    /// <summary>Whose subscriptions a caller sees; null for the registrar, who sees all.</summary>
    public static string? Council(Call call) => call.Caller.Kind == Who.Council ? call.Caller.Organisation : null;

    private byte[] Render(Call call, SubscriptionRow row) =>
        SubscriptionJson.Render(row, clock.GetUtcNow(), call.Caller.Kind == Who.Council);
}
