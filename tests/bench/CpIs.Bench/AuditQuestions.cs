using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using CpIs.Server.AuditTrail;
using CpIs.Server.Searching;
using Dapper;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// The auditors' questions, each asked over HTTP about another subject every time: the first page of fifty with the
/// total the search gives, as a national auditor gets it.
/// </summary>
internal sealed class AuditQuestions(AuditStage stage)
{
    private const int Runs = 40;
    private const int WarmUps = 8;
    private const int PageEntries = 50;

    private readonly Random random = new(7);

    private (string Name, Func<string> Ask)[] Asked =>
    [
        ("who saw this child", () => $"patient={Any(stage.Numbers)}&date=ge{Day(-300)}&date=lt{Day(-5)}"),
        ("what did this person see", () => $"altid={InventedAccess.Person(random.Next(InventedAccess.People))}"),
        ("what did this organisation see", () => $"organization={Organisation()}&date=ge{Day(-30 - random.Next(300))}"),
        ("denials of a week", () => $"outcome=4,8,12&{OneWeek()}"),
        ("break-glass", () => $"purpose-of-use=BTG&date=lt{Day(-random.Next(300))}"),
        ("a council's uploads", () => $"organization={Council()}&subtype=operation&action=C,U,D"),
        ("children with no plan, everywhere", () => $"plan-found=false&date=lt{Day(-random.Next(300))}"),
        ("children with no plan, one person", () =>
            $"altid={InventedAccess.Person(random.Next(InventedAccess.People))}&plan-found=false&unscheduled=true"),
        ("an hour of the night", () => $"unscheduled=true&{Night()}"),
        ("how many in an hour of the night", () => $"unscheduled=true&_summary=count&{Night()}"),
        ("who came from this address, one day", () =>
            $"address:exact=192.0.2.{random.Next(InventedAccess.Organisations)}&{OneDay()}"),
        ("who saw this resource, one day", () => $"entity={Resource()}&{OneDay()}"),
        ("what did this client see", () => $"agent:identifier=|epr-{random.Next(20)}"),
        ("a client that is not there", () => "agent:identifier=|no-such-client"),
    ];

    public async Task<List<Row>> MeasureAsync()
    {
        var rows = new List<Row>();
        foreach (var (name, ask) in Asked)
        {
            await stage.BecomeAsync("sandbox-auditor");
            var times = new List<double>();
            var found = 0;
            for (var run = -WarmUps; run < Runs; run++)
            {
                var url = new Uri($"{CpIs.Server.Routes.Prefix}/AuditEvent?{ask()}", UriKind.Relative);
                var since = Stopwatch.GetTimestamp();
                using var answer = await stage.Http.GetAsync(url);
                var body = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
                if (run >= 0)
                {
                    times.Add(Stopwatch.GetElapsedTime(since).TotalMicroseconds);
                }

                found += JsonNode.Parse(body)!["entry"]?.AsArray().Count ?? 0;
            }

            double[] sorted = [.. times.Order()];
            rows.Add(Row.Of(name, "µs", times));
            rows.Add(Row.Of($"{name}, p99 ({found / (Runs + WarmUps)} found)", "µs",
                [sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1]]));
        }

        return rows;
    }

    /// <summary>How the database answered each, what matters of it.</summary>
    public async Task<List<string>> PlansAsync()
    {
        var plans = new List<string>();
        foreach (var (name, ask) in Asked)
        {
            var asked = ask();
            plans.Add("");
            plans.Add($"{name}: {asked}");
            var search = SearchRequest.Of(asked, TrailParameters.Terms);
            var question = TrailParameters.Read(search) with { Limit = PageEntries };
            plans.AddRange(await PlanAsync(TrailStore.Text(question), question));
            if (question.Numbers is not [_])
            {
                plans.Add("  count:");
                plans.AddRange(await PlanAsync(TrailStore.CountText(question), question));
            }
        }

        return plans;
    }

    private async Task<IEnumerable<string>> PlanAsync(string text, TrailQuestion question)
    {
        await using var connection = new NpgsqlConnection(stage.OwnerConnection + ";Pooling=false");
        var told = new List<string>();
        connection.Notice += (_, heard) => told.Add(heard.Notice.MessageText);
        await connection.OpenAsync();
        await connection.ExecuteAsync("""
            load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;
            set auto_explain.log_buffers = on; set client_min_messages = log
            """);
        told.Clear();
        await connection.ExecuteAsync(text, question.Arguments());
        return string.Join('\n', told).Split('\n').Where(Matters).Select(line => "  " + line.TrimEnd());
    }

    /// <summary>Nodes that read and the time of it all; partitions that were left alone say nothing.</summary>
    private static bool Matters(string line) =>
        line.Contains("duration:", StringComparison.Ordinal)
        || ((line.Contains("Scan", StringComparison.Ordinal) || line.Contains("Rows Removed", StringComparison.Ordinal))
            && !line.Contains("never executed", StringComparison.Ordinal)
            && !line.Contains("rows=0 loops", StringComparison.Ordinal));

    private string Any(IReadOnlyList<string> list) => list[random.Next(list.Count)];

    private string Organisation() => InventedAccess.Organisation(random.Next(InventedAccess.Organisations));

    private string Council() => InventedAccess.Council(random.Next(InventedAccess.Councils));

    private string Day(int days) =>
        stage.End.AddDays(days).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string OneWeek() => Span(7);

    private string OneDay() => Span(1);

    private string Span(int days)
    {
        var end = -random.Next(300);
        return $"date=ge{Day(end - days)}&date=lt{Day(end)}";
    }

    private string Night()
    {
        var day = stage.End.AddDays(-1 - random.Next(300)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"date=ge{day}T02:00:00Z&date=lt{day}T03:00:00Z";
    }

    private string Resource()
    {
        Span<byte> id = stackalloc byte[16];
        random.NextBytes(id);
        return "Flag/" + new Guid(id);
    }
}
