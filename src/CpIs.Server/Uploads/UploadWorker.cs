using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>
/// Brings files to their end: judged whole, then applied batch by batch. One file of a council at a time, in the order
/// they came; councils side by side. How far each has come is in the database, so a restart, or another process, goes
/// on where this one stopped.
/// </summary>
internal sealed class UploadWorker(
    UploadStore uploads, StagingStore staging, JudgeStore judge, EndAbsent absent, ApplyRows rows,
    MarkUnconfirmed unconfirmed, TimeProvider clock, ILogger<UploadWorker> log) : BackgroundService
{
    /// <summary>Days that staged rows are kept after their file is done.</summary>
    public const int RowDaysMax = 7;

    /// <summary>Days that the outcomes of rows, and so errors.csv, are kept.</summary>
    public const int OutcomeDaysMax = 30;

    /// <summary>Councils whose files move side by side.</summary>
    private const int CouncilsMax = 8;

    private const int LookEveryMs = 250;

    /// <summary>Milliseconds before a file that could not move is tried again.</summary>
    private const int AgainMs = 5000;

    private const int ExpireEveryMinutes = 10;

    /// <summary>Minutes after which a file that stopped coming in is forgotten.</summary>
    private const int SilentMinutesMax = 30;

    private readonly Dictionary<Guid, DateTimeOffset> resting = [];

    /// <summary>Steps that are going on, by council.</summary>
    private readonly Dictionary<string, Task<bool>> moving = [];

    /// <summary>Deletes what its time is over.</summary>
    public Task ExpireAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        return staging.ExpireAsync(now.AddMinutes(-SilentMinutesMax), now.AddDays(-RowDaysMax),
            now.AddDays(-OutcomeDaysMax), stop);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(WorkAsync(stoppingToken), KeepExpiringAsync(stoppingToken));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        try
        {
            do
            {
                while (await RoundAsync(stoppingToken))
                {
                    continue;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is done after the next start.
        }
        finally
        {
            await ((Task)Task.WhenAll(moving.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Apart from the work: a file of two million rows is not deleted in a moment.</summary>
    private async Task KeepExpiringAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(ExpireEveryMinutes));
        try
        {
            do
            {
                await TryExpireAsync(stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is left is deleted after the next start.
        }
    }

    private async Task TryExpireAsync(CancellationToken stop)
    {
        try
        {
            await ExpireAsync(stop);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            // Done at the next time.
        }
    }

    /// <summary>A step of the first file of every council that is not in the midst of one.</summary>
    /// <returns>True when something moved.</returns>
    private async Task<bool> RoundAsync(CancellationToken stop)
    {
        try
        {
            var jobs = (await uploads.NextAsync(CouncilsMax, stop)).Value;
            Forget(jobs);
            foreach (var job in jobs.Where(j => !moving.ContainsKey(j.Council) && !Rests(j))
                .Take(CouncilsMax - moving.Count).ToList())
            {
                moving.Add(job.Council, TryAsync(job, stop));
            }

            return moving.Count > 0 && await FirstAsync(stop);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            // Asked again at the next look.
            return false;
        }
    }

    /// <summary>Waits for whoever is done first, or until it is time to look for new files.</summary>
    private async Task<bool> FirstAsync(CancellationToken stop)
    {
        await Task.WhenAny([.. moving.Values, Task.Delay(LookEveryMs, stop)]);
        var moved = false;
        foreach (var (council, step) in moving.Where(m => m.Value.IsCompleted).ToList())
        {
            moving.Remove(council);
            moved |= await step;
        }

        return moved;
    }

    /// <summary>One council's trouble must not keep the others' files from moving, nor end the worker.</summary>
    private async Task<bool> TryAsync(UploadJob job, CancellationToken stop)
    {
        try
        {
            return await StepAsync(job, stop);
        }
        catch (Exception away) when (away is LedgerUnavailable or NpgsqlException { IsTransient: true }
            or TimeoutException)
        {
            Rest(job);
            return false;
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            log.UploadStuck(job.Id, cause.GetType().Name, cause.StackTrace ?? "");
            Rest(job);
            return false;
        }
    }

    private async Task<bool> StepAsync(UploadJob job, CancellationToken stop)
    {
        if (job.Cancelled)
        {
            await FinishAsync(job, stop);
            return true;
        }

        switch (job.State)
        {
            case "waiting":
                await judge.JudgeAsync(job, Visibility.Today(clock), clock.GetUtcNow(), stop);
                return true;
            case "ending":
                await absent.NextAsync(job, stop);
                return true;
            default:
                return await ApplyAsync(job, stop);
        }
    }

    private async Task<bool> ApplyAsync(UploadJob job, CancellationToken stop)
    {
        switch (await rows.NextAsync(job, stop))
        {
            case Step.Done:
                await FinishAsync(job, stop);
                return true;
            case Step.Waits:
                await uploads.SayAsync(job, UploadCodes.DemographicsDown, stop);
                Rest(job);
                return false;
            default:
                return true;
        }
    }

    /// <summary>Rows that nobody came to are skipped, so that the counts add up to the rows read.</summary>
    private async Task FinishAsync(UploadJob job, CancellationToken stop)
    {
        if (await unconfirmed.NextAsync(job))
        {
            return;
        }

        var left = job.Read - job.Judged;
        IReadOnlyList<RowIssue> issues = left == 0 ? []
            : !job.Cancelled ? [RowIssue.NotLoaded("lost", $"{left} rows could not be found again: send them again.")]
            : [RowIssue.NotLoaded("cancelled", $"The file was stopped: {left} rows were not looked at.")];
        await uploads.FinishAsync(job, job.FinalCode, left, RowIssue.Write(issues), clock.GetUtcNow(), stop);
    }

    private bool Rests(UploadJob job)
    {
        lock (resting)
        {
            return resting.TryGetValue(job.Id, out var until) && clock.GetUtcNow() < until
                && !job.Cancelled;
        }
    }

    private void Rest(UploadJob job)
    {
        lock (resting)
        {
            resting[job.Id] = clock.GetUtcNow().AddMilliseconds(AgainMs);
        }
    }

    /// <summary>What no longer stands first need not be remembered.</summary>
    private void Forget(IReadOnlyList<UploadJob> jobs)
    {
        lock (resting)
        {
            resting.Keys.Except(jobs.Select(j => j.Id)).ToList().ForEach(id => resting.Remove(id));
        }
    }
}
