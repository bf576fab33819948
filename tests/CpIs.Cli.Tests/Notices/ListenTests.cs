using CpIs.Cli.Notices;
using CpIs.Server.Tests;
using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Cli.Tests.Notices;

/// <summary>The little receiver against the real server.</summary>
public sealed class ListenTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_look_is_printed_as_the_council_would_read_it_and_nothing_is_left_behind()
    {
        using var http = new HttpClient { BaseAddress = server.Root };
        using var stopping = new CancellationTokenSource();
        await using var output = new StringWriter();
        var printed = TextWriter.Synchronized(output);
        var options = ListenOptions.Read(
            ["--council", "ZZ001", "--server", server.Root.OriginalString, "--port", $"{Ports.Free()}"]);
        var listening = new Listen(http, options, printed).RunAsync(stopping.Token);
        await PrintedAsync(printed, output, "plan-lapse: handshake");
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);

        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        await PrintedAsync(printed, output, "telephone");
        output.ToString().Should().Contain("access 1 at").And.Contain("Viewed").And.Contain(plan.RowId)
            .And.Contain("Dr Imogen Thackaway");
        await stopping.CancelAsync();
        (await listening).Should().Be(0);
        (await server.Lancashire.GetOkAsync("Subscription")).Total().Should().Be(0);
    }

    [Theory]
    [InlineData("leeds", "sandbox-council-leeds")]
    [InlineData("ZZ004", "sandbox-council-sheffield")]
    public void A_council_is_named_by_code_or_name(string council, string client) =>
        ListenOptions.Read(["--council", council]).ClientId.Should().Be(client);

    [Theory]
    [InlineData("--council ZZ009")]
    [InlineData("--council leeds --topic weather")]
    [InlineData("--topic access")]
    [InlineData("--council leeds --port")]
    public void Anything_else_is_told_how_it_is_used(string line)
    {
        var read = () => ListenOptions.Read(line.Split(' '));

        read.Should().Throw<ArgumentException>().Which.Message.Should().Contain("./cpis listen");
    }

    private static async Task PrintedAsync(TextWriter printed, StringWriter output, string what)
    {
        for (var attempt = 0; !Text(printed, output).Contains(what, StringComparison.Ordinal); attempt++)
        {
            attempt.Should().BeLessThan(400, what);
            await Task.Delay(50);
        }
    }

    /// <summary>The synchronized writer locks itself while it writes.</summary>
    private static string Text(TextWriter printed, StringWriter output)
    {
        lock (printed)
        {
            return output.ToString();
        }
    }
}
