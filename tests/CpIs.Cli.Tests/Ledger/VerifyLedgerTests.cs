using CpIs.Audit;
using CpIs.Cli.Ledger;
using CpIs.Server.Tests;
using Dapper;
using FluentAssertions;
using Npgsql;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Ledger;

/// <summary>
/// <c>audit verify</c> against a running server and against its database: what it prints and how it ends, for a ledger
/// that is whole and for one that a database administrator has changed.
/// </summary>
public sealed class VerifyLedgerTests : IAsyncLifetime
{
    private readonly RunningServer server = new();
    private readonly System.Text.StringBuilder errors = new();

    public async Task InitializeAsync()
    {
        await server.InitializeAsync();
        var plan = new InventedPlan { Start = server.Today.AddDays(-1) };
        await server.SubmitAsync(plan);
        for (var i = 0; i < 5; i++)
        {
            await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        }

        await server.SignedAsync();
    }

    public Task DisposeAsync() => server.DisposeAsync();

    public static TheoryData<string> Ways => ["--server", "--connection"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_whole_ledger_is_said_to_be_so_lane_by_lane(string way)
    {
        var (code, lines) = await VerifyAsync(way);

        lines.Should().NotBeEmpty().And.OnlyContain(line => IsWhole(line));
        code.Should().Be(0);
        var lanes = await QueryAsync<int>("select distinct lane from ledger.batch order by lane");
        lines.Select(line => int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).Should()
            .Equal(lanes);
    }

    [Theory]
    [InlineData("--server", "update ledger.entry set agent_name = 'Somebody else' where lane = @lane and position = 2",
        "2 changed")]
    [InlineData("--connection", "delete from ledger.entry where lane = @lane and position = 2", "2 removed")]
    [InlineData("--server", "delete from ledger.entry where lane = @lane and position = 2", "2 removed")]
    public async Task A_ledger_that_an_administrator_changed_is_found_out(string way, string change, string found)
    {
        var lane = await LaneAsync("read");
        await ExecuteAsync(change, lane);

        var (code, lines) = await VerifyAsync(way);

        lines.Should().Contain($"lane {lane} position {found}");
        code.Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_tail_that_was_cut_is_found_by_what_was_kept_outside(string way)
    {
        var lane = await LaneAsync("write");
        var kept = Path.GetTempFileName();
        using (var anybody = server.With(() => null))
        {
            await File.WriteAllTextAsync(kept, await anybody.GetStringAsync(
                new Uri($"/audit-log/{lane}/checkpoint", UriKind.Relative)) + "\n");
        }

        var last = (await QueryAsync<long>("select max(first) from ledger.batch where lane = " + lane)).Single();
        await ExecuteAsync("""
            delete from ledger.entry where lane = @lane
                and position >= (select max(first) from ledger.batch where lane = @lane);
            delete from ledger.checkpoint where lane = @lane;
            delete from ledger.batch where lane = @lane
                and first = (select max(first) from ledger.batch where lane = @lane)
            """, lane);

        var (code, lines) = await VerifyAsync(way, "--since", kept);

        lines.Should().Contain($"lane {lane} position {last} tail-cut");
        code.Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_month_that_left_for_an_archive_is_checked_there(string way)
    {
        await RecordLongAgoAsync();
        var file = Path.Combine(Path.GetTempPath(), $"archive-{Guid.NewGuid():N}");
        var month = LongAgo.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);
        var said = new StringWriter();

        var archived = await new ArchiveMonth(said, Errors()).RunAsync(ArchiveOptions.Read(
            ["--connection", server.Database.ServerConnectionString, "--month", month, "--out", file]), default);
        archived.Should().Be(0);
        var detach = said.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Trim();
        detach.Should().StartWith("ledger.detach_month(");
        await ExecuteAsync("select " + detach.TrimEnd(';'), 0);

        var (code, lines) = await VerifyAsync(way, "--archive", file);
        lines.Should().ContainSingle(line => line.EndsWith("size 7 ok, 7 of them archived", StringComparison.Ordinal));
        code.Should().Be(0);
        (code, lines) = await VerifyAsync(way);
        lines.Should().ContainSingle(line => line.EndsWith("position 1 removed", StringComparison.Ordinal));
        code.Should().Be(1);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        (code, lines) = await VerifyAsync(way, "--archive", file);
        lines.Should().ContainSingle(line => line.EndsWith("position 7 changed", StringComparison.Ordinal));
        code.Should().Be(1);
        File.Delete(file);
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_read_is_not_said_to_be_whole()
    {
        var code = await new VerifyLedger(new StringWriter(), Errors()).RunAsync(
            VerifyOptions.Read(["--server", server.Root.ToString(), "--client-id", "sandbox-ed-clinician"]), default);

        code.Should().Be(1);
        errors.ToString().Should().Contain("could not be checked").And.Contain("403");
    }

    [Theory]
    [InlineData("--nothing", "x")]
    [InlineData("--server", "no url")]
    [InlineData("--since", "/nowhere/at/all")]
    [InlineData("--archive", "/nowhere/at/all")]
    [InlineData("--server")]
    [InlineData("--trust", "/")]
    [InlineData("--quick")]
    [InlineData("--quick", "--since", "seen", "--connection", "Host=x")]
    [InlineData("--connection", "Host=x", "--trust", "no-such-file")]
    public void Arguments_it_does_not_know_are_refused(params string[] args)
    {
        var reading = () => VerifyOptions.Read(args);

        reading.Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData("--connection", "x", "--month", "2026-09")]
    [InlineData("--connection", "x", "--month", "September", "--out", "file")]
    [InlineData("--connection", "x", "--month", "2026-09", "--to", "file")]
    public void An_archive_of_no_month_or_to_no_file_is_refused(params string[] args)
    {
        var reading = () => ArchiveOptions.Read(args);

        reading.Should().Throw<ArgumentException>();
    }

    private static DateTimeOffset LongAgo => TimeProvider.System.GetUtcNow().AddDays(-45);

    /// <summary>Seven entries on a lane of their own, in a month that is over.</summary>
    private async Task RecordLongAgoAsync()
    {
        await QueryAsync<int>("select ledger.make_partitions(current_date - 45, 2)");
        await using var log = new AuditLog(
            new AuditLogOptions
            {
                ConnectionString = server.Database.ServerConnectionString, Instance = "old", ReadLanes = 1,
                    WriteLanes = 1,
            },
            new Standing(LongAgo));
        await log.StartAsync(CancellationToken.None);
        for (var i = 0; i < 7; i++)
        {
            await log.RecordAsync(
                new AuditEntry { Kind = "rest", Interaction = "read", Action = 'R', AgentName = "Old" });
        }
    }

    private sealed class Standing(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }

    private static bool IsWhole(string line) =>
        System.Text.RegularExpressions.Regex.IsMatch(line, "^lane [0-9]+ size [0-9]+ ok$");

    private IAnsiConsole Errors() => AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StringWriter(errors)) });

