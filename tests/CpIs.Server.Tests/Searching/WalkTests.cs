using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Plans;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>A council walks through all its plans, page by page.</summary>
public sealed class WalkTests(LargeCaseload caseload) : IClassFixture<LargeCaseload>
{
    /// <summary>Plans that nobody but the walker looks at.</summary>
    private const int Touched = 1000;

    [Fact]
    public async Task No_plan_comes_twice_and_none_is_missed_while_four_writers_insert_change_and_delete()
    {
        using var council = caseload.Server.Lancashire;
        var victims = caseload.Held.GetRange(0, Touched / 2);
        var changed = caseload.Held.GetRange(Touched / 2, Touched / 2);
        using var over = new CancellationTokenSource();
        Task<int>[] writers =
        [
            WriteAsync(_ => SubmitAsync(), over.Token), WriteAsync(_ => SubmitAsync(), over.Token),
            WriteAsync(i => ChangeAsync(council, changed[i % changed.Count], i), over.Token),
            WriteAsync(i => DeleteAsync(council, victims[i % victims.Count].Flag), over.Token),
        ];

        var seen = await WalkAsync(council, "Flag?_count=250");
        await over.CancelAsync();
        var writes = await Task.WhenAll(writers);

        writes.Should().OnlyContain(done => done > 10, "all four wrote meanwhile");
        var ids = seen.ConvertAll(f => f.Text("id"));
        ids.Should().OnlyHaveUniqueItems();
        caseload.Held.Skip(victims.Count).Select(h => h.Flag).Except(ids).Should().BeEmpty();
        await QuietAsync(council);
    }

    /// <summary>When nothing writes, totals are what is walked, and every order is kept.</summary>
    private static async Task QuietAsync(HttpClient council)
    {
        var first = await council.GetOkAsync("Flag?_count=1000&_total=accurate");
        var all = await WalkAsync(council, "Flag?_count=1000&_total=accurate");
        all.Should().HaveCount(first.Total());
        (await council.GetOkAsync("Flag?_summary=count")).Total().Should().Be(all.Count);
        (await council.GetOkAsync("EpisodeOfCare?_count=0&status=active")).Total().Should().Be(all.Count);
        (await council.GetOkAsync("Flag?_count=1000"))["total"].Should().BeNull("nobody asked for it");
        foreach (var (sort, key) in ((string, Func<JsonNode, string>)[])[
            ("-_lastUpdated", Updated), ("date,-_lastUpdated", Start), ("-_id", f => f.Text("id"))])
        {
            var sorted = await WalkAsync(council, $"Flag?_count=1000&_sort={sort}");
            sorted.Select(f => f.Text("id")).Order().Should().Equal(all.Select(f => f.Text("id")).Order());
            var keys = sorted.ConvertAll(f => key(f));
            keys.Should().Equal(sort.StartsWith('-') ? keys.OrderDescending(StringComparer.Ordinal)
                : keys.Order(StringComparer.Ordinal));
        }
    }

    private static string Updated(JsonNode flag) => flag["meta"]!.Text("lastUpdated");

    private static string Start(JsonNode flag) => flag["period"]!.Text("start");

    [Fact]
    public async Task A_narrowed_walk_reads_on_until_its_page_is_full()
    {
        using var council = caseload.Server.Lancashire;
        await caseload.Server.SubmitAsync(new InventedPlan { Start = caseload.Server.Today }.OfLeeds());
        var day = caseload.Server.Today.AddDays(-9);
        var query = $"EpisodeOfCare?date=sa{PlanJson.Day(day)}&_include=EpisodeOfCare:patient";

        var whole = await WalkAsync(council, query + "&_count=1000&_total=accurate");
        var pages = await WalkAsync(council, query + "&_count=60");

        whole.Count(e => e.Text("resourceType") == "EpisodeOfCare").Should().BeGreaterThan(200)
            .And.Be((await council.GetOkAsync(query + "&_total=estimate")).Total());
        whole.Count(e => e.Text("resourceType") == "Patient").Should().Be(whole.Count / 2);
        whole.Where(e => e["period"] is not null).Should().OnlyContain(e =>
            string.CompareOrdinal(e["period"]!.Text("start"), PlanJson.Day(day)) > 0);
        pages.Select(e => e.Text("id")).Order().Should().Equal(whole.Select(e => e.Text("id")).Order());
        (await caseload.Server.Leeds.GetOkAsync("EpisodeOfCare?_count=7")).Total().Should().Be(1);
    }

