using System.Diagnostics;
using System.Text.Json.Nodes;
using CpIs.Server.Tests.Sandbox;
using FluentAssertions;

namespace CpIs.Server.Tests;

/// <summary>The client that web developers take from npm, unchanged, does here what they would do.</summary>
public sealed class WebClientTests(RunningServer server) : Xunit.IClassFixture<RunningServer>
{
    /// <summary>Time in which the client is installed and has done its work, on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private static readonly string Folder = Path.Combine(SampleFolder.Root, "..", "tests", "kit");

    [NodeFact]
    public async Task It_reads_the_statement_looks_up_pages_submits_and_sends_batches()
    {
        var flags = new List<string>();
        for (var one = 0; one < 4; one++)
        {
            flags.Add((await server.SubmitAsync(new InventedPlan { Start = server.Today.AddDays(-2) })).Flag);
        }

        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await RunAsync("npm", "ci", "--silent");

        var done = JsonNode.Parse(await RunAsync(
            "node", "try.mjs", server.Root.ToString(), plan.Number, plan.Bundle().ToJsonString()))!;

        done.Text("fhirVersion").Should().Be("4.0.1");
        done["readsFlags"]!.GetValue<bool>().Should().BeTrue();
        done["deletesPatients"]!.GetValue<bool>().Should().BeFalse();
        Texts(done["submitted"]!).Should().Equal("201 Created", "201 Created", "201 Created");
        Texts(done["lookUp"]!).Should().Contain(["Flag", "Organization"]);
        done["posted"]!.GetValue<int>().Should().Be(1);
        done["read"]!.GetValue<bool>().Should().BeTrue();
        done["versions"]!.GetValue<int>().Should().Be(1);
        done["refused"]!["status"]!.GetValue<int>().Should().Be(403);
        done["refused"]!.Text("outcome").Should().Be("OperationOutcome");
        done["pages"]!.AsArray().Should().OnlyContain(page => page!.AsArray().Count <= 3);
        done["pages"]!.AsArray().SelectMany(page => Texts(page!)).Should().OnlyHaveUniqueItems().And.Contain(flags);
        if (done["canBatch"]!.GetValue<bool>())
        {
            Texts(done["batch"]!).Select(status => status[..3]).Should().Equal("200", "404");
        }
    }

    private static IEnumerable<string> Texts(JsonNode list) => list.AsArray().Select(one => one!.GetValue<string>());

    /// <summary>Runs a program in the client's folder and gives what it printed.</summary>
    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var running = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        using var patience = new CancellationTokenSource(Patience);
        var said = running.StandardOutput.ReadToEndAsync(patience.Token);
        var complained = running.StandardError.ReadToEndAsync(patience.Token);
        await running.WaitForExitAsync(patience.Token);
        running.ExitCode.Should().Be(0, await complained);
        return await said;
    }
}
