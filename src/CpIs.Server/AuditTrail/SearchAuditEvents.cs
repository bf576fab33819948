using System.Globalization;
using CpIs.Audit;
using CpIs.Server.Access;
using CpIs.Server.Patients;
using CpIs.Server.Searching;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// The auditors' search of the trail, itself recorded: one entry a page. A trust's auditor sees what callers of its own
/// organisation did, the national one everything. http://hl7.org/fhir/R4/auditevent.html#search
/// </summary>
internal sealed class SearchAuditEvents(
    TrailStore trail, SupersessionStore numbers, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, TrailParameters.Terms, pages);
        var question = Ask(call, search);
        var envelope = await trail.SearchAsync(
            await LinkedAsync(question, call.Http.RequestAborted), call.Http.RequestAborted);
        var number = question.Numbers is [var one] ? one : null;
        var page = await ledger.OpenAsync(envelope, call.Entry(number), oneEntry: true);
        var next = page.More ? pages.Link(call, search, Place(page.Entries[^1])) : null;
        using var bundle = new SearchBundle(call, clock.GetUtcNow(), page.Total, next, SelfLink.Of(call, search))
        {
            Shown = search.Shown,
        };
        foreach (var entry in page.Entries)
        {
            bundle.Add("AuditEvent/" + entry.EntryId, AuditEventMap.Render(entry), "match");
        }

        if (search.LeftOut.Count > 0)
        {
            bundle.AddOutcome([.. search.Warnings]);
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>The organisation an auditor is bound to; null for the national ones.</summary>
    public static string? Own(Caller caller) => caller.National ? null : caller.Organisation;

    /// <summary>R9: who asks for a person by one number is shown what stands under any of hers.</summary>
    private async Task<TrailQuestion> LinkedAsync(TrailQuestion question, CancellationToken stop) =>
        question.Numbers is { } asked ? question with { Numbers = (await numbers.AllAsync(asked, stop)).Value }
            : question;

    private static TrailQuestion Ask(Call call, SearchRequest search)
    {
        var question = TrailParameters.Read(search, TrailParameters.Allowed(call));
        return question with
        {
            OldestFirst = IsOldestFirst(search),
            Limit = search.Count,
            CountOnly = search.CountOnly,
            Total = search.CountOnly || question.Numbers is [_] ? TrailTotal.Exact : search.Total switch
            {
                "none" => TrailTotal.None,
                null => TrailTotal.WhenCheap,
                _ => TrailTotal.Exact,
            },
            After = search.After is null ? null : Place(search.After),
        };
    }

    /// <summary>
    /// By the time of record, then the id, both the same way. An entry's date is when it was recorded, and so is its
    /// last update.
    /// </summary>
    /// <exception cref="Refused">400 for any other order.</exception>
    private static bool IsOldestFirst(SearchRequest search)
    {
        var time = search.Sort.TakeWhile(key => key.Name != "_id").ToList();
        var ids = search.Sort.Skip(time.Count).Take(1);
        if (search.Sort.Count > 0 && (time.Count == 0
            || time.Concat(ids).DistinctBy(key => key.Descending).Count() > 1))
        {
            throw Refused.BadSearch("AuditEvents are sorted by date or _lastUpdated, and then by _id the same way.");
        }

        return time is [{ Descending: false }, ..];
    }

    private static string Place(TrailEntry entry) =>
        $"{new DateTimeOffset(entry.Recorded, TimeSpan.Zero).UtcTicks}/{entry.EntryId}";

    private static (DateTimeOffset Recorded, Guid Id) Place(string text)
    {
        var parts = text.Split('/');
        return (new DateTimeOffset(long.Parse(parts[0], CultureInfo.InvariantCulture), TimeSpan.Zero),
            Guid.Parse(parts[1]));
    }
}
