using System.Globalization;
using CpIs.Audit;
using CpIs.Server.Access;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Tells auditors what to look at: somebody looked at very many people, somebody broke the glass. It reads it from the
/// ledger, behind the requests, and what it tells are entries of the ledger: found by <c>type=110113</c>. So neither a
/// restart nor another server loses or repeats any. It also puts into <see cref="Browsing"/> what this server cannot
/// know of those who ask it.
/// </summary>
internal sealed class Alerts(AlertStore store, Browsing browsing, AuditLog ledger, ServerOptions options,
    TimeProvider clock, ILogger<Alerts> log) : BackgroundService
{
    /// <summary>Kind of the entries.</summary>
    public const string Kind = "alert";

    public const string OfBrowsing = "browsing";

    public const string OfBreakGlass = "break-glass";

    public static readonly IReadOnlyList<string> Codes = [OfBrowsing, OfBreakGlass];

    /// <summary>How often it looks.</summary>
    private const int LookEveryMs = 5_000;

    /// <summary>Lookers in one question.</summary>
    private const int LookersMax = 500;

    /// <summary>Looks with a broken glass in one commit.</summary>
    private const int CausesMax = 200;

    /// <summary>
    /// A commit may be seen so much later than the time it bears, by its own wait or another's clock.
    /// </summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(2);

    /// <summary>Of one person who broke the glass for another auditors are told once within.</summary>
    private static readonly TimeSpan ToldFor = TimeSpan.FromDays(1);

    /// <summary>How far back a start looks for what a server that is no more left untold.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromDays(7);

    private readonly SemaphoreSlim looking = new(1, 1);
    private DateTimeOffset brokenSince = DateTimeOffset.MinValue;
    private bool stuck;

    /// <summary>Looks once, and tells what it finds.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        await looking.WaitAsync(stop);
        try
        {
            await TellOfManyAsync(stop);
            await TellOfGlassAsync(stop);
        }
        finally
        {
            looking.Release();
        }
    }

    public override void Dispose()
    {
        looking.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookEveryMs));
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left untold is found after the next start.
        }
    }

    /// <summary>Nobody else would tell: whatever goes wrong is said once, and tried again.</summary>
    private async Task TryAsync(CancellationToken stop)
    {
        try
        {
            await LookAsync(stop);
            stuck = false;
        }
        catch (Exception cause) when (cause is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            if (!stuck)
            {
                log.AlertsStuck(cause.GetType().Name, cause.StackTrace ?? "");
            }

            stuck = true;
        }
    }

    private async Task TellOfManyAsync(CancellationToken stop)
    {
        var stirred = browsing.Stirred();
        var done = false;
        try
        {
            foreach (var some in stirred.Chunk(LookersMax))
            {
                await ReadAsync(some, stop);
            }

            foreach (var (who, looks) in stirred)
            {
                await TellOfManyAsync(who, looks);
            }

            done = true;
        }
        finally
        {
            foreach (var (_, looks) in done ? [] : stirred)
            {
                looks.Stir();
            }
        }
    }

    /// <summary>
    /// What the ledger says of them beside what was counted here: other servers, and before the start.
    /// </summary>
    private async Task ReadAsync((Looker Who, Looks Looks)[] lookers, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var oldest = now - options.Browsing.Window;
        var asked = lookers.Select(l => (l.Who, l.Looks.ReadUpTo > oldest ? l.Looks.ReadUpTo : oldest)).ToList();
        foreach (var (looker, number, at) in (await store.SeenAsync(asked, stop)).Value)
        {
            lookers[looker].Looks.Add(number, at);
        }

        foreach (var (_, looks) in lookers)
        {
            looks.ReadUpTo = now - Late;
        }
    }

    /// <summary>The memory suspects, the ledger decides.</summary>
    private async Task TellOfManyAsync(Looker who, Looks looks)
    {
        var now = clock.GetUtcNow();
        var since = now - options.Browsing.Window;
        if (looks.ToldAt > since || !looks.IsBeyond(null))
        {
            return;
        }

        var told = await ledger.WriteAsync(null, async write =>
        {
            var causes = (await AlertStore.TooManyAsync(write, who, since, options.Browsing.PatientsMax)).Value;
            if (causes is [var cause])
            {
                await write.CommitAsync([OfMany(cause)]);
            }

            return causes.Count;
        });
        looks.ToldAt = now;
        if (told > 0)
        {
            log.Alerted(OfBrowsing, who.Organisation);
        }
    }

    private async Task TellOfGlassAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var between = (Since: brokenSince < now - Back ? now - Back : brokenSince, Until: now + Late);
        if (!(await store.IsUntoldAsync(between, ToldFor, stop)).Value)
        {
            brokenSince = now - Late;
            return;
        }

        var told = await ledger.WriteAsync(null, async write =>
        {
            var causes = (await AlertStore.UntoldAsync(write, between, ToldFor, CausesMax)).Value
                .DistinctBy(c => (c.Subject, c.Organisation, c.NhsNumber)).ToList();
            if (causes.Count > 0)
            {
                await write.CommitAsync([.. causes.Select(OfGlass)]);
            }

            return causes;
        });
        foreach (var cause in told)
        {
            log.Alerted(OfBreakGlass, cause.Organisation ?? "");
        }
    }

    private AuditEntry OfMany(AlertCause cause) => Entry(OfBrowsing, cause) with
    {
        Found = cause.People,
        Reason = string.Create(CultureInfo.InvariantCulture,
            $"{cause.People} people in {options.Browsing.WindowMinutes} minutes"),
    };

    /// <summary>It names whom it was broken for, the reason that was given, and the look.</summary>
    private AuditEntry OfGlass(AlertCause cause) => Entry(OfBreakGlass, cause) with
    {
        NhsNumber = cause.NhsNumber,
        ResourceType = "AuditEvent",
        ResourceId = cause.EntryId.ToString(),
        Reason = "the glass was broken",
        PurposeReason = cause.PurposeReason,
    };

    private AuditEntry Entry(string what, AlertCause cause) => new()
    {
        Kind = Kind,
        Interaction = what,
        Action = 'E',
        AgentIssuer = cause.Issuer,
        AgentSubject = cause.Subject,
        AgentUserId = cause.UserId,
        AgentName = cause.Name,
        AgentRole = cause.Role,
        Organisation = cause.Organisation,
        OrganisationName = cause.OrganisationName,
        ClientId = cause.ClientId,
        TokenId = cause.TokenId,
        Address = cause.Address,
        Instance = options.Instance,
    };
}