    [Theory]
    [InlineData(true, false, "plan_flags")]
    [InlineData(true, true, "plan_flags")]
    [InlineData(false, false, "plan_episodes")]
    [InlineData(false, true, "plan_episodes")]
    public async Task A_page_is_found_through_its_index_also_behind_the_wall_between_councils(
        bool flags, bool descending, string index)
    {
        var question = new PlanQuestion
        {
            View = flags ? PlanView.Flag : PlanView.Episode, Council = "ZZ001", Today = caseload.Server.Today,
            Condition = _ => true, CouncilNames = new Dictionary<string, string>(),
            Sort = [new("_id", descending)],
        };
        await using var connection = new NpgsqlConnection(caseload.Server.Database.ServerConnectionString);
        await connection.OpenAsync();
        foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
        {
            await using var reading = await connection.BeginTransactionAsync();
            await connection.ExecuteAsync(
                PlanListStore.AsCouncil.Replace("$1", "'ZZ001'", StringComparison.Ordinal));
            await connection.ExecuteAsync($"select set_config('plan_cache_mode', '{mode}', true)");
            await connection.ExecuteAsync("prepare page as "
                + PlanListStore.Page(question, caseload.Held[0].Flag, 50).CommandText);
            var plan = string.Join('\n', await connection.QueryAsync<string>(
                $"explain execute page('ZZ001', '{caseload.Held[0].Flag}', 50)"));

            plan.Should().MatchRegex($"Index Scan (Backward )?using {index}").And.NotContain("Sort")
                .And.MatchRegex("Index Cond: .*council = .* AND .*_id [<>]");
            await connection.ExecuteAsync("deallocate page");
        }
    }

    private static async Task<List<JsonNode>> WalkAsync(HttpClient council, string url)
    {
        var seen = new List<JsonNode>();
        for (var next = url; next is not null;)
        {
            var page = await council.GetOkAsync(next);
            seen.AddRange((page["entry"] as JsonArray ?? []).Select(e => e!["resource"]!));
            next = page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");
        }

        return seen;
    }

    private static async Task<int> WriteAsync(Func<int, Task> write, CancellationToken over)
    {
        var done = 0;
        while (!over.IsCancellationRequested)
        {
            await write(done++);
        }

        return done;
    }

    private Task<(string Episode, string Flag)> SubmitAsync() =>
        caseload.Server.SubmitAsync(new InventedPlan { Start = caseload.Server.Today });

    private async Task ChangeAsync(
        HttpClient council, (InventedPlan Plan, string Episode, string Flag, DateTimeOffset) held, int times)
    {
        var body = (held.Plan with { Start = caseload.Server.Today.AddDays(-(times % 300)) }).Episode();
        body["id"] = held.Episode;
        using var answer = await council.PutAsync(
            new Uri("EpisodeOfCare/" + held.Episode, UriKind.Relative), RunningServer.Json(body));
        ((int)answer.StatusCode).Should().Be(200, await answer.Content.ReadAsStringAsync());
    }

    private static async Task DeleteAsync(HttpClient council, string flag)
    {
        using var answer = await council.DeleteAsync(new Uri("Flag/" + flag, UriKind.Relative));
        ((int)answer.StatusCode).Should().BeOneOf(204, 410);
    }
}
