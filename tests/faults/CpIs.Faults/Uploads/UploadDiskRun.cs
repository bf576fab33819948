using System.Diagnostics;

namespace CpIs.Faults.Uploads;

/// <summary>
/// The disk under the database becomes full while councils' files come in, and while they are applied. Senders are told
/// to come again; when there is room the files go on by themselves.
/// </summary>
internal static class UploadDiskRun
{
    private const int LeftBytesMax = 2 * 1024 * 1024;
    private const int StaysFullSeconds = 6;

    /// <summary>Each time costs half a minute.</summary>
    private const int PointsMax = 4;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        if (SmallDisk.Hindrance is { } hindrance)
        {
            throw new InvalidOperationException("upload-disk cannot run: " + hindrance);
        }

        var moments = new Moments(options.Seed);
        await using var disk = await SmallDisk.MountAsync(stop);
        await using var stage = await Stage.OpenAsync(servers: 1, stop, disk: disk.Folder);
        await using var councils = Councils.Start(stage, options, stop);
        var points = Math.Min(options.Points, PointsMax);
        for (var point = 1; point <= points; point++)
        {
            var (states, _) = await KillUploadRun.BusyAsync(stage, councils, moments, receiving: point == 1, stop);
            await disk.FillAsync(moments.Next(LeftBytesMax), stop);
            await Task.Delay(TimeSpan.FromSeconds(StaysFullSeconds), stop);
            disk.Free();
            var since = Stopwatch.StartNew();
            var healed = await Health.WaitAsync(stage, "disk full during uploads", stop);
            await KillUploadRun.BusyAsync(stage, councils, moments, receiving: false, stop);
            await output.WriteLineAsync($"  disk full {point} of {points} ({states}); answers again in {healed:0.0} s, "
                + $"files go on in {since.Elapsed.TotalSeconds:0.0} s");
        }

        await KillUploadRun.JudgeableAsync(stage, councils, output, stop);
        return await stage.JudgeAsync(stop);
    }
}
