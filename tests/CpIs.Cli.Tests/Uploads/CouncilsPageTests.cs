using System.Text.Json.Nodes;
using CpIs.Cli.Uploads;
using CpIs.Fhir;
using CpIs.Server.Tests;
using FluentAssertions;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Uploads;

/// <summary>The page for councils is true: its commands are played in order, and it explains every code.</summary>
public sealed class CouncilsPageTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private const string Command = "./cpis upload ";

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-page-").FullName;
    private readonly StringWriter output = new();

    public void Dispose()
    {
        output.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Every_command_of_the_page_does_what_it_says()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Root(), "samples", "uploads")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var commands = Page().Where(line => line.StartsWith(Command, StringComparison.Ordinal)).ToList();
        commands.Should().HaveCount(6);
        foreach (var command in commands)
        {
            (await PlayAsync(command[Command.Length..])).Should().Be(0, "{0}: {1}", command, output);
        }

        output.ToString().Split('\n', StringSplitOptions.TrimEntries).Should()
            .Contain("first-load.csv: CPF02 4 read, 4 inserted, 0 refused (dry run: nothing was kept)")
            .And.Contain("first-load.csv: CPF02 4 read, 4 inserted, 0 refused")
            .And.Contain("mended.csv: CPF02 1 read, 1 inserted, 0 refused")
            .And.Contain("sign-of-life.csv: CPF02 0 read, 0 refused")
            .And.Contain("whole.csv: CPF02 4 read, 4 unchanged, 0 refused (dry run: nothing was kept)")
            .And.Contain(line => line.StartsWith("1 plans would end", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_code_of_an_upload_is_explained()
    {
        var system = Profiles.Load().Definitions.Single(one => one.Id == "CpIs-Upload");
        var codes = JsonNode.Parse(system.Json.Span)!["concept"]!.AsArray().Select(one => one!["code"]!.ToString());

        Page().Where(line => line.StartsWith("| CP", StringComparison.Ordinal)).Select(line => line[2..7])
            .Should().BeEquivalentTo(codes);
    }

    private async Task<int> PlayAsync(string command)
    {
        var arguments = command.Replace("samples/uploads", folder, StringComparison.Ordinal)
            .Replace("outbox", folder, StringComparison.Ordinal).Split(' ');
        var options = UploadOptions.Read(arguments) with { Server = server.Root };
        using var http = new HttpClient { BaseAddress = server.Root };
        var quiet = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        var upload = new UploadCaseload(new(http, options.ClientId), output, quiet);
        if (options.File is { } file)
        {
            // As on a checkout, where what stands later on the page was written later.
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime);
            return await upload.RunAsync(options, file, CancellationToken.None);
        }

        var watch = new WatchFolder(upload);
        await watch.LookAsync(options, await watch.LookAsync(
            options, new Dictionary<string, (long, DateTime)>(), CancellationToken.None), CancellationToken.None);
        return Directory.GetFiles(folder, "*.csv").Count(one => !one.EndsWith(".ended.csv", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Page() => File.ReadLines(Path.Combine(Root(), "docs", "councils.md"));

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "CpIs.sln")))
        {
            at = at.Parent;
        }

        return at.FullName;
    }
}
