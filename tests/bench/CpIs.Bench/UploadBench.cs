using System.Diagnostics;
using CpIs.Cli.Caseloads;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// A council's file from its first byte sent to its last row durable, validated, merged and recorded; beside it the
/// same rows by COPY alone, and plans one by one as transaction Bundles. One run, alternating.
/// </summary>
internal static class UploadBench
{
    private const int Rounds = 3;
    private const int Children = 20_000;
    private const int QuickChildren = 2_000;
    private const int BundleSeconds = 6;
    private const int WarmUpSeconds = 15;
    private const int FirstNumber = 500_000;

    /// <summary>The council that sends plan by plan: it has no file.</summary>
    private const string Single = "ZZ005";

    public static async Task<Report> RunAsync(bool quick)
    {
        var folder = Directory.CreateTempSubdirectory("cpis-bench-upload-");
        try
        {
            return await RunAsync(folder.FullName, quick ? 1 : Rounds, quick ? QuickChildren : Children, quick);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Report> RunAsync(string folder, int rounds, int children, bool quick)
    {
        // One file for each round and one to warm up; each has children of its own.
        await new GenerateCaseloads(TextWriter.Null).RunAsync(new GenerateOptions
        {
            Councils = rounds + 1, Children = children, Seed = 2026, Out = folder,
            Day = Visibility.Today(TimeProvider.System),
        }, CancellationToken.None);
        await using var stage = await Stage.OpenAsync(17_080, 0);
        using var http = new HttpClient();
        await using (var connection = new NpgsqlConnection(stage.OwnerConnection))
        {
            await connection.OpenAsync();
            await using var create = new NpgsqlCommand("create extension if not exists pg_stat_statements", connection);
            await create.ExecuteNonQueryAsync();
        }

        var server = $"http://localhost:{stage.Port}{CpIs.Server.Routes.Prefix}";
        var uploads = new List<(Sending Sent, Cpu Spent, double Bytes)>();
        var copies = new List<double>();
        var bundles = new List<WrkRun>();
        for (var round = 0; round <= rounds; round++)
        {
            var code = $"ZZ00{round + 1}";
            var before = Cpu.Now();
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            var sent = await Sending.OfAsync(http, server, stage.CouncilToken(code), Path.Combine(folder, code + ".csv"), "bench");
            Console.Error.WriteLine(sent);
            await StatementsAsync(stage.OwnerConnection, sent.Read);
            var spent = Cpu.Now() - before;
            allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
            var copied = await CopyAsync(stage.OwnerConnection, code);
            var script = Path.Combine(folder, "bundles.lua");
            await File.WriteAllTextAsync(script, WritesBench.Script(
                stage.CouncilToken(Single), Single, FirstNumber + (round * 100_000)));
            var bundle = await WrkRun.RunAsync(server, script, quick ? 2 : round == 0 ? WarmUpSeconds : BundleSeconds);
            if (round > 0)
            {
                uploads.Add((sent, spent, allocated));
                copies.Add(copied);
                bundles.Add(bundle);
            }
        }

        var rates = uploads.ConvertAll(u => u.Sent.Read / u.Sent.Seconds);
        return new Report("upload",
        [
            Row.Of("upload", "rows/s", rates),
            Row.Of("upload, sending alone", "rows/s", uploads.Select(u => u.Sent.Read / u.Sent.SentSeconds)),
            Row.Of("upload, CPU server", "µs/row", uploads.Select(u => u.Spent.Server / u.Sent.Read)),
            Row.Of("upload, CPU PostgreSQL", "µs/row", uploads.Select(u => u.Spent.Database / u.Sent.Read)),
            Row.Of("upload, allocated", "B/row", uploads.Select(u => u.Bytes / u.Sent.Read)),
            Row.Of("upload, rows not taken", "rows", uploads.Select(u => (double)u.Sent.Refused + u.Sent.Skipped)),
            Row.Of("COPY of the same rows", "rows/s", copies),
            Row.Of("Bundles of one plan", "plans/s", bundles.Select(b => b.Rate)),
        ],
        new Dictionary<string, double>
        {
            ["upload/copy"] = Middle(rates.Zip(copies, (a, b) => a / b)),
            ["upload/bundles"] = Middle(rates.Zip(bundles, (a, b) => a / b.Rate)),
        });
    }

    private static async Task StatementsAsync(string owner, int rows)
    {
        await using var connection = new NpgsqlConnection(owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("""
            select round((1000 * total_exec_time)::numeric / @rows, 1), round((1000 * total_plan_time)::numeric / @rows,1), calls, left(regexp_replace(query, '\s+', ' ', 'g'), 150)
            from pg_stat_statements order by total_exec_time desc limit 16
            """, connection) { Parameters = { new("rows", rows) } };
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                Console.Error.WriteLine($"{reader.GetDecimal(0),10} {reader.GetDecimal(1),10} µs/row {reader.GetInt64(2),6} × {reader.GetString(3)}");
            }
        }

        await using var reset = new NpgsqlCommand("select pg_stat_statements_reset()", connection);
        await reset.ExecuteNonQueryAsync();
    }

    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The rows as they came to stand, people and plans, by COPY into tables made like theirs.</summary>
    private static async Task<double> CopyAsync(string owner, string council)
    {
        await using var connection = new NpgsqlConnection(owner);
        await connection.OpenAsync();
        await DoAsync("create table cpis.copy_plan (like cpis.plan including all); "
            + "create table cpis.copy_patient (like cpis.patient including all)");
        var seconds = 0.0;
        var rows = 0L;
        foreach (var table in (string[])["patient", "plan"])
        {
            using var kept = new MemoryStream();
            await using (var from = await connection.BeginRawBinaryCopyAsync(
                $"copy (select * from cpis.{table} where council = '{council}') to stdout (format binary)"))
            {
                await from.CopyToAsync(kept);
            }

            kept.Position = 0;
            var watch = Stopwatch.StartNew();
            await using (var into = await connection.BeginRawBinaryCopyAsync(
                $"copy cpis.copy_{table} from stdin (format binary)"))
            {
                await kept.CopyToAsync(into);
            }

            seconds += watch.Elapsed.TotalSeconds;
            await using var count = new NpgsqlCommand($"select count(*) from cpis.copy_{table}", connection);
            rows = (long)(await count.ExecuteScalarAsync())!;
        }

        await DoAsync("drop table cpis.copy_plan, cpis.copy_patient");
        return rows / seconds;

        async Task DoAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
