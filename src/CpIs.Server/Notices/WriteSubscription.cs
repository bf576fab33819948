using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using CpIs.Server.Replays;

namespace CpIs.Server.Notices;

/// <summary>
/// Create, update and delete of a Subscription by its council. What was sent is taken as it is or refused; the status
/// is the server's: requested until the receiver answers a handshake. http://hl7.org/fhir/R4/subscription.html
/// Not served: conditional writes, patch, history.
/// </summary>
internal sealed class WriteSubscription(
    Incoming incoming, SubscriptionParts parts, WriteOnce once, TimeProvider clock)
{
    /// <summary>Subscriptions of one council.</summary>
    public const int SubscriptionsMax = 50;

    private const string Type = "Subscription";

    public async Task CreateAsync(Call call)
    {
        if (call.Http.Request.Headers.ContainsKey("If-None-Exist"))
        {
            throw Refused.BadSearch("A Subscription has no identifier: its create cannot be conditional.");
        }

        var wish = Wish(call, await Incoming.BodyAsync(call));
        var now = Submit.Milliseconds(clock.GetUtcNow());
        await ApplyAsync(call, Guid.CreateVersion7(), null, 201, (_, held, id) =>
            held >= SubscriptionsMax
                ? throw Refused.Unprocessable(DetailCode.InvalidResource,
                    $"A council has at most {SubscriptionsMax} subscriptions: delete one first.")
                : Row(call, wish, id, 1, now));
    }

    public async Task UpdateAsync(Call call)
    {
        var sent = await Incoming.BodyAsync(call);
        if (Incoming.Text(sent, "id") is { } inBody && inBody != call.Id)
        {
            throw Refused.BadBody("The id of the body is not the id of the URL.");
        }

        var wish = Wish(call, sent);
        var now = Submit.Milliseconds(clock.GetUtcNow());
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        await ApplyAsync(call, Id(call), ifMatch, 200, (stood, _, id) =>
        {
            var row = Row(call, wish, id, stood!.Version + 1, now);
            return row with
            {
                Activated = stood.Activated ?? row.Activated, Events = stood.Events, Delivered = stood.Delivered,
            };
        });
    }

    public async Task DeleteAsync(Call call)
    {
        var id = Id(call);
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        var council = call.Caller.Organisation;
        var answer = await once.RunAsync(call, council, async write =>
        {
            var stood = (await SubscriptionStore.LockAsync(write, council, id)).Value.Row ?? throw Refused.NotFound();
            Match(stood, ifMatch);
            var changed = new Changed(0, 204, Type, id.ToString(), stood.Version, stood.Updated, []);
            return new(WriteAnswers.One(call, [changed]), [Entry(call, stood, 204)], 1,
                SubscriptionStore.DeleteCommand(id));
        });
        await WriteAnswers.SendAsync(call, answer);
    }

    private Wish Wish(Call call, JsonElement sent)
    {
        incoming.Check(sent, Type);
        return parts.Read(sent, clock.GetUtcNow());
    }

    private async Task ApplyAsync(Call call, Guid id, int? ifMatch, int status,
        Func<SubscriptionRow?, int, Guid, SubscriptionRow> decide)
    {
        var council = call.Caller.Organisation;
        var answer = await once.RunAsync(call, council, async write =>
        {
            var (stood, held) = (await SubscriptionStore.LockAsync(write, council, id)).Value;
            if (status == 200)
            {
                Match(stood ?? throw Refused.NotFound(), ifMatch);
            }

            var row = decide(stood, held, id);
            var changed = new Changed(0, status, Type, id.ToString(), row.Version, row.Updated,
                SubscriptionJson.Render(row, clock.GetUtcNow(), own: true)) { Location = $"{Type}/{id}" };
            return new(WriteAnswers.One(call, [changed]), [Entry(call, row, status)], 1,
                SubscriptionStore.PutCommand(row));
        });
        await WriteAnswers.SendAsync(call, answer);
    }

    /// <summary>
    /// Where there is a receiver, it must answer first; where there is none, nothing is to be waited for.
    /// </summary>
    private static SubscriptionRow Row(Call call, Wish wish, Guid id, int version, DateTimeOffset now) => new()
    {
        Id = id,
        Council = call.Caller.Organisation,
        Client = call.Caller.ClientId,
        Version = version,
        Updated = now,
        Wish = wish,
        Root = call.Base,
        Status = wish.Off ? "off" : wish.Endpoint is null ? "active" : "requested",
        Activated = wish.Off || wish.Endpoint is not null ? null : now,
        HandshakeDue = wish.Off || wish.Endpoint is null ? null : now,
    };

    private static AuditEntry Entry(Call call, SubscriptionRow row, int status) => call.Entry() with
    {
        Status = status,
        ResourceId = row.Id.ToString(),
        ResourceVersion = row.Version,
        Disclosed = [$"{Type}/{row.Id}/_history/{row.Version}"],
    };

    private static void Match(SubscriptionRow stood, int? ifMatch)
    {
        if (ifMatch is { } version && stood.Version != version)
        {
            throw Refused.Stale("The subscription has another version than If-Match names.");
        }
    }

    private static Guid Id(Call call) =>
        Guid.TryParseExact(call.Id, "D", out var id) ? id : throw Refused.NotFound();
}
