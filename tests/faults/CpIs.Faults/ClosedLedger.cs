using System.Globalization;
using Npgsql;

namespace CpIs.Faults;

/// <summary>
/// Ways in which the ledger takes no entry although the database lives. Each is made by the superuser, and ends when
/// what it returned is disposed of.
/// </summary>
internal sealed class ClosedLedger : IAsyncDisposable
{
    private const string Revoke = "revoke insert on ledger.entry from cpis_server";
    private const string Grant = "grant insert on ledger.entry to cpis_server";
    private const string Lock = "begin; lock table ledger.entry in access exclusive mode";
    private const string Unlock = "rollback";

    private const string Detach = """
        do $$ begin
            alter table ledger.entry detach partition ledger.entry_default;
            execute format('alter table ledger.entry detach partition ledger.%I',
                'entry_' || to_char(now() at time zone 'utc', 'YYYY_MM'));
        end $$
        """;

    private const string Attach = """
        do $$ declare month timestamptz := date_trunc('month', now() at time zone 'utc') at time zone 'utc'; begin
            execute format('alter table ledger.entry attach partition ledger.%I for values from (%L) to (%L)',
                'entry_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
            alter table ledger.entry attach partition ledger.entry_default default;
        end $$
        """;

    private const string Slow = """
        create function ledger.sleep() returns trigger language plpgsql as $$
        begin perform pg_sleep(tg_argv[0]::float8); return null; end $$;
        create trigger sleep before insert on ledger.entry for each statement execute function ledger.sleep('{0}')
        """;

    private const string Quick = "drop trigger sleep on ledger.entry; drop function ledger.sleep()";

    private readonly NpgsqlConnection superuser;
    private readonly string end;

    private ClosedLedger(NpgsqlConnection superuser, string end)
    {
        this.superuser = superuser;
        this.end = end;
    }

    /// <summary>No right to insert.</summary>
    public static Task<ClosedLedger> RevokedAsync(string superuser, CancellationToken stop) =>
        BeginAsync(superuser, Revoke, Grant, stop);

    /// <summary>Another session holds the table.</summary>
    public static Task<ClosedLedger> LockedAsync(string superuser, CancellationToken stop) =>
        BeginAsync(superuser, Lock, Unlock, stop);

    /// <summary>Neither this month nor the default has a place for entries.</summary>
    public static Task<ClosedLedger> WithoutPartitionAsync(string superuser, CancellationToken stop) =>
        BeginAsync(superuser, Detach, Attach, stop);

    /// <summary>Every insert sleeps first.</summary>
    public static Task<ClosedLedger> SlowAsync(string superuser, int seconds, CancellationToken stop) =>
        BeginAsync(superuser, Slow.Replace("{0}", seconds.ToString(CultureInfo.InvariantCulture),
            StringComparison.Ordinal), Quick, stop);

    public async ValueTask DisposeAsync()
    {
        await using (superuser)
        {
            await RunAsync(superuser, end, CancellationToken.None);
        }
    }

    private static async Task<ClosedLedger> BeginAsync(
        string superuser, string begin, string end, CancellationToken stop)
    {
        var connection = new NpgsqlConnection(superuser + ";Pooling=false;Command Timeout=120");
        await connection.OpenAsync(stop);
        await RunAsync(connection, begin, stop);
        return new ClosedLedger(connection, end);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken stop)
    {
#pragma warning disable CA2100 // The texts above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(stop);
    }
}
