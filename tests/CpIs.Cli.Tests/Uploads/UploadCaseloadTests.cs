using System.Text;
using CpIs.Cli.Caseloads;
using CpIs.Cli.Uploads;
using CpIs.Server.Tests;
using FluentAssertions;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Uploads;

/// <summary>The council's client against the real server: what it tells, what it writes, what it ends with.</summary>
public sealed class UploadCaseloadTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private const string Header = "row_id,nhs_number,family,given,birth_date,plan,start";

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-upload-").FullName;
    private readonly StringWriter output = new();

    public void Dispose()
    {
        output.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_generated_caseload_is_taken_whole_and_ends_with_zero()
    {
        await new GenerateCaseloads(TextWriter.Null).RunAsync(
            new() { Children = 60, Seed = 11, Out = folder, Day = server.Today }, CancellationToken.None);

        (await UploadAsync("ZZ001.csv", "sandbox-council-lancashire")).Should().Be(0, output.ToString());
        output.ToString().Should().Contain("CPF02").And.Contain("0 refused");

        (await UploadAsync("ZZ001.ndjson", "sandbox-council-lancashire")).Should().Be(0);
        output.ToString().Should().Contain("unchanged", "both forms say the same");
    }

    [Fact]
    public async Task Refused_rows_are_counted_by_code_and_written_beside_the_file()
    {
        var file = Write("some.csv", Row("U-1", InventedPlan.NewNumber()), Row("U-2", "9990000019"));

        (await UploadAsync(file, "sandbox-council-leeds")).Should().Be(1);

        output.ToString().Should().Contain("1 refused").And.MatchRegex("1 CPR04");
        var errors = await File.ReadAllLinesAsync(Path.Combine(folder, "some.errors.csv"));
        errors.Should().HaveCount(2);
        errors[0].Should().Be(Header + ",code,reason");
        errors[1].Should().StartWith("U-2,").And.Contain("CPR04");
    }

    [Fact]
    public async Task A_dry_run_tells_the_same_and_keeps_nothing()
    {
        var number = InventedPlan.NewNumber();
        var file = Write("dry.csv", Row("D-1", number));

        (await UploadAsync(file, "sandbox-council-leeds", o => o with { DryRun = true })).Should().Be(0);

        output.ToString().Should().Contain("dry run").And.Contain("1 inserted");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(0);
    }

    [Fact]
    public async Task A_file_with_an_unknown_column_ends_with_two_and_says_which()
    {
        var path = Path.Combine(folder, "category.csv");
        await File.WriteAllTextAsync(path, Header + ",category_of_abuse\r\n");

        (await UploadAsync("category.csv", "sandbox-council-leeds")).Should().Be(2);

        output.ToString().Should().Contain("400").And.Contain("category_of_abuse");
    }

    [Fact]
    public async Task A_client_that_is_no_council_ends_with_two()
    {
        var file = Write("auditor.csv", Row("A-1", InventedPlan.NewNumber()));

        (await UploadAsync(file, "sandbox-auditor")).Should().Be(2);

        output.ToString().Should().Contain("403");
    }

    [Fact]
    public async Task A_server_that_is_not_there_ends_with_two()
    {
        using var http = new HttpClient { BaseAddress = new("http://127.0.0.1:1/") };
        var file = Write("away.csv", Row("A-1", InventedPlan.NewNumber()));
        var options = new UploadOptions { Server = http.BaseAddress, File = file };
        var upload = new UploadCaseload(new UploadHttp(http, "x", TimeSpan.FromMilliseconds(1)), output, Quiet);

        (await upload.RunAsync(options, file, CancellationToken.None)).Should().Be(2);
    }

    [Fact]
    public async Task The_same_file_sent_twice_is_one_upload()
    {
        var file = Write("twice.csv", Row("T-1", InventedPlan.NewNumber()));

        await UploadAsync(file, "sandbox-council-islington");
        (await UploadAsync(file, "sandbox-council-islington")).Should().Be(0);

        output.ToString().Split('\n').Count(line => line.Contains("1 inserted", StringComparison.Ordinal))
            .Should().Be(2, "the second is told the first one's answer");
    }

    [Fact]
    public async Task A_watched_folder_takes_what_stands_still_and_sorts_it_into_done_and_failed()
    {
        Write("good.csv", Row("W-1", InventedPlan.NewNumber()), Row("W-2", "9990000019"));
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.csv"), "what,is,this\r\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "not ours");
        using var http = Http();
        var options = new UploadOptions { Server = http.BaseAddress!, Folder = folder };
        var watch = new WatchFolder(new(new(http, "sandbox-council-sheffield"), output, Quiet));

        var first = await watch.LookAsync(options, new Dictionary<string, (long, DateTime)>(), CancellationToken.None);
        first.Should().HaveCount(2, "nothing is taken at first sight");
        var second = await watch.LookAsync(options, first, CancellationToken.None);

        second.Should().BeEmpty();
        Names("").Should().Equal("notes.txt");
        Names("done").Should().Equal("good.csv", "good.errors.csv");
        Names("failed").Should().Equal("bad.csv");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.csv b.csv")]
    [InlineData("no-such-file.csv")]
    [InlineData("--watch-folder no-such-folder")]
    [InlineData("--snapshot --watch-folder .")]
    [InlineData("--server http://council.example --watch-folder .")]
    [InlineData("--rows many --watch-folder .")]
    [InlineData("--surprise")]
    public void What_cannot_be_meant_is_refused(string arguments)
    {
        var read = () => UploadOptions.Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        read.Should().Throw<ArgumentException>();
    }

    private static IAnsiConsole Quiet =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });

    private string Row(string id, string number) =>
        $"{id},{number},Thistlewood,Wren,2018-04-05,child-protection,{server.Today.AddDays(-9):yyyy-MM-dd}";

    private string Write(string name, params string[] rows)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, string.Join("\r\n", rows.Prepend(Header)) + "\r\n", Encoding.UTF8);
        return path;
    }

    private IEnumerable<string?> Names(string of) =>
        Directory.GetFiles(Path.Combine(folder, of)).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private HttpClient Http() => new() { BaseAddress = server.Root };

    private async Task<int> UploadAsync(
        string file, string client, Func<UploadOptions, UploadOptions>? with = null)
    {
        using var http = Http();
        var path = Path.Combine(folder, file);
        var options = new UploadOptions { Server = server.Root, File = path, ClientId = client };
        return await new UploadCaseload(new(http, client), output, Quiet)
            .RunAsync(with?.Invoke(options) ?? options, path, CancellationToken.None);
    }
}
