using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace CpIs.Server.Database;

/// <summary>
/// What is done to the private cluster from outside: make it, bring it up, take it down. Each command leaves the
/// folder in a state the next start can go on from, also when it is killed half-way.
/// </summary>
internal sealed class ClusterCommands(
    PostgresPrograms programs, DatabaseAccount account, ClusterFolders folders, ClusterOptions options)
{
    // Recovery after a crash replays up to max_wal_size; a slow disk needs minutes for it.
    private static readonly TimeSpan StartMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan InitialiseMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);
    private const int StopSecondsMax = 120;
    private const int LogLinesShown = 12;

    public static string ConnectionString(string socketFolder, string user, string database) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = socketFolder,
            Port = ClusterFolders.Port,
            Username = user,
            Database = database,
        }.ConnectionString;

    public async Task InitialiseAsync(CancellationToken stop)
    {
        if (Directory.Exists(folders.PgData))
        {
            return;
        }
        ClearUnfinished();
        var unfinished = folders.NewUnfinished();
        List<string> arguments =
        [
            "--pgdata", unfinished, "--username", EmbeddedCluster.Superuser,
            "--auth-local=trust", "--auth-host=reject", "--data-checksums", "--encoding=UTF8",
            // Byte order: an index never depends on the machine's locale files. Letters: names beyond ASCII fold.
            "--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C",
        ];
        if (!options.Durable)
        {
            arguments.Add("--no-sync");
        }
        var made = await account.RunAsync(programs.InitDb, arguments, InitialiseMax, stop);
        if (!made.Succeeded)
        {
            throw new StartRefusedException($"initdb could not make '{unfinished}': {made.Said.Trim()}");
        }
        Directory.Move(unfinished, folders.PgData);
    }

    private void ClearUnfinished()
    {
        foreach (var left in folders.Unfinished)
        {
            try
            {
                Directory.Delete(left, recursive: true);
            }
            catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
            {
                // The initdb of a killed server still writes there. It disturbs nobody; a later start clears it.
            }
        }
    }

    /// <summary>Adopts the live postmaster of the folder or starts one; answers where its socket is.</summary>
    public async Task<string> RunningAsync(CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var live = Postmaster.FindLive(folders);
            var trouble = live is null ? await StartAsync(stop) : await AnswersAsync(live, stop);
            if (trouble is null)
            {
                return (live ?? Postmaster.FindLive(folders))?.SocketFolder ?? folders.Socket;
            }
            // Still recovering, still shutting down, or children of a killed postmaster still hold its memory.
            if (since.Elapsed > StartMax || !MayPass(trouble))
            {
                throw new StartRefusedException(
                    $"PostgreSQL did not start on '{folders.PgData}': {trouble}");
            }
            await Task.Delay(RetryPause, stop);
        }
    }

    public async Task StopAsync()
    {
        // "fast" rolls back what runs and writes all to disk; "immediate" leaves that to the next start's recovery.
        foreach (var mode in new[] { "fast", "immediate" })
        {
            if (Postmaster.FindLive(folders) is null)
            {
                return;
            }
            var seconds = StopSecondsMax.ToString(CultureInfo.InvariantCulture);
            await account.RunAsync(
                programs.PgCtl, ["stop", "-D", folders.PgData, "-m", mode, "-w", "-t", seconds, "-s"],
                TimeSpan.FromSeconds(StopSecondsMax) + StopGrace, CancellationToken.None);
        }
    }

    private async Task<string?> StartAsync(CancellationToken stop)
    {
        // PostgreSQL would trust the pid in a stale file whenever that number lives again as another of its user's
        // processes; FindLive looked closer.
        File.Delete(folders.PidFile);
        await WriteConfigurationAsync(stop);
        var seconds = ((int)StartMax.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var started = await account.RunAsync(
            programs.PgCtl, ["start", "-D", folders.PgData, "-l", folders.Log, "-w", "-t", seconds, "-s"],
            StartMax + StopGrace, stop);
        return started.Succeeded ? null : $"{started.Said.Trim()}\n{LastLogLines()}";
    }

    private Task WriteConfigurationAsync(CancellationToken stop) =>
        // Written over, not replaced: initdb's file belongs to the database user.
        File.WriteAllTextAsync(
            Path.Combine(folders.PgData, "postgresql.conf"), options.Configuration(folders.Socket), stop);

    private static async Task<string?> AnswersAsync(Postmaster live, CancellationToken stop)
    {
        var address = ConnectionString(live.SocketFolder, EmbeddedCluster.Superuser, "postgres");
        await using var connection = new NpgsqlConnection(address + ";Pooling=false;Timeout=5");
        try
        {
            await connection.OpenAsync(stop);
            return null;
        }
        catch (NpgsqlException notYet)
        {
            return notYet.Message;
        }
    }

    private bool MayPass(string trouble) =>
        Postmaster.FindLive(folders) is not null
        || trouble.Contains("still in use", StringComparison.Ordinal)
        || trouble.Contains("lock file", StringComparison.Ordinal);

    private string LastLogLines() =>
        File.Exists(folders.Log) ? string.Join('\n', File.ReadLines(folders.Log).TakeLast(LogLinesShown)) : "";
}
