using System.Collections.Concurrent;
using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// Sends what is due: each subscription by one sender, its notices in order, councils side by side. A receiver that
/// fails is tried again later and later for days, and holds up nobody else.
/// </summary>
internal sealed class Sender(
    SenderStore store, Delivery delivery, TimeProvider clock, ILogger<Sender> log) : BackgroundService
{
    private const int LookEveryMs = 200;

    /// <summary>Subscriptions that are sent to at one time: more than there are councils, since a slow receiver keeps
    /// one of them waiting.</summary>
    private const int SendersMax = 256;

    private readonly ConcurrentDictionary<Guid, Task> busy = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        try
        {
            do
            {
                await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not sent is sent after the next start.
        }

        await Task.WhenAll(busy.Values);
    }

    private async Task LookAsync(CancellationToken stop)
    {
        foreach (var (id, task) in busy)
        {
            if (task.IsCompleted)
            {
                busy.TryRemove(id, out _);
            }
        }

        try
        {
            var due = await store.ClaimAsync(clock.GetUtcNow(), SendersMax - busy.Count, [.. busy.Keys], stop);
            foreach (var row in due.Value)
            {
                busy[row.Id] = TryAsync(row, stop);
            }
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            // Asked again at the next look.
            return;
        }
    }

    /// <summary>One council's trouble must not keep the others from being told, nor end the sender.</summary>
    private async Task TryAsync(SubscriptionRow row, CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            for (var at = row; at is not null && !stop.IsCancellationRequested;)
            {
                at = await delivery.StepAsync(at, stop);
            }

            if (stop.IsCancellationRequested)
            {
                await store.ReleaseAsync(row.Id, CancellationToken.None);
            }
        }
        catch (Exception away) when (away is LedgerUnavailable or NpgsqlException or TimeoutException
            or OperationCanceledException)
        {
            // The hold runs out, or was lost with the database: it is taken up again.
            return;
        }
        catch (Exception cause)
        {
            log.SenderStuck(row.Id, cause.GetType().Name, cause.StackTrace ?? "");
        }
    }
}