    private async Task<(int Code, string[] Lines)> VerifyAsync(string way, params string[] more)
    {
        string[] where = way == "--server"
            ? [way, server.Root.ToString()]
            : [way, server.Database.ServerConnectionString];
        var output = new StringWriter();
        var code = await new VerifyLedger(output, Errors()).RunAsync(
            VerifyOptions.Read([.. where, .. more]), CancellationToken.None);
        errors.ToString().Should()
            .MatchRegex("^(No signature was checked|The server's own key was believed|.* now holds)")
            .And.NotContain("could not be checked");
        return (code, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>A lane of a kind that holds entries.</summary>
    /// <summary>
    /// The fullest lane of a kind: of five look-ups that two lanes share, one may have taken a single one.
    /// </summary>
    private async Task<int> LaneAsync(string kind) => (await QueryAsync<int>(
        "select b.lane from ledger.batch b join ledger.lane l on l.lane = b.lane and l.kind = '" + kind
        + "' group by b.lane order by max(b.last) desc, b.lane"))[0];

    private async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    /// <summary>As a superuser may who has switched the triggers off.</summary>
    private async Task ExecuteAsync(string sql, int lane)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        await connection.ExecuteAsync("set session_replication_role = replica");
        await connection.ExecuteAsync(sql, new { lane });
    }
}
