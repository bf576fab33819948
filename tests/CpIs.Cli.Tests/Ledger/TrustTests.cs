using System.Security.Cryptography;
using System.Text;
using CpIs.Audit;
using CpIs.Cli.Ledger;
using CpIs.Server.Tests;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Ledger;

/// <summary>
/// An auditor who meets a server again and again: its key is kept at the first meeting, its checkpoints from then on,
/// and neither may ever be another's.
/// </summary>
public sealed class TrustTests : IAsyncLifetime
{
    private readonly RunningServer server = new();
    private readonly StringBuilder errors = new();
    private readonly string folder = Directory.CreateTempSubdirectory("cpis-auditor-").FullName;

    private string Seen => Path.Combine(folder, "seen");

    public async Task InitializeAsync()
    {
        await server.InitializeAsync();
        await LookAsync();
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_check_that_keeps_nothing_says_that_it_believed_the_server_itself()
    {
        var (code, _, said) = await VerifyAsync();

        (code, said).Should().Match<(int Code, string Said)>(r => r.Code == 0
            && r.Said.StartsWith("The server's own key was believed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_meeting_keeps_the_key_and_the_checkpoints_and_the_next_is_silent()
    {
        var (first, _, met) = await VerifyAsync("--since", Seen);
        await LookAsync();
        var (second, lines, again) = await VerifyAsync("--since", Seen);

        (first, second).Should().Be((0, 0));
        met.Should().Contain("met for the first time");
        again.Should().BeEmpty();
        lines.Should().OnlyContain(line => line.EndsWith(" ok", StringComparison.Ordinal));
        var published = await server.With(() => null).GetStringAsync(new Uri("/audit-log/key", UriKind.Relative));
        (await File.ReadAllTextAsync(Seen + ".keys")).Should().Be(published);
        (await File.ReadAllTextAsync(Seen)).Should().Contain("cpis/").And.Contain("\n\n\u2014 cpis/");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_with_another_key_than_was_kept_is_refused(bool quick)
    {
        var keys = Path.Combine(folder, "keys");
        await File.WriteAllTextAsync(keys, Stranger().Verifier.Text("cpis/sandbox/1") + "\n");

        var (code, lines, said) = await VerifyAsync(
            [.. quick ? new[] { "--quick" } : [], "--trust", keys, "--since", Seen]);

        (code, lines.Length).Should().Be((1, 0));
        said.Should().Contain("is not the one kept in").And.Contain("could not be checked");
        File.Exists(Seen).Should().BeFalse("nothing was found to hold");
    }

    [Fact]
    public async Task After_a_change_of_key_both_keys_are_kept_side_by_side()
    {
        await VerifyAsync("--since", Seen);
        await File.AppendAllTextAsync(Seen + ".keys", Stranger().Verifier.Text("cpis/sandbox/1") + "\n");

        (await VerifyAsync("--since", Seen)).Code.Should().Be(0);
    }

    [Fact]
    public async Task A_kept_checkpoint_that_no_trusted_key_signed_stops_the_check()
    {
        var note = new SignedCheckpoint("cpis/local/1", 1, SHA256.HashData([1])).Sign(Stranger());
        await new CheckpointFile(Seen).AppendAsync([note], CancellationToken.None);

        var (code, lines, said) = await VerifyAsync("--since", Seen);

        (code, lines.Length).Should().Be((1, 0));
        said.Should().Contain("no trusted key signed");
    }

    [Fact]
    public async Task A_quick_check_reads_no_entry_and_finds_that_each_lane_goes_on()
    {
        var (first, begun, _) = await VerifyAsync("--quick", "--since", Seen);
        await LookAsync();
        var reads = await EntriesReadAsync();
        var (second, lines, _) = await VerifyAsync("--quick", "--since", Seen);

        (first, second).Should().Be((0, 0));
        begun.Should().NotBeEmpty().And.OnlyContain(line => line.EndsWith("seen for the first time"));
        lines.Should().Contain(line => System.Text.RegularExpressions.Regex.IsMatch(
            line, "^lane [0-9]+ size ([0-9]+) continues (?!\\1$)[0-9]+$"), "something was looked up in between");
        (await EntriesReadAsync()).Should().Be(reads);
    }

    [Fact]
    public async Task A_quick_check_finds_a_past_that_was_written_anew_and_signed_again()
    {
        await VerifyAsync("--quick", "--since", Seen);
        await LookAsync();
        var lane = await ScalarAsync<int>("select lane from ledger.checkpoint order by size desc limit 1");
        var data = server.Services.GetRequiredService<CpIs.Server.ServerOptions>().DataFolder!;
        var stolen = CheckpointKey.FromFile(Path.Combine(data, "keys", "checkpoint-signing-key"));
        var size = await ScalarAsync<long>($"select max(size) from ledger.checkpoint where lane = {lane}");
        var anew = new SignedCheckpoint($"cpis/local/{lane}", size, SHA256.HashData([1])).Sign(stolen);
        await ExecuteAsync($"""
            update ledger.checkpoint set note = '\x{Convert.ToHexString(Encoding.UTF8.GetBytes(anew))}'
            where lane = {lane} and size = {size}
            """);

        var (code, lines, _) = await VerifyAsync("--quick", "--since", Seen);

        code.Should().Be(1);
        lines.Should().Contain(line => line.StartsWith($"lane {lane} size {size} does not continue "));
        (await File.ReadAllTextAsync(Seen)).Should().NotContain(anew, "what does not hold is not kept");
    }

    [Fact]
    public async Task A_quick_check_finds_a_lane_that_became_shorter_or_went_away()
    {
        await VerifyAsync("--quick", "--since", Seen);
        var lane = await ScalarAsync<int>("select lane from ledger.checkpoint order by size desc limit 1");
        await ExecuteAsync($"delete from ledger.checkpoint where lane = {lane}");

        var (code, lines, _) = await VerifyAsync("--quick", "--since", Seen);

        code.Should().Be(1);
        lines.Should().Contain($"lane {lane} position 1 tail-cut");
    }

    [Fact]
    public async Task A_checkpoint_shown_to_the_public_must_be_the_ledgers_own()
    {
        var lane = await ScalarAsync<int>("select lane from ledger.checkpoint order by size desc limit 1");
        var note = new SignedCheckpoint("cpis/local/" + lane, 9_999_999, SHA256.HashData([1])).Sign(Stranger());
        await using (var connection = new NpgsqlConnection(server.Database.OwnerConnectionString))
        {
            await connection.ExecuteAsync("insert into ledger.checkpoint values (@lane, 9999999, @note)",
                new { lane, note = Encoding.UTF8.GetBytes(note) });
        }

        var (code, _, said) = await VerifyAsync("--since", Seen);
        var (quick, lines, _) = await VerifyAsync("--quick", "--since", Seen);

        (code, quick).Should().Be((1, 1));
        said.Should().Contain($"lane {lane} is not signed with a trusted key");
        lines.Should().Contain($"lane {lane} shows a checkpoint that no trusted key signed");
    }

    private static CheckpointKey Stranger() => new(RandomNumberGenerator.GetBytes(32));

    private async Task LookAsync()
    {
        for (var i = 0; i < 5; i++)
        {
            await server.Clinician.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}");
        }

        await server.SignedAsync();
    }

    private Task<long> EntriesReadAsync() =>
        ScalarAsync<long>("select count(*) from ledger.entry where client_id = 'sandbox-auditor'");

    private async Task<(int Code, string[] Lines, string Said)> VerifyAsync(params string[] more)
    {
        errors.Clear();
        var output = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StringWriter(errors)) });
        console.Profile.Width = 1000;
        var code = await new VerifyLedger(output, console).RunAsync(
            VerifyOptions.Read(["--server", server.Root.ToString(), .. more]), CancellationToken.None);
        return (code, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), errors.ToString());
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    /// <summary>As a superuser may who has switched the triggers off.</summary>
    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.ExecuteAsync("set session_replication_role = replica; " + sql);
    }
}
