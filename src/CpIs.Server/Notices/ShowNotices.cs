using System.Globalization;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using CpIs.Server.Searching;

namespace CpIs.Server.Notices;

/// <summary>
/// <c>$status</c>: how a subscription stands; <c>$events</c>: its numbered notices again, for a council that missed
/// some or that polls.
/// https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html
/// </summary>
internal sealed class ShowNotices(SubscriptionStore store, AuditLog ledger, TimeProvider clock)
{
    /// <summary>Notices of one answer; the next is asked for from the last number on.</summary>
    public const int EventsMax = 100;

    private static readonly string[] StatusNames = ["id", "status"];
    private static readonly string[] EventNames = ["eventsSinceNumber", "eventsUntilNumber", "content"];
    private static readonly string[] Contents = [NoticeRows.Empty, NoticeRows.IdOnly, "full-resource"];

    public async Task StatusAsync(Call call)
    {
        await ParametersAsync(call, StatusNames);
        await AnswerAsync(call, [await ShowSubscriptions.FindAsync(call, store, ledger)]);
    }

    /// <summary>Of several: all of the caller's, or those of the ids and states named.</summary>
    public async Task StatusesAsync(Call call)
    {
        var asked = await ParametersAsync(call, StatusNames);
        var now = clock.GetUtcNow();
        var envelope = await store.SearchAsync(ShowSubscriptions.Council(call),
            row => (asked["id"] is not { Count: > 0 } ids || ids.Contains(row.Id.ToString()))
                && (asked["status"] is not { Count: > 0 } states || states.Contains(row.StatusAt(now))),
            call.Http.RequestAborted);
        await AnswerAsync(call, await ledger.OpenAsync(envelope, call.Entry()));
    }

    public async Task EventsAsync(Call call)
    {
        if (!Guid.TryParseExact(call.Id, "D", out var id))
        {
            throw Refused.NotFound();
        }

        var asked = await ParametersAsync(call, EventNames);
        var from = Number(asked["eventsSinceNumber"]) ?? 1;
        var until = Number(asked["eventsUntilNumber"]) ?? long.MaxValue;
        var found = (await store.FindAsync(call.Caller.Organisation, id, call.Http.RequestAborted)).Value
            ?? throw Refused.NotFound();
        var content = asked["content"] is [{ } named, ..] ? named : found.Wish.Content;
        if (!Contents.Contains(content))
        {
            throw Refused.BadSearch("content is empty, id-only or full-resource.");
        }

        var envelope = await store.EventsAsync(found, from, until, content, EventsMax, call.Http.RequestAborted);
        var notices = await ledger.OpenAsync(envelope, call.Entry() with
        {
            ResourceId = call.Id, ResourceVersion = found.Version,
        });
        await Answers.BytesAsync(call.Http, 200, NotificationBundle.Write(
            found, NotificationBundle.QueryEvent, content, notices, clock.GetUtcNow()));
    }

    private async Task AnswerAsync(Call call, IReadOnlyList<SubscriptionRow> rows)
    {
        var now = clock.GetUtcNow();
        using var bundle = new SearchBundle(call, now, rows.Count, null, call.Base + call.Route.Path.Replace(
            "{id}", call.Http.Request.RouteValues["id"] as string ?? "", StringComparison.Ordinal));
        foreach (var row in rows)
        {
            var id = Guid.NewGuid();
            bundle.AddMade(id, (json, uuid) => NotificationBundle.WriteStatus(
                json, row, uuid, NotificationBundle.QueryStatus, row.Wish.Content, [], now), "match");
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>Parameters of the URL, or of a Parameters resource.</summary>
    private static async Task<Dictionary<string, List<string>>> ParametersAsync(Call call, string[] known)
    {
        var asked = known.ToDictionary(n => n, _ => new List<string>());
        foreach (var (name, values) in call.Http.Request.Query.Where(q => q.Key is not ("_format" or "_pretty")))
        {
            Find(asked, name).AddRange(values.OfType<string>().SelectMany(v => v.Split(',')));
        }

        if (!HttpMethods.IsPost(call.Http.Request.Method) || call.Http.Request.ContentLength is null or 0)
        {
            return asked;
        }

        var body = await Incoming.BodyAsync(call);
        if (Incoming.Text(body, "resourceType") != "Parameters"
            || !body.TryGetProperty("parameter", out var parameters) || parameters.ValueKind != JsonValueKind.Array)
        {
            throw Refused.BadBody("The body must be a Parameters resource.");
        }

        foreach (var parameter in parameters.EnumerateArray())
        {
            var value = Incoming.Text(parameter, "valueString") ?? Incoming.Text(parameter, "valueCode")
                ?? Incoming.Text(parameter, "valueId")
                    ?? throw Refused.BadBody("A parameter has no text as its value.");
            Find(asked, Incoming.Text(parameter, "name") ?? "").Add(value);
        }

        return asked;
    }

    private static List<string> Find(Dictionary<string, List<string>> asked, string name) =>
        asked.TryGetValue(name, out var values) ? values
            : throw Refused.BadSearch("Unknown parameter of this operation.");

    private static long? Number(List<string> values) => values switch
    {
        [] => null,
        [var one] when long.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw Refused.BadSearch("The number of an event is a whole number."),
    };
}
