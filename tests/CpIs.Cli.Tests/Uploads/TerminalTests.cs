using System.Diagnostics;
using System.Text.RegularExpressions;
using CpIs.Cli.Uploads;
using FluentAssertions;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Uploads;

/// <summary>The tool as a process in a terminal of its own: the bar, Ctrl-C, and what it ends with.</summary>
public sealed partial class TerminalTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-terminal-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_bar_moves_and_says_how_long_it_will_take()
    {
        await using var server = await SlowServer.StartAsync(step: 25);
        using var terminal = Start(server);

        var (code, text) = await EndAsync(terminal);

        code.Should().Be(0, text);
        foreach (var percent in new[] { "25%", "50%", "75%", "100%" })
        {
            text.Should().Contain(percent);
        }

        text.Should().Contain("sent").And.Contain("applied 500 of 1,000 rows, 0 refused");
        RemainingTime().IsMatch(text).Should().BeTrue("a time that remains is told: {0}", text);
        text.Should().Contain("caseload.csv: CPF02 1,000 read, 1,000 inserted, 0 refused");
    }

    [Fact]
    public async Task Ctrl_C_ends_with_two_and_says_how_to_go_on()
    {
        await using var server = await SlowServer.StartAsync();
        using var terminal = Start(server);
        var asked = Stopwatch.StartNew();
        while (server.Asked < 2 && asked.Elapsed < Patience)
        {
            await Task.Delay(50);
        }

        await terminal.StandardInput.WriteAsync('\u0003');
        await terminal.StandardInput.FlushAsync();
        var (code, text) = await EndAsync(terminal);

        code.Should().Be(2, text);
        Plain(text).Should().Contain("Stopped. The same command again goes on");
    }

    [Theory]
    [InlineData(401, "the server does not accept this client: check --client-id (401): Said by the server.")]
    [InlineData(403, "this client may not upload (403): Said by the server.")]
    [InlineData(409, "the file contradicts one that was sent before (409): Said by the server.")]
    [InlineData(413, "the file is too large (413): Said by the server.")]
    [InlineData(500, "the server did not take the file (500): Said by the server.")]
    public async Task A_refusal_is_a_sentence(int status, string sentence)
    {
        await using var server = await SlowServer.StartAsync(refuses: status);
        using var http = new HttpClient { BaseAddress = server.Address };
        await using var output = new StringWriter();
        var quiet = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        var file = Caseload();

        var code = await new UploadCaseload(new(http, "council"), output, quiet)
            .RunAsync(new() { Server = server.Address }, file, CancellationToken.None);

        code.Should().Be(2);
        output.ToString().Trim().Should().Be($"caseload.csv: nothing was done: {sentence}");
    }

    private string Caseload()
    {
        var file = Path.Combine(folder, "caseload.csv");
        File.WriteAllText(file, "row_id,nhs_number,family,given,birth_date,plan,start\r\n");
        return file;
    }

    /// <summary>https://man7.org/linux/man-pages/man1/script.1.html gives the process a terminal.</summary>
    private Process Start(SlowServer server)
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "CpIs.Cli.dll");
        var start = new ProcessStartInfo("script")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
            ArgumentList =
            {
                "-qefc",
                $"stty cols 100 rows 40; exec dotnet '{tool}' upload '{Caseload()}' --server {server.Address}",
                "/dev/null",
            },
            Environment = { ["TERM"] = "xterm-256color" },
        };
        return Process.Start(start)!;
    }

    private static async Task<(int Code, string Text)> EndAsync(Process terminal)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var text = await terminal.StandardOutput.ReadToEndAsync(patience.Token);
            await terminal.WaitForExitAsync(patience.Token);
            return (terminal.ExitCode, text);
        }
        finally
        {
            terminal.Kill(entireProcessTree: true);
        }
    }

    private static string Plain(string text) => Escapes().Replace(text, "").ReplaceLineEndings(" ");

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\d\d:\d\d:\d\d")]
    private static partial Regex RemainingTime();
}
