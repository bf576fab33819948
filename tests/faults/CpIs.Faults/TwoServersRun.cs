using System.Diagnostics;
using Npgsql;

namespace CpIs.Faults;

/// <summary>
/// Two whole servers on one database answer the same clients; then one is killed, and the other must check, sign and
/// leave free the lanes the dead one held.
/// </summary>
internal static class TwoServersRun
{
    /// <summary>Time within which a dead server's lanes must be signed and free.</summary>
    private const int TakenOverSecondsMax = 30;

    private const int RoundsTogether = 5;

    private const string LanesSql = """
        select lane from (select distinct on (lane) lane, instance from ledger.entry order by lane, position desc) e
        where instance = $1
        """;

    private const string OpenSql = """
        select count(*) filter (where unsigned), count(*) filter (where held) from (
            select b.last > coalesce((select max(size) from ledger.checkpoint where lane = l.lane), 0) as unsigned,
                exists (select 1 from pg_locks k join pg_stat_activity a using (pid)
                    where k.locktype = 'advisory' and k.classid = 20512 and k.objid = l.lane
                    and a.application_name = any($2)) as held
            from unnest($1::int[]) l (lane)
            cross join lateral (select last from ledger.batch where lane = l.lane order by first desc limit 1) b) o
        """;

    private const string HoldersSql = """
        select a.application_name from pg_locks k join pg_stat_activity a using (pid)
        where k.locktype = 'advisory' and k.classid = 20512 and k.objid::bigint::int = any($1)
        """;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 2, stop);
        await using var traffic = Traffic.Start(stage, options);
        for (var round = 0; round < Math.Min(options.Points, RoundsTogether); round++)
        {
            await moments.WaitAsync(stage, stop);
            if (round == 0)
            {
                stage.Measure("under load, before the kill");
            }
        }

        var problem = await KillOneAsync(stage, output, stop);
        await moments.WaitAsync(stage, stop);
        stage.Measure("under load, after the kill");
        stage.Seats[1].Launch();
        var seconds = await Health.WaitAsync(stage, "one of two servers killed", stop);
        await output.WriteLineAsync($"  started again; both answer in {seconds:0.0} s");
        await moments.WaitAsync(stage, stop);
        await traffic.EndAsync();
        var verdict = await stage.JudgeAsync(stop);
        if (problem is not null)
        {
            verdict.Add("lanes", "take-over", [problem]);
        }

        await output.WriteLineAsync(
            $"  {stage.Witness.Tally.Compared} answers of one server compared with the other's");
        return verdict;
    }

    private static async Task<string?> KillOneAsync(Stage stage, TextWriter output, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(stage.Superuser);
        var lanes = await database.ReadAsync(
            LanesSql, [$"{Environment.MachineName}-{stage.Seats[1].Pid}"], row => row.GetInt32(0), stop);
        var holders = await database.ReadAsync(HoldersSql, [lanes], row => row.GetString(0), stop);
        await stage.Seats[1].KillAsync();
        await stage.Witness.FlushAsync();
        var since = Stopwatch.StartNew();
        var (unsigned, held) = await OpenAsync(database, lanes, holders, stop);
        var first = unsigned;
        while (unsigned + held > 0 && since.Elapsed.TotalSeconds < 2 * TakenOverSecondsMax)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
            (unsigned, held) = await OpenAsync(database, lanes, holders, stop);
        }

        var seconds = since.Elapsed.TotalSeconds;
        await output.WriteLineAsync(
            $"  one killed with {lanes.Count} lanes, {first} of them not signed to the end; "
            + $"free and signed by the other in {seconds:0.0} s");
        return lanes.Count == 0 ? "the killed server had no lane"
            : seconds > TakenOverSecondsMax ? $"the dead server's lanes took {seconds:0.0} s" : null;
    }

    private static async Task<(long Unsigned, long Held)> OpenAsync(
        NpgsqlDataSource database, List<int> lanes, List<string> holders, CancellationToken stop) =>
        (await database.ReadAsync(OpenSql, [lanes, holders], row => (row.GetInt64(0), row.GetInt64(1)), stop)).Single();
}
