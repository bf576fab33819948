using System.Net;
using CpIs.Testing;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// The first start makes folders, a cluster, a database, its tables and its organisations. Killed anywhere on the way,
/// the next start goes on from what is there; nobody has to clear up by hand.
/// </summary>
[Collection(RealServers.Name)]
public sealed class KilledOnTheWayUpTests(ITestOutputHelper output)
{
    private const int Kills = 8;
    private const int FirstStepMs = 250;
    private const int StepMs = 350;

    [Fact]
    public async Task A_server_killed_again_and_again_during_its_first_start_starts_in_the_end()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var sandbox = new Sandbox();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var server = ServerProcess.Launch(sandbox.Data, "--no-samples");
            await Task.Delay(FirstStepMs + (kill * StepMs) + random.Next(StepMs));
            await server.KillAsync();
        }

        await sandbox.StartServerAsync();
        await sandbox.SubmitPlanAsync();

        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        var answer = await sandbox.LookUpAsync(token);
        answer.Status.Should().Be(HttpStatusCode.OK, "seed {0}\n{1}", seed, sandbox.Server.Printed);
        answer.Body.Should().Contain("\"Flag\"");
    }
}
