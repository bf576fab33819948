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
        SearchParameter<SubscriptionRow>.Token("_id", s => [(null, s.Id.ToString())]),
        SearchParameter<SubscriptionRow>.Updated(s => s.Updated),
        SearchParameter<SubscriptionRow>.Token("status", s => [(StatusSystem, s.Status)]),
        SearchParameter<SubscriptionRow>.String("criteria", s => s.Wish.Topic.Url),
        new("url", "uri", (modifier, value) => modifier is null ? s => s.Wish.Endpoint?.OriginalString == value.Text
            : throw SearchConditions.BadModifier(), s => s.Wish.Endpoint is not null),
    ];

    public static readonly SearchTerms Terms = new("Subscription", [.. Parameters.Select(p => p.Name)])
    {
        Sorts = ["_id", "_lastUpdated"],
    };

    private const string StatusSystem = "http://hl7.org/fhir/subscription-status";

    private static readonly Keyset<SubscriptionRow> Keyset = new(s => s.Id.ToString(), s => s.Updated, null);

    public async Task ReadAsync(Call call)
    {
        var row = await FindAsync(call, store, ledger);
        await Answers.ResourceAsync(call.Http, 200, Render(call, row), row.Version, row.Updated);
    }

    public async Task SearchAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, Terms, pages);
        var envelope = await store.SearchAsync(
            Council(call), SearchConditions.All(search, Parameters), call.Http.RequestAborted);
        var all = await ledger.OpenAsync(envelope, call.Entry());
        var (page, next) = Keyset.Cut(all, search);
        using var bundle = new SearchBundle(
            call, clock.GetUtcNow(), search.Total == "none" && !search.CountOnly ? null : all.Count,
            next is null ? null : pages.Link(call, search, next), SelfLink.Of(call, search)) { Shown = search.Shown };
        foreach (var row in page)
        {
            bundle.Add("Subscription/" + row.Id, Render(call, row), "match");
        }

        if (search.LeftOut.Count > 0)
        {
            bundle.AddOutcome([.. search.Warnings]);
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
