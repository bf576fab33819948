using System.Diagnostics;
using System.Net;
using CpIs.Server.Database;
using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>The database goes away under the running server: it says so, never guesses, and heals by itself.</summary>
[Collection(RealServers.Name)]
public sealed class DatabaseAwayTests
{
    private const string NotAnAnswer = "The check could not be made. This is not an answer. "
        + "Follow your safeguarding procedure and telephone the council.";

    private static readonly TimeSpan NoticeMax = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task While_the_database_is_away_a_look_up_says_that_it_is_no_answer_and_afterwards_it_answers_again()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        (await sandbox.LookUpAsync(token)).Body.Should().Contain("\"Flag\"");
        var server = sandbox.Server.Pid;
        var postgres = await sandbox.PostgresAsync();

        await postgres.StopAsync();
        for (var i = 0; i < 3; i++)
        {
            ShouldBeNoAnswer(await sandbox.LookUpAsync(token));
        }
        await UntilNotReadyAsync(sandbox.Server);
        await postgres.RunningAsync(default);

        var healed = await sandbox.LookUpUntilHealedAsync(token);
        healed.Status.Should().Be(HttpStatusCode.OK, sandbox.Server.Printed);
        healed.Body.Should().Contain("\"Flag\"");
        sandbox.Server.HasEnded.Should().BeFalse();
        sandbox.Server.Pid.Should().Be(server);
    }

    [Fact]
    public async Task A_killed_database_comes_back_without_a_human_and_nothing_was_answered_meanwhile()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        var killed = Postmaster.FindLive(sandbox.Folders)!.Pid;

        Process.GetProcessById(killed).Kill();
        var during = await sandbox.LookUpAsync(token);

        // The first look-up may already find the database that was started again; it is data or no answer, no third.
        if (during.Status != HttpStatusCode.OK)
        {
            ShouldBeNoAnswer(during);
        }
        (await sandbox.LookUpUntilHealedAsync(token)).Body.Should().Contain("\"Flag\"");
        Postmaster.FindLive(sandbox.Folders)!.Pid.Should().NotBe(killed);
        sandbox.Server.Printed.Should().Contain("PostgreSQL died");
    }

    [Fact]
    public async Task The_database_of_a_killed_server_is_taken_over_by_the_next_and_stopped_with_it()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var postmaster = Postmaster.FindLive(sandbox.Folders)!.Pid;

        await sandbox.Server.KillAsync();
        Postmaster.FindLive(sandbox.Folders)!.Pid.Should().Be(postmaster, "the database outlives a killed server");
        await sandbox.StartServerAsync();

        Postmaster.FindLive(sandbox.Folders)!.Pid.Should().Be(postmaster);
        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        (await sandbox.LookUpAsync(token)).Body.Should().Contain("\"Flag\"");
        (await sandbox.Server.TerminateAsync()).Should().Be(0, sandbox.Server.Printed);
        Postmaster.FindLive(sandbox.Folders).Should().BeNull();
    }

    // The readiness check may repeat itself for a second.
    private static async Task UntilNotReadyAsync(ServerProcess server)
    {
        var since = Stopwatch.StartNew();
        while (await server.IsReadyAsync())
        {
            since.Elapsed.Should().BeLessThan(NoticeMax);
            await Task.Delay(100);
        }
    }

    private static void ShouldBeNoAnswer(Sandbox.Answer answer)
    {
        answer.Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        answer.SaysWhenToRetry.Should().BeTrue();
        answer.Body.Should().Contain("OperationOutcome").And.Contain(NotAnAnswer);
        answer.Body.Should().NotContain("\"Flag\"").And.NotContain(Sandbox.Child).And.NotContain("Npgsql");
    }
}
