using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Brings export jobs to their end, month by month, and forgets old ones. What it has done is in the database, so a
/// restart, or another process, goes on where this one stopped.
/// </summary>
internal sealed class ExportWorker(ExportStore exports, TimeProvider clock) : BackgroundService
{
    /// <summary>Hours a finished job can be fetched.</summary>
    public const int JobHoursMax = 24;

    /// <summary>Days after which an export is not continued where it ended, but by time alone.</summary>
    private const int BoundaryDaysMax = 400;

    private const int LookEveryMs = 1000;

    /// <summary>
    /// Time from the kick-off until the lanes' ends are taken: commits that were on their way are nearly always in by
    /// then. One that is slower is in the export that continues this one.
    /// </summary>
    private const int SettleMs = 1000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        try
        {
            do
            {
                await TryAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is done after the next start.
        }
    }

    /// <summary>A database that is away now is asked again a second later; the status goes on saying 202.</summary>
    private async Task TryAsync(CancellationToken stop)
    {
        try
        {
            var now = clock.GetUtcNow();
            await exports.ExpireAsync(now.AddHours(-JobHoursMax), now.AddDays(-BoundaryDaysMax), stop);
            foreach (var state in (await exports.OpenAsync(stop)).Value)
            {
                await AdvanceAsync(state, stop);
            }
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            return;
        }
    }

    private async Task AdvanceAsync(ExportState state, CancellationToken stop)
    {
        var job = state.Job;
        if (job.Lasts is null)
        {
            if (clock.GetUtcNow().UtcDateTime - job.KickedOff >= TimeSpan.FromMilliseconds(SettleMs))
            {
                await exports.BeginAsync(job, stop);
            }

            return;
        }

        foreach (var month in job.Months!.Where(month => state.Files.All(file => file.Month != month)))
        {
            await exports.CountAsync(job, month, stop);
        }
    }
}
