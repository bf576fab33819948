using System.Diagnostics;
using CpIs.Server.Database;
using Npgsql;

namespace CpIs.Faults;

/// <summary>
/// PostgreSQL is killed with SIGKILL under load: its postmaster, which the harness starts again, or at every third
/// point one of its backends, after which PostgreSQL starts all of them anew by itself. The server lives on.
/// </summary>
internal static class KillDatabaseRun
{
    private const int BackendEvery = 3;

    private const string BackendsSql = """
        select pid from pg_stat_activity where application_name like 'cpis-lane-%' order by pid
        """;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 1, stop);
        await using var traffic = Traffic.Start(stage, options);
        for (var point = 1; point <= options.Points; point++)
        {
            await moments.WaitAsync(stage, stop);
            if (point == 1)
            {
                stage.Measure("under load, before the first kill");
            }

            var what = point % BackendEvery == 0 ? "backend" : "postmaster";
            var pid = point % BackendEvery == 0
                ? await BackendAsync(stage, moments, stop)
                : Postmaster.FindLive(stage.Cluster)!.Pid;
            Process.GetProcessById(pid).Kill();
            await stage.Witness.FlushAsync();
            var seconds = await Health.WaitAsync(stage, what + " killed", stop);
            await output.WriteLineAsync(
                $"  {what} {point} of {options.Points}: {stage.Witness.Answers} answers; again in {seconds:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        stage.Measure("under load, after the last");
        await traffic.EndAsync();
        return await stage.JudgeAsync(stop);
    }

    private static async Task<int> BackendAsync(Stage stage, Moments moments, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(stage.Superuser);
        await using var command = database.CreateCommand(BackendsSql);
        await using var rows = await command.ExecuteReaderAsync(stop);
        var backends = new List<int>();
        while (await rows.ReadAsync(stop))
        {
            backends.Add(rows.GetInt32(0));
        }

        return backends[moments.Next(backends.Count)];
    }
}
