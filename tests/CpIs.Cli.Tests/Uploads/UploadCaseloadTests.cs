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

        output.ToString().Should().Contain("1 refused")
            .And.Contain("1 CPR04 The NHS number is missing, or is none [number-format]");
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

        output.ToString().Should().Contain("nothing was done: the server at http://127.0.0.1:1/ does not answer");
    }

    [Fact]
    public async Task A_client_that_nobody_knows_ends_with_two_and_is_named()
    {
        var file = Write("nobody.csv", Row("A-1", InventedPlan.NewNumber()));

        (await UploadAsync(file, "sandbox-nobody")).Should().Be(2);

        output.ToString().Should().Contain("nothing was done: no token for sandbox-nobody: No such persona.");
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
    public async Task A_snapshot_counts_its_own_rows_and_lists_the_plans_that_it_ended()
    {
        const string Client = "sandbox-council-sheffield";
        var rows = Enumerable.Range(0, 20).Select(i => Row($"SN-{i}", InventedPlan.NewNumber())).ToArray();
        await UploadAsync(Write("whole.csv", rows), Client);
        rows[0] = rows[0].Replace("Thistlewood", "\"Thistle\nwood\"", StringComparison.Ordinal);

        await UploadAsync(Write("night.csv", rows[..19]), Client, o => o with { Snapshot = true });

        output.ToString().Should().Contain("1 plans ended, since the file leaves them out");
        (await File.ReadAllLinesAsync(Path.Combine(folder, "night.ended.csv"))).Should().HaveCount(2)
            .And.Contain(line => line.StartsWith("SN-19,"));
    }

    [Fact]
    public async Task Too_many_endings_are_refused_with_the_option_that_confirms_them()
    {
        const string Client = "sandbox-council-islington";
        var rows = Enumerable.Range(0, 20).Select(i => Row($"GU-{i}", InventedPlan.NewNumber())).ToArray();
        await UploadAsync(Write("twenty.csv", rows), Client);
        var night = Write("ten.csv", rows[..10]);

        (await UploadAsync(night, Client, o => o with { Snapshot = true })).Should().Be(2);
        output.ToString().Should().Contain("CPF04").And.Contain("--confirm-end ");
        var total = int.Parse(output.ToString().Split("--confirm-end ")[1].Split('.')[0],
            System.Globalization.CultureInfo.InvariantCulture);

        (await UploadAsync(night, Client, o => o with { Snapshot = true, ConfirmEnd = total })).Should().Be(0,
            "the same file with its endings confirmed is a submission of its own: {0}", output);
        output.ToString().Should().Contain($"{total} plans ended");
    }

    [Fact]
    public async Task An_errors_file_is_mended_and_sent_as_it_is()
    {
        const string Client = "sandbox-council-leeds";
        var (number, other) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await UploadAsync(Write("faulty.csv",
            Row("M-1", number).Replace("child-protection", "cp", StringComparison.Ordinal)
                .Replace("Thistlewood", "\"Thistle, \"\"the\"\" Wood\"", StringComparison.Ordinal),
            Row("M-2", other).Replace("child-protection", "cp", StringComparison.Ordinal)
                .Replace("Wren", "-Wren", StringComparison.Ordinal)), Client);
        var errors = Path.Combine(folder, "faulty.errors.csv");
        var mended = Path.Combine(folder, "mended.csv");
        (await File.ReadAllTextAsync(errors)).Should().Contain("'-Wren", "a spreadsheet would take it for a formula");
        await File.WriteAllTextAsync(mended, (await File.ReadAllTextAsync(errors))
            .Replace(",cp,", ",child-protection,", StringComparison.Ordinal));

        (await UploadAsync("mended.csv", Client)).Should().Be(0, output.ToString());

        var names = await Task.WhenAll(new[] { number, other }
            .Select(n => server.Clinician.GetOkAsync("Patient/" + n)));
        names.Select(p => p["name"]![0]!["family"]!.ToString()).Should().Equal("Thistle, \"the\" Wood", "Thistlewood");
        names[1]["name"]![0]!["given"]![0]!.ToString().Should().Be("-Wren");
    }

    [Fact]
    public async Task A_mended_file_in_another_encoding_is_not_sent()
    {
        var path = Path.Combine(folder, "latin.csv");
        await File.WriteAllBytesAsync(path, Encoding.Latin1.GetBytes(Header + ",code,reason\r\nL-1,9990000018,Zoë,"));

        (await UploadAsync("latin.csv", "sandbox-council-leeds")).Should().Be(2);

        output.ToString().Should().Contain("save it as CSV UTF-8");
    }

    [Fact]
    public async Task A_file_older_than_the_last_is_refused_with_the_option_that_means_it()
    {
        const string Client = "sandbox-council-leeds";
        await UploadAsync(Write("newer.csv", Row("O-1", InventedPlan.NewNumber())), Client);
        var older = Write("older.csv", Row("O-2", InventedPlan.NewNumber()));
        var yesterday = TimeProvider.System.GetUtcNow().AddDays(-1);

        (await UploadAsync(older, Client, o => o with { Extracted = yesterday })).Should().Be(2);
        output.ToString().Should().Contain("(409)").And.Contain("--allow-older");

        (await UploadAsync(older, Client, o => o with { Extracted = yesterday, AllowOlder = true })).Should().Be(0);
    }

    [Theory]
    [InlineData("", "Name a file")]
    [InlineData("a.csv b.csv", "One file at a time")]
    [InlineData("no-such-file.csv", "There is no file no-such-file.csv")]
    [InlineData("--watch-folder no-such-folder", "There is no folder")]
    [InlineData("--snapshot --rows 5 --watch-folder .", "are about one file")]
    [InlineData("--rows 5 README.md", "--rows goes with --snapshot")]
    [InlineData("--token-url https://issuer.example/token README.md", "--token-url goes with --key")]
    [InlineData("--server http://council.example --watch-folder .", "is no https address")]
    [InlineData("--rows many --watch-folder .", "is not a whole number")]
    [InlineData("--surprise", "There is no option --surprise")]
    [InlineData("README.md --rows", "--rows needs a value")]
    public void What_cannot_be_meant_is_refused_by_saying_what(string arguments, string said)
    {
        var read = () => UploadOptions.Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        read.Should().Throw<ArgumentException>().WithMessage($"*{said}*");
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
