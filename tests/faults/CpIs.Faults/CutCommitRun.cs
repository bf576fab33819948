using CpIs.Server.Database;
using CpIs.Testing;

namespace CpIs.Faults;

/// <summary>
/// A proxy between server and database cuts connections at the worst moment: when the database has committed and the
/// server has not heard of it, or when the server has sent its commit and the database has not.
/// </summary>
internal static class CutCommitRun
{
    private const int CutMsMax = 10_000;
    private const int LookMs = 5;

    // What a message holds at that moment: the database's word for an insert, after which it has committed, or a
    // versioned reference that the server is about to record.
    private static readonly (string Name, bool Forwarded, string Word)[] Moment =
    [
        ("a recorded look-up, committed", true, "INSERT 0 "),
        ("a write, committed", true, "COMMIT\0"),
        ("a record on its way", false, "_history/"),
    ];

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        CuttingProxy? proxy = null;
        await using var stage = await Stage.OpenAsync(servers: 1, stop, (folders, connection) =>
        {
            proxy = new CuttingProxy(Path.Combine(folders.Socket, $".s.PGSQL.{ClusterFolders.Port}"));
            return proxy.Through(connection);
        });
        await using var cutting = proxy!;
        await using var traffic = Traffic.Start(stage, options);
        for (var point = 0; point < options.Points; point++)
        {
            await moments.WaitAsync(stage, stop);
            if (point == 0)
            {
                stage.Measure("under load, before the first cut");
            }

            var (name, forwarded, word) = Moment[point % Moment.Length];
            await CutAsync(cutting, forwarded, word, stop);
            var seconds = await Health.WaitAsync(stage, "cut: " + name, stop);
            await output.WriteLineAsync(
                $"  cut {point + 1} of {options.Points}: {name}; answers again in {seconds:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        stage.Measure("under load, after the last");
        await traffic.EndAsync();
        return await stage.JudgeAsync(stop);
    }

    private static async Task CutAsync(CuttingProxy proxy, bool forwarded, string word, CancellationToken stop)
    {
        var before = proxy.Cuts;
        proxy.Arm(forwarded, word);
        for (var waited = 0; proxy.Cuts == before; waited += LookMs)
        {
            if (waited > CutMsMax)
            {
                throw new InvalidOperationException("Nothing to cut came by.");
            }

            await Task.Delay(LookMs, stop);
        }
    }
}
