namespace CpIs.Bench;

/// <summary>
/// The look-up against its rivals in one run, alternating: fixed bytes, the query alone, the query with a commit of its
/// own, and ours (token, query, ledger). Ratios are what counts; the machine drifts.
/// </summary>
internal static class ReadsBench
{
    private const int Rounds = 3;
    private const int Children = 100_000;
    private const int Seconds = 6;
    private const int WarmUpSeconds = 6;

    private const string Question = $$$"""
        {"resourceType":"Parameters","parameter":[{"name":"nhsNumber",
        "valueIdentifier":{"system":"{{{CpIs.Fhir.Systems.NhsNumber}}}","value":"@N@"}}]}
        """;

    public static async Task<Report> RunAsync(bool quick)
    {
        await using var stage = await Stage.OpenAsync(17_080, quick ? Children / 10 : Children);
        await using var rivals = await Rivals.OpenAsync(stage, 17_090);
        var summary = $"http://localhost:{stage.Port}{CpIs.Server.Routes.Prefix}/Patient/$child-protection-summary";
        (string Name, string Url, string? Body, bool Token)[] variants =
        [
            ("fixed body", "http://localhost:17090/fixed?patient=@N@", null, false),
            ("query", "http://localhost:17090/query?patient=@N@", null, false),
            ("query + own commit", "http://localhost:17090/commit?patient=@N@", null, false),
            ("look-up", $"http://localhost:{stage.Port}{CpIs.Server.Routes.Prefix}/Flag?patient=@N@", null, true),
            ("summary", summary, Question, true),
        ];
        var runs = variants.ToDictionary(v => v.Name, _ => new List<WrkRun>());
        foreach (var variant in variants)
        {
            await LoadAsync(quick ? 1 : WarmUpSeconds, variant.Url, variant.Body, variant.Token);
        }

        for (var round = 0; round < (quick ? 1 : Rounds); round++)
        {
            foreach (var variant in variants)
            {
                runs[variant.Name].Add(
                    await LoadAsync(quick ? 2 : Seconds, variant.Url, variant.Body, variant.Token));
            }
        }

        runs["look-up alone"] = [];
        runs["look-up during upload"] = [];
        var uploading = new List<double>();
        await foreach (var (alone, during, rate) in BesideUploads.RunAsync(
            stage, quick ? 1 : Rounds, quick, () => LoadAsync(quick ? 2 : Seconds, variants[3].Url, null, true)))
        {
            runs["look-up alone"].Add(alone);
            runs["look-up during upload"].Add(during);
            uploading.Add(rate);
        }

        return new Report("reads",
            [.. runs.SelectMany(r => Rows(r.Key, r.Value)), Row.Of("upload beside look-ups", "rows/s", uploading)],
            Ratios(runs));

        Task<WrkRun> LoadAsync(int seconds, string url, string? body, bool token) => WrkRun.LoadAsync(
            url, body, token ? stage.Token("sandbox-ed-clinician") : null, stage.NumbersFile, seconds);
    }

    private static IEnumerable<Row> Rows(string name, List<WrkRun> runs)
    {
        yield return Row.Of(name, "requests/s", runs.Select(r => r.Rate));
        yield return Row.Of(name + ", p50", "µs", runs.Select(r => r.P50Ms * 1000));
        yield return Row.Of(name + ", p99", "µs", runs.Select(r => r.P99Ms * 1000));
        yield return Row.Of(name + ", CPU server", "µs/request", runs.Select(r => r.ServerUs));
        yield return Row.Of(name + ", CPU PostgreSQL", "µs/request", runs.Select(r => r.DatabaseUs));
        yield return Row.Of(name + ", CPU client", "µs/request", runs.Select(r => r.ClientUs));
        yield return Row.Of(name + ", allocated", "B/request", runs.Select(r => r.AllocatedBytes));
    }

    private static Dictionary<string, double> Ratios(Dictionary<string, List<WrkRun>> runs)
    {
        double Ratio(string a, string b, Func<WrkRun, double> of)
        {
            double[] pairs = [.. runs[a].Zip(runs[b], (x, y) => of(x) / of(y)).Order()];
            return pairs[pairs.Length / 2];
        }

        return new()
        {
            ["audited/unaudited"] = Ratio("look-up", "query", r => r.Rate),
            ["audited/own-commit"] = Ratio("look-up", "query + own commit", r => r.Rate),
            ["summary/lookup"] = Ratio("summary", "look-up", r => r.Rate),
            ["p99 lookup during upload/without"] =
                Ratio("look-up during upload", "look-up alone", r => r.P99Ms),
            ["lookup during upload/without"] = Ratio("look-up during upload", "look-up alone", r => r.Rate),
            ["p99 audited/unaudited"] = Ratio("look-up", "query", r => r.P99Ms),
        };
    }
}
