namespace CpIs.Faults;

/// <summary>
/// The server is killed with SIGKILL at random moments under load, again and again, and started again as a service
/// manager does it.
/// </summary>
internal static class KillServerRun
{
    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 1, stop);
        await using var traffic = Traffic.Start(stage, options);
        for (var point = 1; point <= options.Points; point++)
        {
            await moments.WaitAsync(stage, stop);
            await stage.Seats[0].KillAsync();
            await stage.Witness.FlushAsync();
            stage.Seats[0].Launch();
            var seconds = await Health.WaitAsync(stage, "server killed", stop);
            await output.WriteLineAsync(
                $"  kill {point} of {options.Points}: {stage.Witness.Answers} answers; again in {seconds:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        await traffic.EndAsync();
        return await stage.JudgeAsync(stop);
    }
}
