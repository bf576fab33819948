using System.Diagnostics;
using System.Globalization;

namespace CpIs.Bench;

/// <summary>
/// All councils of the country send their caseload within the hour: 153 files, some at a time, then every file once
/// more. No row may be lost, and what was sent again changes nothing.
/// </summary>
internal static class ReloadBench
{
    private const int Councils = 153;
    private const int Children = 1_960;
    private const int QuickChildren = 60;
    private const int SendingTogether = 8;

    public static async Task<Report> RunAsync(bool quick)
    {
        var folder = Directory.CreateTempSubdirectory("cpis-bench-reload-");
        try
        {
            await UploadBench.GenerateAsync(folder.FullName, Councils, quick ? QuickChildren : Children);
            await using var stage = await Stage.OpenAsync(17_080, 0, councils: Councils);
            var (loaded, loading) = await SendAllAsync(stage, folder.FullName, "load");
            var (again, reloading) = await SendAllAsync(stage, folder.FullName, "reload");
            using var self = Process.GetCurrentProcess();
            return new Report("reload",
            [
                One("load, rows", "rows", loaded.Sum(s => s.Read)),
                One("load, inserted", "rows", loaded.Sum(s => s.Inserted)),
                One("load, refused or skipped", "rows", loaded.Sum(s => s.Refused + s.Skipped)),
                One("load", "rows/s", loaded.Sum(s => s.Read) / loading),
                One("reload, unchanged", "rows", again.Sum(s => s.Unchanged)),
                One("reload", "rows/s", again.Sum(s => s.Read) / reloading),
                One("server memory at its most", "MB", self.PeakWorkingSet64 / (1024 * 1024)),
            ],
            new Dictionary<string, double>())
            {
                Notes = [.. loaded.Concat(again).Where(s => !s.AddsUp).Select(s => "Does not add up: " + s)],
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Row One(string name, string unit, double value) => new(name, unit, value, value, value);

    private static async Task<(IReadOnlyList<Sending> Sent, double Seconds)> SendAllAsync(
        Stage stage, string folder, string submission)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var sent = new Sending[Councils];
        var watch = Stopwatch.StartNew();
        await Parallel.ForAsync(
            0, Councils, new ParallelOptions { MaxDegreeOfParallelism = SendingTogether }, async (i, _) =>
            {
                var council = "ZZ" + (i + 1).ToString("000", CultureInfo.InvariantCulture);
                sent[i] = await Sending.OfAsync(
                    http, stage.Url, stage.CouncilToken(council), Path.Combine(folder, council + ".csv"), submission);
            });
        return (sent, watch.Elapsed.TotalSeconds);
    }
}
