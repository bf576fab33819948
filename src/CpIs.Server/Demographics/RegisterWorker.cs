using System.Text.Json;
using CpIs.Audit;
using CpIs.Server.Uploads;
using Npgsql;

namespace CpIs.Server.Demographics;

/// <summary>
/// Takes the registrar's files over, batch by batch and one file after the other. A batch and how far its file has
/// come are one commit, so a restart goes on where this stopped and nothing is taken twice.
/// </summary>
internal sealed class RegisterWorker(RegisterJobStore jobs, TakePeople people, TimeProvider clock) : BackgroundService
{
    /// <summary>Days that a file, its rows and what was refused are kept.</summary>
    public const int JobDaysMax = 7;

    private const int LookEveryMs = 500;

    private const int ExpireEveryMinutes = 10;

    /// <summary>Minutes after which a file that stopped coming in is forgotten.</summary>
    private const int SilentMinutesMax = 30;

    private DateTimeOffset expired = DateTimeOffset.MinValue;

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
            // What is left is taken over after the next start.
        }
    }

    /// <summary>A database that is away, or another server that was faster, is met again at the next look.</summary>
    private async Task<bool> TryAsync(CancellationToken stop)
    {
        try
        {
            await ExpireAsync(stop);
            return (await jobs.NextAsync(stop)).Value is { } job && await TakeAsync(job, stop);
        }
        catch (Exception away) when (away is NpgsqlException or LedgerUnavailable or TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> TakeAsync(RegisterJob job, CancellationToken stop)
    {
        if (job.Cancelled)
        {
            await jobs.SkipAsync(job, clock.GetUtcNow(), stop);
            return true;
        }

        var file = new RegisterFile(job.Header);
        var staged = (await jobs.BatchAsync(job, TakePeople.RowsMax, stop)).Value;
        var read = staged.Select(one => (Staged: one, Said: Read(file, one))).ToList();
        await people.TakeAsync(
            [.. read.Select(r => r.Said.Row).OfType<RegisterRow>()], job.Entry,
            answers => Took(job, read, answers));
        return true;
    }

    private static (RegisterRow? Row, RowIssue? Issue) Read(RegisterFile file, RegisterStaged staged) =>
        staged.Fault is { } fault ? (null, RowIssue.NotLoaded("unreadable", fault))
            : file.Row(JsonSerializer.Deserialize<string[]>(staged.Fields)!);

    /// <summary>Rows that say nothing never reached the register; their place among the answers is kept here.</summary>
    private NpgsqlBatchCommand[] Took(
        RegisterJob job,
        List<(RegisterStaged Staged, (RegisterRow? Row, RowIssue? Issue) Said)> read,
        IReadOnlyList<RegisterAnswer> answers)
    {
        var all = new List<RegisterAnswer>(read.Count);
        var refused = new List<RegisterRefusal>();
        var next = 0;
        foreach (var (staged, said) in read)
        {
            var answer = said.Issue is { } issue ? new(RegisterOutcome.Refused, issue.Text) : answers[next++];
            all.Add(answer);
            if (answer.Refused is { } why)
            {
                refused.Add(new(staged.RowNo, said.Issue?.Code ?? UploadCodes.NotLoaded, why, staged.Line, staged.At,
                    staged.Fields));
            }
        }

        return RegisterJobStore.Took(job, all, refused, clock.GetUtcNow());
    }

    private async Task ExpireAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (now - expired > TimeSpan.FromMinutes(ExpireEveryMinutes) || now < expired)
        {
            await jobs.ExpireAsync(now.AddDays(-JobDaysMax), now.AddMinutes(-SilentMinutesMax), stop);
            expired = now;
        }
    }
}
