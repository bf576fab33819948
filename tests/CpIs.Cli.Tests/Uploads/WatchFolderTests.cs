using System.Text;
using CpIs.Cli.Uploads;
using CpIs.Server.Tests;
using FluentAssertions;
using Npgsql;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests.Uploads;

/// <summary>A folder that a council's system writes its files into, night after night, and nobody looks at.</summary>
public sealed class WatchFolderTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private const string Header = "row_id,nhs_number,family,given,birth_date,plan,start";
    private const string Council = "sandbox-council-sheffield";

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-watch-").FullName;
    private readonly StringWriter output = new();

    public void Dispose()
    {
        output.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task What_stands_still_is_taken_and_sorted_into_done_and_failed()
    {
        Write("good.csv", Row("W-1"), Row("W-2", "9990000019"));
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.csv"), "what,is,this\r\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "not ours");

        var first = await LookAsync([]);
        first.Should().HaveCount(2, "nothing is taken at first sight");
        var second = await LookAsync(first);

        second.Should().BeEmpty();
        Names("").Should().Equal("notes.txt");
        Names("done").Should().Equal("good.csv", "good.errors.csv");
        Names("failed").Should().Equal("bad.csv");
    }

    [Fact]
    public async Task A_file_whose_name_ends_in_capitals_is_taken_like_any_other()
    {
        Write("NIGHT.CSV", Row("CAP-1"));
        var errors = Path.Combine(folder, "MENDED.CSV");
        await File.WriteAllTextAsync(errors, $"{Header},code,reason\r\n{Row("CAP-2")},CPR07,mended\r\n");

        await LookAsync(await LookAsync([]));

        Names("done").Should().Equal("MENDED.CSV", "NIGHT.CSV");
        (await RowCount.OfAsync(Path.Combine(folder, "done", "NIGHT.CSV"), CancellationToken.None)).Should().Be(1);
    }

    [Fact]
    public async Task Ten_files_at_once_each_end_in_done_or_failed_and_none_is_sent_twice()
    {
        for (var i = 0; i < 10; i++)
        {
            Write($"ten-{i}.csv", i == 4 ? "only,three,fields" : Row($"TEN-{i}"));
        }

        await LookAsync(await LookAsync([]));

        Names("").Should().BeEmpty();
        Names("done", "ten-").Should().HaveCount(9);
        Names("failed").Should().Equal("ten-4.csv", "ten-4.errors.csv");
        (await SubmissionsAsync("ten-")).Should().HaveCount(10).And.OnlyContain(one => one.Times == 1);
    }

    [Fact]
    public async Task A_watch_that_is_stopped_in_the_middle_goes_on_where_it_was_and_sends_nothing_twice()
    {
        for (var i = 0; i < 5; i++)
        {
            Write($"stop-{i}.csv", Row($"STOP-{i}"));
        }

        var seen = await LookAsync([]);
        using var stopping = new CancellationTokenSource();
        var stopped = () => LookAsync(
            seen, told => told.Contains("stop-2", StringComparison.Ordinal) ? stopping : null, stopping.Token);
        await stopped.Should().ThrowAsync<OperationCanceledException>();
        Names("", "stop-").Should().NotBeEmpty();

        await LookAsync(await LookAsync([]));

        Names("").Should().BeEmpty();
        Names("done", "stop-").Should().HaveCount(5);
        (await SubmissionsAsync("stop-")).Should().HaveCount(5).And.OnlyContain(one => one.Times == 1);
    }

    [Fact]
    public async Task A_file_that_is_still_being_written_is_not_taken_before_it_is_complete()
    {
        var path = Write("slow.csv", Row("SLOW-0"));
        var seen = await LookAsync([]);
        for (var i = 1; i < 4; i++)
        {
            await File.AppendAllTextAsync(path, Row($"SLOW-{i}") + "\r\n");
            seen = await LookAsync(seen);
            File.Exists(path).Should().BeTrue();
        }

        (await SubmissionsAsync("slow-")).Should().BeEmpty();
        await LookAsync(seen);

        Names("done").Should().Contain("slow.csv");
        output.ToString().Should().Contain("slow.csv: CPF02 4 read, 4 inserted, 0 refused");
    }

    [Fact]
    public async Task A_file_that_grew_while_it_was_sent_is_sent_again_and_only_then_done()
    {
        var path = Write("grew.csv", Row("GREW-0"));
        var seen = await LookAsync([]);

        seen = await LookAsync(seen, told =>
        {
            if (told.Contains("CPF02 1 read", StringComparison.Ordinal))
            {
                File.AppendAllText(path, Row("GREW-1") + "\r\n");
            }

            return null;
        });
        File.Exists(path).Should().BeTrue("what was added to it was not sent");
        await LookAsync(seen);

        Names("done").Should().Contain("grew.csv");
        output.ToString().Should().Contain("grew.csv: CPF02 2 read, 1 inserted, 1 unchanged, 0 refused");
    }

    [Fact]
    public async Task A_file_that_meets_no_server_stays_until_there_is_one()
    {
        Write("patient.csv", Row("P-1"));
        var seen = await LookAsync([]);
        using var http = new HttpClient { BaseAddress = new("http://127.0.0.1:1/") };
        var away = new WatchFolder(new(new(http, Council, TimeSpan.FromMilliseconds(1)), output, Quiet));

        seen = await away.LookAsync(Options(http.BaseAddress), seen, CancellationToken.None);
        Names("").Should().Equal("patient.csv");
        await LookAsync(seen);

        Names("done").Should().Contain("patient.csv");
    }

    private static IAnsiConsole Quiet =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });

    private UploadOptions Options(Uri address) => new() { Server = address, Folder = folder, ClientId = Council };

    private string Row(string id, string? number = null) => $"{id},{number ?? InventedPlan.NewNumber()},Thistlewood,"
        + $"Wren,2018-04-05,child-protection,{server.Today.AddDays(-9):yyyy-MM-dd}";

    private string Write(string name, params string[] rows)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, string.Join("\r\n", rows.Prepend(Header)) + "\r\n", Encoding.UTF8);
        return path;
    }

    private IEnumerable<string?> Names(string of, string begin = "") =>
        !Directory.Exists(Path.Combine(folder, of)) ? []
        : Directory.GetFiles(Path.Combine(folder, of), begin + "*").Select(Path.GetFileName)
            .Order(StringComparer.Ordinal);

    private async Task<Dictionary<string, (long Bytes, DateTime Written)>> LookAsync(
        Dictionary<string, (long Bytes, DateTime Written)> before,
        Func<string, CancellationTokenSource?>? told = null, CancellationToken stop = default)
    {
        using var http = new HttpClient { BaseAddress = server.Root };
        await using var writer = new Told(output, told);
        var watch = new WatchFolder(new(new(http, Council), writer, Quiet));
        return await watch.LookAsync(Options(server.Root), before, stop);
    }

    /// <summary>How often each submission of a name was taken in.</summary>
    private async Task<IReadOnlyList<(string Submission, long Times)>> SubmissionsAsync(string name)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select submission, count(*) from cpis.upload where submission like $1 || '%' group by 1", connection);
        command.Parameters.Add(new() { Value = name });
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<(string, long)>();
        while (await reader.ReadAsync())
        {
            found.Add((reader.GetString(0), reader.GetInt64(1)));
        }

        return found;
    }

    /// <summary>What is told, with a hand on the switch: a line may cancel what goes on.</summary>
    private sealed class Told(TextWriter to, Func<string, CancellationTokenSource?>? each) : StringWriter
    {
        public override async Task WriteLineAsync(string? value)
        {
            await to.WriteLineAsync(value);
            if (each?.Invoke(value ?? "") is { } stopping)
            {
                await stopping.CancelAsync();
            }
        }
    }
}
