using System.Globalization;

namespace CpIs.Bench;

/// <summary>The ledger at size: what auditors ask of it, how fast it is checked, what exporting it costs.</summary>
internal static class AuditBench
{
    private const int Entries = 5_000_000;
    private const int QuickEntries = 200_000;

    public static int EntriesOf(string? asked, bool quick) =>
        asked is not null ? int.Parse(asked, CultureInfo.InvariantCulture) : quick ? QuickEntries : Entries;

    public static async Task<Report> RunAsync(int entries)
    {
        await using var stage = await AuditStage.OpenAsync(entries);
        var rows = new List<Row>
        {
            Row.Of("entries", "entries", [entries]),
            Row.Of("filled", "entries/s", [entries / stage.FillSeconds]),
        };
        Console.Error.WriteLine($"filled in {stage.FillSeconds:N0} s");
        var questions = new AuditQuestions(stage);
        rows.AddRange(await questions.MeasureAsync());
        Console.Error.WriteLine("asked");
        rows.AddRange(await CheckRun.MeasureAsync(stage));
        Console.Error.WriteLine("checked");
        rows.AddRange(await ExportRun.MeasureAsync(stage));
        return new Report("audit", rows, new Dictionary<string, double>()) { Notes = await questions.PlansAsync() };
    }
}
