using System.Diagnostics;

namespace CpIs.Faults;

/// <summary>
/// The disk under the database, its write-ahead log included, becomes full under load and is freed again. PostgreSQL
/// may panic and stop; whoever starts it again in production does so here: nobody.
/// </summary>
internal static class DiskFullRun
{
    private const long LeftBytesMax = 8 * 1024 * 1024;
    private const int FullSecondsMax = 60;
    private const int StaysFullSeconds = 4;

    /// <summary>Each time costs half a minute.</summary>
    private const int PointsMax = 4;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        if (SmallDisk.Hindrance is { } hindrance)
        {
            throw new InvalidOperationException("disk-full cannot run: " + hindrance);
        }

        var moments = new Moments(options.Seed);
        await using var disk = await SmallDisk.MountAsync(stop);
        await using var stage = await Stage.OpenAsync(servers: 1, stop, disk: disk.Folder);
        await using var traffic = Traffic.Start(stage, options);
        var points = Math.Min(options.Points, PointsMax);
        for (var point = 1; point <= points; point++)
        {
            await moments.WaitAsync(stage, stop);
            if (point == 1)
            {
                stage.Measure("under load, before the disk was full");
            }

            await disk.FillAsync(moments.Next((int)LeftBytesMax), stop);
            var refused = await UntilRefusedAsync(stage, stop);
            disk.Free();
            var seconds = await Health.WaitAsync(stage, "disk full", stop);
            await output.WriteLineAsync(
                $"  disk full {point} of {points}: {refused} refused; answers again in {seconds:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        stage.Measure("under load, after the last");
        await traffic.EndAsync();
        return await stage.JudgeAsync(stop);
    }

    /// <summary>The fault has come when answers are refused; then it lasts a while.</summary>
    private static async Task<long> UntilRefusedAsync(Stage stage, CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        var before = stage.Witness.Tally.Refused;
        while (stage.Witness.Tally.Refused == before)
        {
            if (since.Elapsed.TotalSeconds > FullSecondsMax)
            {
                throw new InvalidOperationException("The disk did not become full.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), stop);
        }

        await Task.Delay(TimeSpan.FromSeconds(StaysFullSeconds), stop);
        return stage.Witness.Tally.Refused - before;
    }
}
