namespace CpIs.Faults.Uploads;

/// <summary>
/// Two whole servers work on one line of files. Now one is killed, now the other; the one that lives must take over
/// what the dead one was at, and no row may be applied by both.
/// </summary>
internal static class UploadServersRun
{
    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 2, stop);
        await using var councils = Councils.Start(stage, options, stop);
        for (var point = 1; point <= options.Points; point++)
        {
            await KillUploadRun.BusyAsync(stage, councils, moments, receiving: false, stop);
            var victim = stage.Seats[point % 2];
            await victim.KillAsync();
            var (states, seconds) = await KillUploadRun.BusyAsync(stage, councils, moments, receiving: false, stop);
            stage.Witness.Write(new Seen("heal", TimeProvider.System.GetUtcNow())
            {
                What = "files taken over", Seconds = seconds,
            });
            victim.Launch();
            await Health.WaitAsync(stage, "one of two servers killed during uploads", stop);
            await output.WriteLineAsync($"  {point} of {options.Points}: server {point % 2} killed; "
                + $"the other goes on in {seconds:0.0} s ({states})");
        }

        await KillUploadRun.JudgeableAsync(stage, councils, output, stop);
        return await stage.JudgeAsync(stop);
    }
}
