using System.Diagnostics;
using System.Text.Json.Nodes;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>The lines the sandbox prints are pasted into a shell exactly as they stand.</summary>
public sealed class InvitationTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task The_three_printed_lines_answer_in_the_order_in_which_they_are_pasted()
    {
        var lines = Lines(Invitation.Write(server.Root.Port));
        lines.Should().HaveCount(3);

        var lookUp = await PasteAsync(lines[0]);
        var submitted = await PasteAsync(lines[1]);
        var trail = await PasteAsync(lines[2]);

        lookUp["type"]!.GetValue<string>().Should().Be("searchset");
        submitted["type"]!.GetValue<string>().Should().Be("transaction-response");
        trail["total"]!.GetValue<int>().Should().BeGreaterThan(0, "the look-up before it is recorded");
    }

    [Fact]
    public async Task A_line_pasted_twice_does_not_fail()
    {
        var line = Lines(Invitation.Write(server.Root.Port))[1];
        for (var paste = 0; paste < 2; paste++)
        {
            (await PasteAsync(line))["type"]!.GetValue<string>().Should().Be("transaction-response");
        }
    }

    [Fact]
    public void The_last_line_is_the_one_scripts_wait_for() =>
        Invitation.Write(5080).Split('\n')[^1].Should().Be("ready");

    private static List<string> Lines(string invitation) =>
        [.. invitation.Split('\n').Where(line => line.StartsWith("curl ", StringComparison.Ordinal))];

    private static async Task<JsonNode> PasteAsync(string line)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", line])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        })!;
        var answer = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        shell.ExitCode.Should().Be(0, line);
        var json = JsonNode.Parse(answer)!;
        json["resourceType"]!.GetValue<string>().Should().Be("Bundle", answer);
        return json;
    }
}
