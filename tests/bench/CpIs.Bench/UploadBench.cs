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
            // One file for each round and one to warm up; each has children of its own.
            var rounds = quick ? 1 : Rounds;
            await GenerateAsync(folder.FullName, rounds + 1, quick ? QuickChildren : Children);
            await using var stage = await Stage.OpenAsync(17_080, 0, UploadSteps.Module);
            var measured = new List<Round>();
            for (var round = 0; round <= rounds; round++)
            {
                var one = await RoundAsync(stage, folder.FullName, round, quick);
                if (round > 0)
                {
                    measured.Add(one);
                }
            }

            return Report(measured);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Files of so many councils, ZZ001 and on, each of so many people.</summary>
    public static Task GenerateAsync(string folder, int councils, int children) =>
        new GenerateCaseloads(TextWriter.Null).RunAsync(new GenerateOptions
        {
            Councils = councils,
            Children = children,
            Seed = 2026,
            Out = folder,
            Day = Visibility.Today(TimeProvider.System),
        }, CancellationToken.None);

    private static async Task<Round> RoundAsync(Stage stage, string folder, int round, bool quick)
    {
        using var http = new HttpClient();
        using var steps = new UploadSteps();
        var council = $"ZZ00{round + 1}";
        await steps.ClearAsync(stage.OwnerConnection);
        var before = Cpu.Now();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var sent = await Sending.OfAsync(
            http, stage.Url, stage.CouncilToken(council), Path.Combine(folder, council + ".csv"), "bench");
        var spent = Cpu.Now() - before;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var split = await steps.ReadAsync(stage.OwnerConnection, sent.Read);
        var copied = await CopyAsync(stage.OwnerConnection, council);
        var script = Path.Combine(folder, "bundles.lua");
        await File.WriteAllTextAsync(script, WritesBench.Script(
            stage.CouncilToken(Single), Single, FirstNumber + (round * 100_000)));
        var bundles = await WrkRun.RunAsync(
            stage.Url, script, quick ? 2 : round == 0 ? WarmUpSeconds : BundleSeconds);
        return new(sent, spent, allocated, split, copied, bundles);
    }

    private static Report Report(List<Round> rounds)
    {
        double Middle(Func<Round, double> of)
        {
            double[] sorted = [.. rounds.Select(of).Order()];
            return sorted[sorted.Length / 2];
        }

        Row Line(string name, string unit, Func<Round, double> of) => Row.Of(name, unit, rounds.Select(of));
        return new Report("upload",
        [
            Line("upload", "rows/s", r => r.Rate),
            Line("upload, sending alone", "rows/s", r => r.Sent.Read / r.Sent.SentSeconds),
            Line("upload, CPU server", "µs/row", r => r.Spent.Server / r.Sent.Read),
            Line("upload, CPU PostgreSQL", "µs/row", r => r.Spent.Database / r.Sent.Read),
            Line("upload, allocated", "B/row", r => r.Allocated / r.Sent.Read),
            Line("upload, rows not taken", "rows", r => (double)r.Sent.Refused + r.Sent.Skipped),
            .. rounds[0].Split.Keys.Order(StringComparer.Ordinal).Select(step =>
                Line(step, "µs/row", r => r.Split.GetValueOrDefault(step))),
            Line("COPY of the same rows", "rows/s", r => r.Copied),
            Line("Bundles of one plan", "plans/s", r => r.Bundles.Rate),
        ],
        new Dictionary<string, double>
        {
            ["upload/copy"] = Middle(r => r.Rate / r.Copied),
            ["upload/bundles"] = Middle(r => r.Rate / r.Bundles.Rate),
        });
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

    /// <summary>What one round came to.</summary>
    private sealed record Round(Sending Sent, Cpu Spent, double Allocated, IReadOnlyDictionary<string, double> Split,
        double Copied, WrkRun Bundles)
    {
        public double Rate => Sent.Read / Sent.Seconds;
    }
}
