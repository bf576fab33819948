using System.Diagnostics;
using System.Globalization;
using CpIs.Server.Database;
using CpIs.Testing;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>The private cluster over its whole life, on real folders with real postmasters.</summary>
public sealed class EmbeddedClusterTests : IDisposable
{
    private static readonly TimeSpan HealMax = TimeSpan.FromSeconds(60);

    private readonly string _data = TestCluster.NewDataFolder();

    public void Dispose()
    {
        var folders = ClusterFolders.Decide(_data, _data, Environment.IsPrivilegedProcess);
        TestCluster.Remove(folders);
    }

    [Fact]
    public async Task A_fresh_folder_becomes_a_running_database_with_safe_settings()
    {
        await using var cluster = await StartAsync();

        (await AskAsync(cluster, "select current_database()")).Should().Be("cpis");
        (await AskAsync(cluster, "show fsync")).Should().Be("on");
        (await AskAsync(cluster, "show synchronous_commit")).Should().Be("on");
        (await AskAsync(cluster, "show full_page_writes")).Should().Be("on");
        (await AskAsync(cluster, "show data_checksums")).Should().Be("on");
        (await AskAsync(cluster, "show listen_addresses")).Should().Be("");
        File.GetUnixFileMode(cluster.Folders.Socket).Should()
            .Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_second_start_which_takes_less_than_ten_seconds()
    {
        await using (var first = await StartAsync())
        {
            await DoAsync(first, "create table kept as select 42 as answer");
        }
        var since = Stopwatch.StartNew();

        await using var second = await StartAsync();

        since.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(10));
        (await AskAsync(second, "select answer from kept")).Should().Be(42);
    }

    [Fact]
    public async Task A_stopped_server_leaves_no_postmaster_behind()
    {
        var cluster = await StartAsync();
        Postmaster.FindLive(cluster.Folders).Should().NotBeNull();

        await cluster.DisposeAsync();

        Postmaster.FindLive(cluster.Folders).Should().BeNull();
        File.Exists(cluster.Folders.PidFile).Should().BeFalse();
    }

    [Fact]
    public async Task The_postmaster_of_a_killed_server_is_adopted_and_stopped_with_its_new_server()
    {
        // What kill -9 of a server leaves: a postmaster, and nobody who holds the folder.
        var programs = PostgresPrograms.Find();
        var account = await DatabaseAccount.FindAsync(default);
        var folders = await ClusterFolders.PrepareAsync(_data, account, default);
        var commands = new ClusterCommands(programs, account, folders, new ClusterOptions());
        await commands.InitialiseAsync(default);
        await commands.RunningAsync(default);
        var orphan = Postmaster.FindLive(folders)!;

        await using (var cluster = await StartAsync())
        {
            Postmaster.FindLive(folders)!.Pid.Should().Be(orphan.Pid);
            (await AskAsync(cluster, "select 1")).Should().Be(1);
        }

        Postmaster.FindLive(folders).Should().BeNull();
    }

    [Fact]
    public async Task A_pid_file_that_names_a_stranger_does_not_stop_the_start()
    {
        await using (await StartAsync())
        {
        }
        var folders = ClusterFolders.Decide(_data, _data, Environment.IsPrivilegedProcess);
        using var stranger = Process.Start(new ProcessStartInfo("sleep", "120")
        {
            UserName = (await DatabaseAccount.FindAsync(default)).BorrowedName ?? Environment.UserName,
        })!;
        await File.WriteAllLinesAsync(folders.PidFile,
            [stranger.Id.ToString(CultureInfo.InvariantCulture), folders.PgData, "1", "5432", folders.Socket, "", ""]);

        await using var cluster = await StartAsync();

        (await AskAsync(cluster, "select 1")).Should().Be(1);
        stranger.HasExited.Should().BeFalse("a stranger's process is not ours to end");
        stranger.Kill();
    }

