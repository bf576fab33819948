using Npgsql;

namespace CpIs.Server.Replays;

/// <summary>Takes away, some minutes after their day is over, the answers that are no longer given again.</summary>
internal sealed class Forgetting(RememberedStore store, TimeProvider clock, ILogger<Forgetting> log) : BackgroundService
{
    private const int EveryMinutes = 15;

    /// <summary>Forgets all that is old.</summary>
    public async Task ForgetAsync(CancellationToken stop)
    {
        while ((await store.ForgetAsync(clock.GetUtcNow() - WriteOnce.KeptFor, stop)).Value > 0)
        {
            stop.ThrowIfCancellationRequested();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(EveryMinutes));
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is forgotten after the next start; nobody is given it meanwhile.
        }
    }

    private async Task TryAsync(CancellationToken stop)
    {
        try
        {
            await ForgetAsync(stop);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            log.NotForgotten(away.GetType().Name);
        }
    }
}
