using System.Reflection;
using CpIs.Audit;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using Npgsql;

namespace CpIs.Server.Database;

/// <summary>
/// Brings a database to this build's shape: the numbered SQL of the server and the ledger, in one order, each file
/// and its line in the journal in one transaction. A database that is ahead of this build is refused, since an old
/// server would misread it.
/// </summary>
internal static class Migrations
{
    // Ours alone: the ledger's lanes lock under 20512.
    private const int LockClass = 20513;
    private const int LockKey = 1;

    /// <summary>Months the ledger has room for: this one and three ahead.</summary>
    private const int MonthsKept = 4;

    private const string JournalSchema = "public";
    private const string JournalTable = "schema_version";

    private const string TakeLock = """
        select pg_advisory_lock($1, $2)
        """;

    private const string Applied = """
        select scriptname from public.schema_version order by scriptname
        """;

    private const string JournalExists = """
        select to_regclass('public.schema_version') is not null
        """;

    private const string LetServerRead = """
        grant select on public.schema_version to cpis_server
        """;

    private const string CanMakePartitions = """
        select to_regprocedure('ledger.make_partitions(date,integer)') is not null
        """;

    private const string MakePartitions = """
        select ledger.make_partitions((now() at time zone 'utc')::date, $1)
        """;

    public static IReadOnlyList<SqlScript> Known { get; } = ReadScripts();

    /// <summary>
    /// With the owner's connection the database is migrated; without it (production, where the server has no such
    /// key) it is only compared with this build.
    /// </summary>
    public static async Task PrepareAsync(string server, string? owner, CancellationToken stop)
    {
        if (owner is not null)
        {
            await RunAsync(owner, Known, stop);
            return;
        }
        await using var connection = await OpenAsync(server, stop);
        RefuseNewer(await AppliedAsync(connection, stop), Known);
        await RefuseOlderAsync(connection, stop);
        await MakePartitionsAsync(connection, stop);
    }

    internal static async Task RunAsync(string owner, IReadOnlyList<SqlScript> scripts, CancellationToken stop)
    {
        // The lock lives on its own connection: it is held until every script is in, and falls with the process.
        await using var connection = await OpenAsync(owner, stop);
        await using var take = new NpgsqlCommand(TakeLock, connection) { CommandTimeout = 0 };
        take.Parameters.Add(new NpgsqlParameter<int> { TypedValue = LockClass });
        take.Parameters.Add(new NpgsqlParameter<int> { TypedValue = LockKey });
        await take.ExecuteNonQueryAsync(stop);

        RefuseNewer(await AppliedAsync(connection, stop), scripts);
        Apply(owner, scripts);
        await using var grant = new NpgsqlCommand(LetServerRead, connection);
        await grant.ExecuteNonQueryAsync(stop);
        await MakePartitionsAsync(connection, stop);
    }

    private static void Apply(string owner, IReadOnlyList<SqlScript> scripts)
    {
        var result = DeployChanges.To.PostgresqlDatabase(Unpooled(owner))
            .WithScripts(scripts)
            .WithTransactionPerScript()
            // "$name$" belongs to PostgreSQL's dollar quotes.
            .WithVariablesDisabled()
            .JournalToPostgresqlTable(JournalSchema, JournalTable)
            .LogTo(new NoOpUpgradeLog())
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            throw new StartRefusedException(
                "Migration " + result.ErrorScript?.Name + " failed and was rolled back: " + result.Error.Message,
                result.Error);
        }
    }

    private static void RefuseNewer(IReadOnlyList<string> applied, IReadOnlyList<SqlScript> scripts)
    {
        var unknown = applied.Except(scripts.Select(script => script.Name), StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw new StartRefusedException(
                "The database is newer than this build: it holds " + string.Join(", ", unknown)
                + ", which this build does not know. Start the newer build; nothing was changed.");
        }
    }

    private static async Task RefuseOlderAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var applied = await AppliedAsync(connection, stop);
        var missing = Known.Select(script => script.Name).Except(applied, StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
        {
            throw new StartRefusedException(
                "The database lacks " + string.Join(", ", missing) + ". Set ConnectionStrings:CpisOwner so that "
                + "this server may migrate it, or start another server that has it.");
        }
    }

    private static async Task<IReadOnlyList<string>> AppliedAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var exists = new NpgsqlCommand(JournalExists, connection);
        if (await exists.ExecuteScalarAsync(stop) is not true)
        {
            return [];
        }
        await using var read = new NpgsqlCommand(Applied, connection);
        await using var rows = await read.ExecuteReaderAsync(stop);
        var names = new List<string>();
        while (await rows.ReadAsync(stop))
        {
            names.Add(rows.GetString(0));
        }
        return names;
    }

    // A month without its partition still inserts (into DEFAULT), but the next one can then not be made.
    private static async Task MakePartitionsAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var can = new NpgsqlCommand(CanMakePartitions, connection);
        if (await can.ExecuteScalarAsync(stop) is not true)
        {
            return;
        }
        await using var make = new NpgsqlCommand(MakePartitions, connection);
        make.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MonthsKept });
        await make.ExecuteNonQueryAsync(stop);
    }

    private static async Task<NpgsqlConnection> OpenAsync(string address, CancellationToken stop)
    {
        var connection = new NpgsqlConnection(Unpooled(address));
        await connection.OpenAsync(stop);
        return connection;
    }

    private static string Unpooled(string address) =>
        new NpgsqlConnectionStringBuilder(address) { Pooling = false }.ConnectionString;

    private static List<SqlScript> ReadScripts() =>
        [.. new[] { typeof(Migrations).Assembly, typeof(AuditEntry).Assembly }
            .SelectMany(ReadScripts)
            .OrderBy(script => script.Name, StringComparer.Ordinal)];

    private static IEnumerable<SqlScript> ReadScripts(Assembly assembly)
    {
        var resources = assembly.GetManifestResourceNames();
        foreach (var resource in resources.Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            // "CpIs.Audit.Schema.0002-ledger.sql": the file name alone orders and names a migration.
            var name = resource.Split('.')[^2] + ".sql";
            yield return new SqlScript(name, reader.ReadToEnd());
        }
    }
}
