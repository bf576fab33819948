using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Organizations;
using Npgsql;

namespace CpIs.Server.Plans;

/// <summary>
/// R0, R6: when a day begins in London it writes the next version of every plan whose status that day changes: planned
/// becomes active, active finished, a child's record ends on the 18th birthday. Until it has, reads render such a plan
/// anew under its old version. Each change is a ledger entry of the server's own, in the same commit.
/// </summary>
internal sealed class ClockWorker(
    ClockStore plans,
    AuditLog ledger,
    Register register,
    ServerOptions options,
    TimeProvider clock,
    ILogger<ClockWorker> log) : BackgroundService
{
    /// <summary>Plans of one council in one commit.</summary>
    public const int PlansPerCommitMax = 200;

    /// <summary>How often it looks whether the day is a new one; nothing is asked of the database for that.</summary>
    private const int LookEveryMs = 1000;

    /// <summary>How often it looks for plans on a day it has turned: a safety net.</summary>
    private const int AgainMinutes = 5;

    private DateTimeOffset turnedAt = DateTimeOffset.MinValue;
    private DateOnly turned;

    /// <summary>Turns every plan that is due.</summary>
    /// <returns>True when none is left.</returns>
    public async Task<bool> TurnAsync(DateOnly today, CancellationToken stop)
    {
        var due = (await plans.DueAsync(today, stop)).Value;
        foreach (var council in due)
        {
            await TryAsync(council, today, stop);
        }

        return due.Count == 0 || (await plans.DueAsync(today, stop)).Value.Count == 0;
    }

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
            // What is left is found after the next start.
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var today = Visibility.Today(clock);
        if (today == turned && now >= turnedAt && now - turnedAt < TimeSpan.FromMinutes(AgainMinutes))
        {
            return;
        }

        try
        {
            if (await TurnAsync(today, stop))
            {
                (turned, turnedAt) = (today, now);
            }
        }
        catch (Exception away) when (away is LedgerUnavailable or NpgsqlException or TimeoutException)
        {
            // Asked again at the next look; meanwhile reads render what is due themselves.
            return;
        }
    }

    /// <summary>One council's trouble must not keep the others' plans from turning, nor end the worker.</summary>
    private async Task TryAsync(string council, DateOnly today, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested && await TurnSomeAsync(council, today) == PlansPerCommitMax)
            {
                continue;
            }
        }
        catch (Exception cause) when (cause is not LedgerUnavailable)
        {
            log.PlansNotTurned(council, cause.GetType().Name, cause.StackTrace ?? "");
        }
    }

    private async Task<int> TurnSomeAsync(string council, DateOnly today)
    {
        var name = (await register.FindAsync(council))?.Name ?? council;
        return await ledger.WriteAsync(council, async write =>
        {
            var stood = (await ClockStore.TakeAsync(write, council, today, PlansPerCommitMax)).Value;
            if (stood.Count == 0)
            {
                return 0;
            }

            var now = Submit.Milliseconds(clock.GetUtcNow());
            var turning = stood.Select(row => ((PlanRow?)row, PlanDraft.Of(row).Finish(today, now, name))).ToList();
            await write.CommitAsync(
                [.. turning.Select(t => Entry(t.Item1!, t.Item2))], SubmissionStore.Put(council, [], turning));
            return stood.Count;
        });
    }

    /// <summary>Nobody asked for it: the server itself is the agent, and no organisation's.</summary>
    private AuditEntry Entry(PlanRow stood, PlanRow row) => new()
    {
        Kind = "system",
        Interaction = "update",
        Action = 'U',
        Reason = $"its day came: {stood.Episode.Status} to {row.Episode.Status}",
        NhsNumber = row.Facts.NhsNumber.Digits(),
        ResourceType = PlanView.Episode.ResourceType,
        ResourceId = row.Episode.Id.ToString(),
        ResourceVersion = row.Episode.Version,
        Disclosed = row.References,
        Instance = options.Instance,
    };
}
