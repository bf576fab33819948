using System.Text;
using System.Threading.RateLimiting;
using CpIs.Audit;

namespace CpIs.Server.Notices;

/// <summary>
/// One step of one subscription: a handshake, the next notices, or a heartbeat. What is told is recorded first, as
/// every disclosure is; then it is posted, outside any transaction; then what became of it is noted.
/// </summary>
internal sealed class Delivery(SenderStore store, Receivers receivers, AuditLog ledger, ServerOptions options,
    TimeProvider clock, ILogger<Delivery> log) : IDisposable
{
    /// <summary>
    /// Notices a second that a server sends at most. Only a backlog comes to it, and a backlog can wait: a clinician
    /// who looks a child up meanwhile cannot.
    /// </summary>
    private const int NoticesPerSecondMax = 1500;

    private const int PaceMs = 20;

    /// <summary>Notices in one notification where the council does not say.</summary>
    public const int CountDefault = 20;

    /// <summary>Days for which a receiver is tried before it is given up.</summary>
    public const int TryDaysMax = 7;

    /// <summary>Longest pause before a receiver is tried again.</summary>
    public const int PauseSecondsMax = 3600;

    /// <summary>Pauses double as long as they are shorter than the longest.</summary>
    private const int DoublingsMax = 12;

    private readonly TokenBucketRateLimiter pace = new(new()
    {
        TokenLimit = SubscriptionParts.CountMax,
        TokensPerPeriod = NoticesPerSecondMax * PaceMs / 1000,
        ReplenishmentPeriod = TimeSpan.FromMilliseconds(PaceMs),
        QueueLimit = int.MaxValue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    public void Dispose() => pace.Dispose();

    /// <summary>Takes one step.</summary>
    /// <returns>The subscription as it stands then; null when nothing is due, or it failed.</returns>
    public async Task<SubscriptionRow?> StepAsync(SubscriptionRow row, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (row.HandshakeDue is { } handshake)
        {
            return handshake <= now ? await ShakeHandsAsync(row, now, stop) : await LetGoAsync(row, stop);
        }

        return row.EventsDue <= now ? await TellAsync(row, now, stop)
            : row.HeartbeatDue <= now ? await BeatAsync(row, now, stop)
            : await LetGoAsync(row, stop);
    }

    private async Task<SubscriptionRow?> ShakeHandsAsync(
        SubscriptionRow row, DateTimeOffset now, CancellationToken stop)
    {
        var body = NotificationBundle.Write(row, NotificationBundle.Handshake, row.Wish.Content, [], now);
        if (await receivers.PostAsync(row.Wish, body, Guid.NewGuid().ToString(), stop) is { } why)
        {
            return await FailAsync(row, why, stop);
        }

        await RecordAsync(row, "active: its receiver answered the handshake");
        return (await store.AnsweredAsync(row.Id, clock.GetUtcNow(), stop)).Value;
    }

    private async Task<SubscriptionRow?> BeatAsync(SubscriptionRow row, DateTimeOffset now, CancellationToken stop)
    {
        var body = NotificationBundle.Write(row, NotificationBundle.Heartbeat, row.Wish.Content, [], now);
        return await receivers.PostAsync(row.Wish, body, Guid.NewGuid().ToString(), stop) is { } why
            ? await FailAsync(row, why, stop)
            : (await store.BeatenAsync(row.Id, clock.GetUtcNow(), stop)).Value;
    }

    private async Task<SubscriptionRow?> TellAsync(SubscriptionRow row, DateTimeOffset now, CancellationToken stop)
    {
        // A receiver that fails is shown no more than it must be to find out whether it still does.
        var count = row.Failures > 0 ? 1 : row.Wish.CountMax ?? CountDefault;
        var next = await store.NextAsync(row, count, stop);
        if (next.Found == 0)
        {
            return (await store.TakenAsync(row.Id, row.Delivered, now, stop)).Value;
        }

        using var turn = await pace.AcquireAsync(next.Found, stop);
        var requestId = Guid.NewGuid().ToString();
        var notices = await ledger.OpenAsideAsync(next, Entry(row, requestId));
        var body = NotificationBundle.Write(row, NotificationBundle.Event, row.Wish.Content, notices, now);
        if (await receivers.PostAsync(row.Wish, body, requestId, stop) is { } why)
        {
            return await FailAsync(row, why, stop);
        }

        if (row.Status == "error")
        {
            await RecordAsync(row, "active: its receiver takes notices again");
        }

        return (await store.TakenAsync(row.Id, notices[^1].Number, clock.GetUtcNow(), stop)).Value;
    }

    private async Task<SubscriptionRow?> FailAsync(SubscriptionRow row, string why, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var failed = (await store.FailedAsync(
            row.Id, why, now, now + Pause(row.Failures), now.AddDays(-TryDaysMax), stop)).Value;
        if (failed is { Parked: true })
        {
            log.ReceiverParked(row.Council, why);
            await RecordAsync(row, "parked: its receiver failed for days");
        }
        else if (failed?.Status == "error" && row.Status != "error")
        {
            log.ReceiverFails(row.Council, why);
            await RecordAsync(row, "error: its receiver does not take notices");
        }

        return null;
    }

    private async Task<SubscriptionRow?> LetGoAsync(SubscriptionRow row, CancellationToken stop)
    {
        await store.ReleaseAsync(row.Id, stop);
        return null;
    }

    /// <summary>One second, two, four … an hour.</summary>
    public static TimeSpan Pause(int failures) =>
        TimeSpan.FromSeconds(Math.Min(PauseSecondsMax, 1 << Math.Min(failures, DoublingsMax)));

    private Task RecordAsync(SubscriptionRow row, string what) => ledger.RecordAsync(
        Entry(row, null) with { Kind = "system", Interaction = "update", Action = 'U', Reason = what });

    /// <summary>Nobody asked for it at this moment: the server tells, the council's receiver is told.</summary>
    private AuditEntry Entry(SubscriptionRow row, string? requestId) => new()
    {
        Kind = "notification",
        Interaction = "operation",
        Action = 'R',
        ResourceType = "Subscription",
        ResourceId = row.Id.ToString(),
        ResourceVersion = row.Version,
        Query = Encoding.UTF8.GetBytes($"POST {row.Wish.Endpoint?.GetLeftPart(UriPartial.Path)}"),
        Organisation = row.Council,
        ClientId = row.Client,
        Address = row.Wish.Endpoint?.IdnHost,
        RequestId = requestId,
        Instance = options.Instance,
    };
}
