using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CpIs.Audit;

namespace CpIs.Bench;

/// <summary>What one check of the whole ledger took, as its process saw it.</summary>
internal sealed record CheckSeen(
    long Entries, double Seconds, double CpuSeconds, double EarlyMegabytes, double LateMegabytes, double MostMegabytes,
    double EarlyHeapMegabytes, double LateHeapMegabytes);

/// <summary>
/// <c>audit verify</c> over a connection, in a process that does nothing else: entries a second by the wall, and by
/// the CPU time of the checker alone. Memory is taken at a tenth of the way and at its end.
/// </summary>
internal static class CheckRun
{
    private const int Rounds = 3;
    private const int SampleMs = 50;
    private const double Early = 0.1;
    private const double Late = 0.99;
    private const double Megabyte = 1024 * 1024;

    public static async Task<IEnumerable<Row>> MeasureAsync(AuditStage stage)
    {
        var seen = new List<CheckSeen>();
        for (var round = 0; round < Rounds; round++)
        {
            seen.Add(await ChildAsync(stage));
        }

        return
        [
            Row.Of("verify entries/s", "entries/s", seen.Select(s => s.Entries / s.Seconds)),
            Row.Of("verify entries per CPU second", "entries", seen.Select(s => s.Entries / s.CpuSeconds)),
            Row.Of("verify, memory at 10 %", "MB", seen.Select(s => s.EarlyMegabytes)),
            Row.Of("verify, memory at the end", "MB", seen.Select(s => s.LateMegabytes)),
            Row.Of("verify, memory at most", "MB", seen.Select(s => s.MostMegabytes)),
            Row.Of("verify, heap at 10 %", "MB", seen.Select(s => s.EarlyHeapMegabytes)),
            Row.Of("verify, heap at the end", "MB", seen.Select(s => s.LateHeapMegabytes)),
        ];
    }

    /// <summary>The child's part: checks, and prints what it saw; 1 when a lane is not whole.</summary>
    public static async Task<int> InChildAsync(string connection, string trust)
    {
        await using var database = LedgerFeed.Source(connection);
        using var done = new CancellationTokenSource();
        var memory = SampleAsync(done.Token);
        var watch = Stopwatch.StartNew();
        var entries = 0L;
        var checker = new Checker(new LedgerFeed(database), [CheckpointVerifier.Parse(trust)!]);
        await foreach (var verdict in checker.CheckAsync(AsyncEnumerable.Empty<string>(), CancellationToken.None))
        {
            if (!verdict.IsWhole)
            {
                Console.Error.WriteLine(verdict);
                return 1;
            }

            entries += verdict.Size;
        }

        var seconds = watch.Elapsed.TotalSeconds;
        await done.CancelAsync();
        var samples = await memory;
        using var self = Process.GetCurrentProcess();
        var (early, late) = (samples[(int)(samples.Count * Early)], samples[(int)(samples.Count * Late)]);
        Console.WriteLine(JsonSerializer.Serialize(new CheckSeen(
            entries, seconds, self.TotalProcessorTime.TotalSeconds, early.Resident, late.Resident,
            samples.Max(sample => sample.Resident), early.Heap, late.Heap)));
        return 0;
    }

    private static async Task<CheckSeen> ChildAsync(AuditStage stage)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "CpIs.Bench.dll"), "check-ledger", stage.ServerConnection,
                stage.Trust,
        ])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_gcServer"] = "0";
        // As the tool itself is built (CpIs.Cli.csproj).
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        using var child = Process.Start(start)!;
        var said = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return child.ExitCode == 0
            ? JsonSerializer.Deserialize<CheckSeen>(said)!
            : throw new InvalidOperationException("The ledger of the bench is not whole.");
    }

    private static async Task<List<(double Resident, double Heap)>> SampleAsync(CancellationToken done)
    {
        var samples = new List<(double, double)>();
        while (!done.IsCancellationRequested)
        {
            samples.Add((Memory.ResidentMegabytes(Environment.ProcessId), GC.GetTotalMemory(false) / Megabyte));
            await Task.Delay(SampleMs, CancellationToken.None);
        }

        return samples;
    }
}