    [Fact]
    public async Task A_killed_postmaster_is_started_again_and_keeps_what_was_committed()
    {
        await using var cluster = await StartAsync();
        await DoAsync(cluster, "create table kept as select 42 as answer");
        var killed = Postmaster.FindLive(cluster.Folders)!.Pid;

        Process.GetProcessById(killed).Kill();

        (await EventuallyAsync(cluster, "select answer from kept")).Should().Be(42);
        Postmaster.FindLive(cluster.Folders)!.Pid.Should().NotBe(killed);
    }

    [Fact]
    public async Task A_postmaster_that_gave_up_by_itself_is_started_again_though_it_left_no_pid_file()
    {
        await using var cluster = await StartAsync();
        await DoAsync(cluster, "create table kept as select 42 as answer");
        var gone = Postmaster.FindLive(cluster.Folders)!.Pid;

        // SIGQUIT ends it as a failed recovery does: without a checkpoint, and without its pid file.
        Process.Start("kill", ["-QUIT", gone.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

        (await EventuallyAsync(cluster, "select answer from kept")).Should().Be(42);
        Postmaster.FindLive(cluster.Folders)!.Pid.Should().NotBe(gone);
    }

    [Fact]
    public async Task A_database_stopped_by_a_person_stays_stopped()
    {
        await using var cluster = await StartAsync();

        await cluster.Commands.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));

        Postmaster.FindLive(cluster.Folders).Should().BeNull();
        await cluster.Commands.RunningAsync(default);
        (await AskAsync(cluster, "select 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_second_server_on_the_same_folder_is_refused_and_does_not_disturb_the_first()
    {
        await using var first = await StartAsync();

        var second = () => StartAsync();

        (await second.Should().ThrowAsync<StartRefusedException>()).WithMessage($"Another server*{_data}*");
        (await AskAsync(first, "select 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_folder_that_initdb_never_finished_is_made_anew()
    {
        var folders = ClusterFolders.Decide(_data, _data, Environment.IsPrivilegedProcess);
        var account = await DatabaseAccount.FindAsync(default);
        await ClusterFolders.PrepareAsync(_data, account, default);
        var unfinished = Directory.CreateDirectory(folders.NewUnfinished()).FullName;
        await File.WriteAllTextAsync(Path.Combine(unfinished, "PG_VERSION"), "15\n");

        await using var cluster = await StartAsync();

        (await AskAsync(cluster, "select 1")).Should().Be(1);
        Directory.Exists(unfinished).Should().BeFalse();
    }

    [Fact]
    public async Task The_log_shows_no_statement_and_no_key_and_stays_bounded()
    {
        await using var cluster = await StartAsync();
        await DoAsync(cluster, "create table seen (nhs_number text primary key)");
        await DoAsync(cluster, "insert into seen values ('9990000018')");

        var again = () => DoAsync(cluster, "insert into seen values ('9990000018')");
        await again.Should().ThrowAsync<PostgresException>();

        var log = await File.ReadAllTextAsync(cluster.Folders.Log);
        log.Should().Contain("23505").And.NotContain("9990000018");

        await using (var grow = new FileStream(cluster.Folders.Log, FileMode.Open, FileAccess.Write,
            FileShare.ReadWrite))
        {
            grow.SetLength(ClusterWatch.LogBytesMax + 1);
        }
        await WaitUntilAsync(() => new FileInfo(cluster.Folders.Log).Length < ClusterWatch.LogBytesMax);
    }

    private Task<EmbeddedCluster> StartAsync() =>
        EmbeddedCluster.StartAsync(_data, new ClusterOptions { SharedBuffersMegabytes = 32 }, default);

    private static async Task<object?> AskAsync(EmbeddedCluster cluster, string question)
    {
        await using var connection = new NpgsqlConnection(cluster.OwnerConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(question, connection);
        return await command.ExecuteScalarAsync();
    }

    private static Task<object?> DoAsync(EmbeddedCluster cluster, string command) => AskAsync(cluster, command);

    private static async Task<object?> EventuallyAsync(EmbeddedCluster cluster, string question)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await AskAsync(cluster, question);
            }
            catch (NpgsqlException) when (since.Elapsed < HealMax)
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        var since = Stopwatch.StartNew();
        while (!holds())
        {
            since.Elapsed.Should().BeLessThan(HealMax);
            await Task.Delay(100);
        }
    }
}
