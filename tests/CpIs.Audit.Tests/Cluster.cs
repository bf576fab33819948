using System.Diagnostics;
using Npgsql;

namespace CpIs.Audit.Tests;

/// <summary>A private PostgreSQL for these tests: started once, one new database for each test.</summary>
public sealed class Cluster : IAsyncLifetime
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";

    private static int databases;

    private readonly string folder = Path.Combine(Path.GetTempPath(), "cpis-ledger-" + Guid.NewGuid().ToString("N"));

    internal string Admin(string database) => Connection(database, "postgres");

    private string Connection(string database, string user) =>
        $"Host={folder};Database={database};Username={user};Maximum Pool Size=20";

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(folder);
        await RunAsync("chown", "postgres", folder);
        await RunAsync("runuser", "-u", "postgres", "--", Binaries + "/initdb", "-D", folder + "/data",
            "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        await RunAsync("runuser", "-u", "postgres", "--", Binaries + "/pg_ctl", "-D", folder + "/data", "-w",
            "-l", folder + "/log", "-o", $"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
            + " -c max_connections=200", "start");
        await ExecuteAsync(Admin("postgres"), "create database ledger_template");
        await MigrateAsync(Admin("ledger_template"));
        NpgsqlConnection.ClearAllPools();
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await RunAsync("runuser", "-u", "postgres", "--", Binaries + "/pg_ctl", "-D", folder + "/data", "-w",
            "-m", "immediate", "stop");
        Directory.Delete(folder, recursive: true);
    }

    internal async Task<Database> NewDatabaseAsync()
    {
        var name = "ledger_" + Interlocked.Increment(ref databases);
        await ExecuteAsync(Admin("postgres"), $"create database {name} template ledger_template");
        return new Database(name, folder + "/.s.PGSQL.5432", Admin(name), Connection(name, "cpis_server"));
    }

    private static async Task MigrateAsync(string admin)
    {
        await ExecuteAsync(admin, await ResourceAsync(System.Reflection.Assembly.Load("CpIs.Server"), "0001-roles-and-plans.sql"));
        await ExecuteAsync(admin, await ResourceAsync(typeof(AuditLog).Assembly, "0002-ledger.sql"));
    }

    private static async Task<string> ResourceAsync(System.Reflection.Assembly assembly, string end)
    {
        var name = assembly.GetManifestResourceNames().Single(each => each.EndsWith(end, StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return await reader.ReadToEndAsync();
    }

    internal static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = program != "runuser" || !arguments.Contains("start"),
        })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(program + " failed with " + process.ExitCode);
        }
    }
}

/// <summary>One test's database, as its administrator and as the server see it.</summary>
internal sealed record Database(string Name, string Socket, string Admin, string Server)
{
    internal Task ExecuteAsync(string sql) => Cluster.ExecuteAsync(Admin, sql);

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Admin);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

[CollectionDefinition(nameof(Cluster))]
public sealed class ClusterCollection : ICollectionFixture<Cluster>;
