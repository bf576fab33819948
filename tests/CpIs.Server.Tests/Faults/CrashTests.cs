using CpIs.Faults;
using CpIs.Faults.Attacks;
using CpIs.Faults.Commits;
using CpIs.Faults.Uploads;
using CpIs.Testing;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace CpIs.Server.Tests.Faults;

/// <summary>A short form of each run of <c>./cpis faults</c>, and a proof that its verification can fail.</summary>
[Collection(RealServers.Name)]
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Points = 3;
    private const int Connections = 32;
    private const int UploadedRows = 6000;

    [Fact]
    public Task No_promise_breaks_when_the_server_is_killed_under_load() => NothingBreaksAsync(KillServerRun.RunAsync);

    [Fact]
    public Task No_promise_breaks_when_the_database_is_killed_under_load() =>
        NothingBreaksAsync(KillDatabaseRun.RunAsync);

    [Fact]
    public Task Two_servers_keep_one_ledger_and_one_signs_what_the_other_left() =>
        NothingBreaksAsync(TwoServersRun.RunAsync);

    [Fact]
    public Task No_promise_breaks_when_commits_are_cut_off_under_load() => NothingBreaksAsync(CutCommitRun.RunAsync);

    [Fact]
    public Task Every_kind_of_write_is_done_once_when_its_server_dies_at_the_commit() =>
        NothingBreaksAsync(KillCommitRun.RunAsync, points: 4);

    [RootFact]
    public Task No_promise_breaks_when_the_disk_is_full() => NothingBreaksAsync(DiskFullRun.RunAsync, points: 1);

    [Fact]
    public Task Each_row_is_applied_once_when_server_and_database_are_killed_while_councils_send() =>
        NothingBreaksAsync(KillUploadRun.RunAsync, points: 4);

    [Fact]
    public Task Each_row_is_applied_once_when_one_of_two_servers_dies_and_the_other_takes_over() =>
        NothingBreaksAsync(UploadServersRun.RunAsync, points: 2);

    [RootFact]
    public Task Each_row_is_applied_once_when_the_disk_is_full_while_councils_send() =>
        NothingBreaksAsync(UploadDiskRun.RunAsync, points: 2);

    [Fact]
    public async Task Who_resets_requests_without_end_is_cut_off_and_the_clinic_beside_is_answered()
    {
        using var said = new StringWriter();

        var verdict = await AttackRun.RunAsync(new FaultOptions { Only = "rapid", Seconds = 1 }, said, default);

        verdict.Broken.Should().BeEmpty(said.ToString());
        said.ToString().Should().MatchRegex("rapid reset: .* [1-9][0-9]* cut off after");
    }

    [Fact]
    public async Task A_row_lost_or_applied_twice_is_found_out()
    {
        await using var stage = await Stage.OpenAsync(servers: 1, default);
        await using (var councils = Councils.Start(stage, new FaultOptions { Seed = 1, Rows = 400 }, default))
        {
            await KillUploadRun.JudgeableAsync(stage, councils, TextWriter.Null, default);
        }

        (await UploadVerification.OfAsync(stage, default))!.Value.Wrong.Should().BeEmpty();
        foreach (var wrong in (string[])[
            "update cpis.plan set episode_version = 2 where row_id = 'R000002' and council = 'ZZ001'",
            "update cpis.plan set deleted = true where row_id = 'R000003' and council = 'ZZ002'",
            "delete from cpis.upload_outcome where row_no = 4 and council = 'ZZ003'"])
        {
            var before = (await UploadVerification.OfAsync(stage, default))!.Value.Wrong.Count;
            await stage.ExecuteAsync(wrong, default);
            (await UploadVerification.OfAsync(stage, default))!.Value.Wrong.Count.Should().BeGreaterThan(before, wrong);
        }
    }

    [Fact]
    public async Task A_write_that_is_done_again_instead_of_remembered_is_found_out()
    {
        await using var run = await KillCommitRun.OpenAsync(default);
        var kinds = WriteKinds.All.Where(kind => kind.Name is "update of a Patient" or "create of a Subscription");

        await run.KillAsync([.. kinds], committed: true,
            () => run.Stage.ExecuteAsync("delete from cpis.remembered", default), default);

        var broken = (await Verification.OfAsync(run.Stage, default)).Broken.Should().ContainSingle().Subject;
        broken.Promise.Should().Be("P6");
        broken.Words.Should().Contain("WRONG: 2:").And.Contain("done again, though it was committed")
            .And.Contain("2 entries of the change, not 1");
    }

    [Fact]
    public async Task An_answer_without_an_entry_and_a_change_without_one_are_found_out()
    {
        await using var stage = await Stage.OpenAsync(servers: 1, default);
        await using (var traffic = Traffic.Start(stage, new FaultOptions { Seed = 1, Connections = 4 }))
        {
            await new Moments(1).WaitAsync(stage, default);
        }

        (await Verification.OfAsync(stage, default)).Broken.Should().BeEmpty();
        stage.Witness.Write(new Seen("answer", TimeProvider.System.GetUtcNow())
        {
            Request = Guid.NewGuid(), Status = 200, Method = "GET", Shown = ["Flag/nobody/_history/1"],
        });
        stage.Witness.Write(new Seen("answer", TimeProvider.System.GetUtcNow())
        {
            Request = Guid.NewGuid(), Status = 200, Method = "PUT", Changed = ["Flag/nobody/_history/2"],
        });
        await stage.ExecuteAsync("update cpis.plan set flag_version = flag_version + 1", default);
        await stage.ExecuteAsync("""
            set session_replication_role = replica;
            update cpis.plan set council = 'ZZ002' where council = 'ZZ001'
            """, default);
        await File.AppendAllTextAsync(stage.Seats[0].Log, "somebody named Quillfeather\n");

        (await Verification.OfAsync(stage, default)).Broken.Select(finding => finding.Promise)
            .Should().Equal("P1", "P2", "P4", "P6", "P8");
    }

    private async Task NothingBreaksAsync(
        Func<FaultOptions, TextWriter, CancellationToken, Task<Verdict>> run, int points = Points)
    {
        using var said = new StringWriter();
        var options = new FaultOptions { Points = points, Connections = Connections, Rows = UploadedRows };
        await said.WriteLineAsync($"seed {options.Seed}");
        var verdict = await run(options, said, default);
        verdict.Print(said);
        output.WriteLine(said.ToString());
        verdict.Broken.Should().BeEmpty(said.ToString());
        verdict.All.Count(finding => finding.Outcome == Outcome.Held).Should().BeGreaterThanOrEqualTo(6);
    }
}

/// <summary>For tests that mount a file system; elsewhere they are skipped, saying why.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = SmallDisk.Hindrance!;
}
