using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// Watches the ledger, which is the one list of what councils must hear: whatever is recorded is told, and nothing else
/// has to remember to tell it. Also finds unborn plans that lapse, which no entry speaks of.
/// </summary>
internal sealed class Follower(
    FollowerStore store, LapseStore lapses, Register register, TimeProvider clock, ILogger<Follower> log)
    : BackgroundService
{
    private const int LookEveryMs = 200;

    /// <summary>How often unborn plans are looked for that lapse, and told notices that are kept no longer.</summary>
    private const int DayLookMinutes = 5;

    private DateTimeOffset lookedAt = DateTimeOffset.MinValue;
    private bool told;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        try
        {
            do
            {
                while (await TryAsync(stoppingToken))
                {
                    continue;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not followed is followed after the next start.
        }
    }

    /// <summary>Nothing may end it: a council that is not told does not know that it is not told.</summary>
    private async Task<bool> TryAsync(CancellationToken stop)
    {
        try
        {
            await LookForLapsesAsync(stop);
            var moved = await FollowAsync(stop);
            told = false;
            return moved;
        }
        catch (Exception away) when (away is TimeoutException or NpgsqlException { IsTransient: true })
        {
            return false;
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            if (!told)
            {
                log.NoticesStuck(cause.GetType().Name, cause.StackTrace ?? "");
                told = true;
            }

            return false;
        }
    }

    private async Task<bool> FollowAsync(CancellationToken stop)
    {
        var councils = await register.CouncilsAsync();
        var today = Visibility.Today(clock);
        return (await store.FollowAsync(NumberReason.All, seen => new Telling(seen, councils, today).All(),
            clock.GetUtcNow(), stop)).Value > 0;
    }

    private async Task LookForLapsesAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (now >= lookedAt && now - lookedAt < TimeSpan.FromMinutes(DayLookMinutes))
        {
            return;
        }

        var councils = await register.CouncilsAsync();
        var today = Visibility.Today(clock);
        await lapses.TellAsync(today, now, seen => [.. seen.Plans.SelectMany(
            plan => new Telling(seen, councils, today).OfLapse(plan, now))], stop);
        lookedAt = now;
    }
}
