using System.Security.Cryptography;
using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// Takes a lane: connects, ends the predecessor's backend, locks a free lane of the kind or adds one, and rebuilds the
/// edge from what the database holds. The lock saves effort; that no lane forks is the work of the batch keys.
/// </summary>
internal static class LaneLease
{
    /// <summary>First half of every lane's advisory lock; the lane's number is the second.</summary>
    internal const int LockClass = 20512;

    /// <summary>How long an old backend may take to die, in milliseconds.</summary>
    internal const int TerminateWaitMs = 5000;

    private const int KeepAliveSeconds = 5;
    private const int TakeAttemptsMax = 20;
    private const int PreparedStatementsMax = 100;

    private const string ServerKeepAlive =
        "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";

    /// <summary>
    /// A lane's statements touch rows by their keys, one plan for each for good: thinking anew about each took a fifth
    /// of PostgreSQL's time, and a plan made while a table was empty read it from end to end ever after.
    /// </summary>
    private const string ByKeys = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off";

    private const string BackendSql = "select pg_backend_pid()";

    private const string TerminateSql = """
        select coalesce(bool_and(pg_terminate_backend(pid, $2)), true) from pg_stat_activity
        where application_name = $1 and pid <> pg_backend_pid()
        """;

    private const string TakeSql = """
        with free as materialized (
            select lane from ledger.lane where kind = $1 and lane <> all ($2) order by lane)
        select lane from free where pg_try_advisory_lock($3, lane) limit 1
        """;

    private const string LockSql = "select pg_try_advisory_lock($2, $1)";

    private const string NewSql = """
        with l as (
            insert into ledger.lane (lane, kind, created)
            select coalesce(max(lane), 0) + 1, $1, now() from ledger.lane
            on conflict do nothing returning lane)
        insert into ledger.batch (lane, first, last, root, leaves, recorded) select lane, 0, 0, $2, '', now() from l
        returning lane
        """;

    internal static async Task<Lane> OpenAsync(
        AuditLogOptions options, string kind, int[] parked, string? predecessor, CancellationToken stop)
    {
        var name = "cpis-lane-" + Guid.NewGuid().ToString("N");
        var connection = new NpgsqlConnection(ConnectionString(options, name));
        try
        {
            await connection.OpenAsync(stop);
            await RefusePoolerAsync(connection, stop);
            if (predecessor is not null)
            {
                await TerminateAsync(connection, predecessor, stop);
            }

            return await ReadAsync(connection, name, await TakeAsync(connection, kind, parked, stop), stop);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes this very lane; null when somebody holds it.</summary>
    internal static async Task<Lane?> TryOpenAsync(AuditLogOptions options, int number, CancellationToken stop)
    {
        var name = "cpis-lane-" + Guid.NewGuid().ToString("N");
        var connection = new NpgsqlConnection(ConnectionString(options, name));
        try
        {
            await connection.OpenAsync(stop);
            if (await LockAsync(connection, number, stop))
            {
                return await ReadAsync(connection, name, number, stop);
            }

            await connection.DisposeAsync();
            return null;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static string ConnectionString(AuditLogOptions options, string applicationName)
    {
        var text = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = applicationName,
            Pooling = false,
            Enlist = false,
            CommandTimeout = options.StatementSeconds,
            CancellationTimeout = -1,
            MaxAutoPrepare = PreparedStatementsMax,
            AutoPrepareMinUsages = 2,
        };
        if (text.Host?.StartsWith('/') == false)
        {
            text.TcpKeepAliveTime = KeepAliveSeconds;
        }

        text.Options = string.Join(' ', text.Options, ServerKeepAlive, ByKeys).Trim();
        return text.ConnectionString;
    }

    /// <summary>Answers false when the backend still lives, so nobody may conclude what it did.</summary>
    internal static async Task<bool> TerminateAsync(
        NpgsqlConnection connection, string applicationName, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(TerminateSql, connection)
        {
            Parameters = { new() { Value = applicationName }, new() { Value = (long)TerminateWaitMs } },
        };
        return (bool)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>A transaction pooler would give the lock to a stranger.</summary>
    private static async Task RefusePoolerAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(BackendSql, connection);
        if ((int)(await command.ExecuteScalarAsync(stop))! != connection.ProcessID)
        {
            throw new LedgerUnavailable("A connection pooler stands between the ledger and its database.");
        }
    }

    /// <summary>Many may look for a lane at once, so the one that was just made may be gone: then look again.</summary>
    private static async Task<int> TakeAsync(
        NpgsqlConnection connection, string kind, int[] parked, CancellationToken stop)
    {
        for (var attempt = 0; attempt < TakeAttemptsMax; attempt++)
        {
            await using var take = new NpgsqlCommand(TakeSql, connection)
            {
                Parameters = { new() { Value = kind }, new() { Value = parked }, new() { Value = LockClass } },
            };
            if (await take.ExecuteScalarAsync(stop) is int free)
            {
                return free;
            }

            await using var create = new NpgsqlCommand(NewSql, connection)
            {
                Parameters = { new() { Value = kind }, new() { Value = SHA256.HashData(ReadOnlySpan<byte>.Empty) } },
            };
            if (await create.ExecuteScalarAsync(stop) is int made && await LockAsync(connection, made, stop))
            {
                return made;
            }
        }

        throw new LedgerUnavailable("Others took every lane that was made.");
    }

    private static async Task<bool> LockAsync(NpgsqlConnection connection, int number, CancellationToken stop)
    {
        await using var hold = new NpgsqlCommand(LockSql, connection)
        {
            Parameters = { new() { Value = number }, new() { Value = LockClass } },
        };
        return (bool)(await hold.ExecuteScalarAsync(stop))!;
    }

    private static async Task<Lane> ReadAsync(
        NpgsqlConnection connection, string name, int number, CancellationToken stop)
    {
        var lane = new Lane(number, connection, name, await LaneHead.ReadAsync(connection, number, stop));
        lane.Listen();
        return lane;
    }
}
