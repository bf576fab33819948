using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>A dry run says of every row what the real run then does, also where one row rests on another.</summary>
public sealed class DryRunTests : IAsyncLifetime
{
    /// <summary>Rows about nobody else: enough that the last rows come in another batch than the first.</summary>
    private const int FillerCount = 600;

    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData(0, false)]
    [InlineData(FillerCount, false)]
    [InlineData(FillerCount, true)]
    public async Task A_dry_run_says_row_for_row_what_the_real_one_does(int fillers, bool snapshot)
    {
        var sender = new Sender(server);
        var (mother, expecting, child, kept) = (New(), New(), New(), New());
        await sender.SendAsync(Sender.Header
            + sender.Row("M-0", expecting, birth: "1999-03-04", plan: "unborn")
            + sender.Row("D-1", child) + sender.Row("D-2", kept) + sender.Row("D-3", New()));
        var rows = new List<string>
        {
            sender.Row("C-1", New(), birth: sender.Day(-2), start: sender.Day(-2), follows: "M-1"),
            sender.Row("M-1", mother, birth: "1999-03-04", plan: "unborn"),
            sender.Row("C-2", New(), birth: sender.Day(-2), start: sender.Day(-2), follows: "M-1"),
            sender.Row("C-3", child, start: sender.Day(-1), follows: "M-0"),
            sender.Row("C-4", New(), follows: "M-2"),
            sender.Row("M-2", New(), plan: "unborn"),
            sender.Row("D-1", child, family: "Sedgewick", end: sender.Day(-1)).Replace("Sedgewick", "Thistlewood",
                StringComparison.Ordinal),
            sender.Row("D-2", kept, family: "Sedgewick"),
            sender.Row("D-4", kept, family: "Sedgewick", plan: "looked-after", follows: "M-1"),
            sender.Row("D-5", New(), start: sender.Day(50)),
            sender.Row("D-6", "9990000019"),
            sender.Row("M-0", expecting, birth: "1999-03-04", plan: "unborn"),
        };
        rows.AddRange(Enumerable.Range(0, fillers).Select(i => sender.Row("F-" + i, New())));
        var mode = "&confirmEnd=2" + (snapshot ? $"&mode=snapshot&rows={rows.Count}" : "");
        var (file, submission) = (Sender.Header + string.Concat(rows), Sender.NewSubmission());

        var dry = await sender.SendAsync(file, mode + "&dryRun=true", submission);
        var real = await sender.SendAsync(file, mode, submission);

        real.Code.Should().Be("CPF03", real.Manifest.ToJsonString());
        real["endedByAbsence"].Should().Be(snapshot ? 1 : 0);
        (await TakenAsync(real)).Should().Contain("C-1 inserted").And.Contain("C-2 inserted").And
            .Contain("C-3 inserted").And.Contain("D-4 inserted").And.Contain("D-1 ended").And.Contain("D-2 changed");
        (await TakenAsync(dry)).Should().Equal(await TakenAsync(real));
        (await dry.RefusedAsync()).Should().Equal(await real.RefusedAsync());
        Counts(dry).Should().Be(Counts(real));
        (await dry.FileAsync("ended.csv")).Should().Be(await real.FileAsync("ended.csv"));
        (await dry.FileAsync("errors.csv")).Should().Be(await real.FileAsync("errors.csv"));
    }

    private static string New() => InventedPlan.NewNumber();

    private static async Task<List<string>> TakenAsync(Uploaded done) =>
        [.. (await done.LinesAsync("accepted.ndjson")).Select(l => Value(l, "row_id") + " " + Value(l, "result"))];

    private static string Value(JsonNode line, string name) =>
        line["parameter"]!.AsArray().Single(p => p!.Text("name") == name)!.Text("valueString");

    private static string Counts(Uploaded done) => string.Join(' ', ((string[])["read", "accepted", "inserted",
        "changed", "unchanged", "ended", "reopened", "removed", "refused", "skipped", "kept", "endedByAbsence"])
        .Select(name => $"{name}={done[name]}"));
}
