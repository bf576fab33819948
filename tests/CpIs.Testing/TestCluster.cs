using System.Diagnostics;
using System.Globalization;
using CpIs.Server.Database;
using Npgsql;

namespace CpIs.Testing;

/// <summary>
/// A private PostgreSQL for tests, run by the very code that runs the sandbox's. One per test process, started when
/// the first test asks and stopped when the process ends; what a killed test process left is cleared by the next.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private const string FolderPrefix = "cpis-tests-";
    private const string Template = "cpis_template";
    private const int SharedBuffersMegabytes = 32;

    // A folder this young may belong to a process that has not taken its lock yet.
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromMinutes(2);

    private static readonly Lazy<Task<TestCluster>> Shared = new(() => StartAsync(durable: false));

    private readonly EmbeddedCluster _cluster;
    private readonly Process _guard;
    private int _databases;

    private TestCluster(EmbeddedCluster cluster)
    {
        _cluster = cluster;
        _guard = Guard(cluster.Folders);
    }

    internal EmbeddedCluster Cluster => _cluster;

    /// <summary>The cluster of this test process. Its commits do not wait for the disk.</summary>
    public static Task<TestCluster> SharedAsync() => Shared.Value;

    /// <summary>A cluster of the test's own, for tests that stop it or speak of durability.</summary>
    public static async Task<TestCluster> StartAsync(bool durable)
    {
        RunLogs.TakeConsole();
        await ClearLeftoversAsync();
        var options = new ClusterOptions { SharedBuffersMegabytes = SharedBuffersMegabytes, Durable = durable };
        var cluster = await EmbeddedCluster.StartAsync(NewDataFolder(), options, CancellationToken.None);
        await RunLogs.KeepAsync(cluster.Folders.Log);
        var started = new TestCluster(cluster);
        await started.ExecuteAsync($"""create database {Template}""");
        await Migrations.PrepareAsync(
            started.ServerConnectionString(Template), started.OwnerConnectionString(Template), CancellationToken.None);
        return started;
    }

    /// <summary>A path for a data folder, in a place the database user can enter; nothing is made there yet.</summary>
    public static string NewDataFolder()
    {
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{FolderPrefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}");
        return Path.Combine(Path.GetTempPath(), name);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _cluster.DisposeAsync();
        Remove(_cluster.Folders);
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    internal string ServerConnectionString(string database) =>
        _cluster.ConnectionString(EmbeddedCluster.ServerRole, database);

    internal string OwnerConnectionString(string database) =>
        _cluster.ConnectionString(EmbeddedCluster.Superuser, database);

    internal async Task<string> CreateDatabaseAsync(bool migrated)
    {
        var number = Interlocked.Increment(ref _databases);
        var name = string.Create(CultureInfo.InvariantCulture, $"cpis_test_{number}");
        await ExecuteAsync(migrated ? $"create database {name} template {Template}" : $"create database {name}");
        return name;
    }

    internal Task DropDatabaseAsync(string name) => ExecuteAsync($"drop database if exists {name} with (force)");

    
    // A test runner kills its host a moment after the last test, before any handler of ours could stop a database. So
    // a shell waits for this process to end, however it ends (its pipe closes), and clears up after it.
    private static Process Guard(ClusterFolders folders)
    {
        const string Script = """
            exec >/dev/null 2>&1
            cat
            kill -QUIT "$(head -n 1 "$1")"
            for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1" ] && sleep 1; done
            rm -rf "$2" "$3"
            """;
        string[] arguments = ["sh", "-c", Script, "guard", folders.PidFile, folders.Data, folders.Socket];
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    private static async Task ClearLeftoversAsync()
    {
        var account = await DatabaseAccount.FindAsync(CancellationToken.None);
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), FolderPrefix + "*"))
        {
            if (TimeProvider.System.GetUtcNow() - Directory.GetCreationTimeUtc(folder) > LeftoverAge)
            {
                await ClearAsync(folder, account);
            }
        }
    }

    private static async Task ClearAsync(string folder, DatabaseAccount account)
    {
        var folders = ClusterFolders.Decide(folder, checkout: folder, account.BorrowedName is not null);
        try
        {
            // The lock of a living test process refuses us; the kernel freed a dead one's.
            using var alone = new FileStream(
                folders.ServerLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var options = new ClusterOptions();
            await new ClusterCommands(PostgresPrograms.Find(), account, folders, options).StopAsync();
            Remove(folders);
        }
        catch (IOException)
        {
            // In use, or another process clears it at this moment.
        }
    }

    internal static void Remove(ClusterFolders folders)
    {
        Delete(folders.Data);
        Delete(folders.Socket);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(OwnerConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names made above, never input.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
