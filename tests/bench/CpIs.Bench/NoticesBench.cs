using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// A hundred thousand notices that wait for receivers which take them at once: how fast they leave, each delivery
/// recorded first, and what that does to look-ups that go on meanwhile. The look-ups are silent, so that they make no
/// notices of their own.
/// </summary>
internal static class NoticesBench
{
    private const int Rounds = 3;
    private const int Seconds = 6;
    private const int Children = 20_000;
    private const int Subscriptions = 10;
    private const int Pending = 100_000;
    private const int PollMs = 50;
    private const int ReceiverPort = 17_095;

    /// <summary>Copies of one real notice, each of a child of its own, behind the last of every subscription.</summary>
    private const string Fill = """
        insert into cpis.notice (subscription, number, council, made, source, nhs_number, refs, versions, bodies)
        select s.id, s.events + g, n.council, now(), 'bench:' || s.events + g, p.nhs_number, n.refs, n.versions,
            n.bodies
        from cpis.subscription s
        cross join (select * from cpis.notice order by subscription, number limit 1) n
        cross join generate_series(1, $1) g
        join (select nhs_number, row_number() over () as r, count(*) over () as c from cpis.plan) p
            on p.r = 1 + g % p.c
        """;

    private const string Release = "update cpis.subscription set events = events + $1, events_due = now()";

    private const string Waiting = "select coalesce(sum(events - delivered), 0)::bigint from cpis.subscription";

    public static async Task<Report> RunAsync(bool quick)
    {
        await using var stage = await Stage.OpenAsync(17_080, quick ? Children / 10 : Children);
        await using var receiver = await ReceiverAsync();
        await using var database = NpgsqlDataSource.Create(stage.OwnerConnection);
        var each = (quick ? Pending / 10 : Pending) / Subscriptions;
        await SubscribeAsync(stage, database);
        var (quiet, beside, alone, under) =
            (new List<WrkRun>(), new List<WrkRun>(), new List<double>(), new List<double>());
        await LookUpsAsync(stage, quick ? 1 : Seconds);
        for (var round = 0; round < (quick ? 1 : Rounds); round++)
        {
            quiet.Add(await LookUpsAsync(stage, quick ? 2 : Seconds));
            await FillAsync(database, each);
            alone.Add(await DrainAsync(database, each));
            await FillAsync(database, each);
            var draining = DrainAsync(database, each);
            beside.Add(await LookUpsAsync(stage, quick ? 2 : Seconds));
            under.Add(await draining);
        }

        double[] ratios = [.. beside.Zip(quiet, (b, q) => b.P99Ms / q.P99Ms).Order()];
        return new Report("notices",
        [
            Row.Of("notices", "notices/s", alone),
            Row.Of("notices, beside look-ups", "notices/s", under),
            Row.Of("look-up", "requests/s", quiet.Select(r => r.Rate)),
            Row.Of("look-up, beside notices", "requests/s", beside.Select(r => r.Rate)),
            Row.Of("look-up, p99", "µs", quiet.Select(r => r.P99Ms * 1000)),
            Row.Of("look-up, p99, beside notices", "µs", beside.Select(r => r.P99Ms * 1000)),
        ],
        new Dictionary<string, double> { ["p99 lookup during notices/without"] = ratios[ratios.Length / 2] });
    }

    private static Task<WrkRun> LookUpsAsync(Stage stage, int seconds) => WrkRun.LoadAsync(
        $"http://localhost:{stage.Port}{Routes.Prefix}/Flag?patient=@N@", null, stage.Token("sandbox-school-nurse"),
        stage.NumbersFile, seconds);

    private static async Task<WebApplication> ReceiverAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{ReceiverPort}");
        var app = builder.Build();
        app.MapPost("/notices", (Delegate)TakeAsync);
        await app.StartAsync();
        return app;
    }

    private static async Task TakeAsync(HttpContext http) => await http.Request.Body.CopyToAsync(Stream.Null);

    /// <summary>Subscribes, and looks once, so that there is a real notice to copy.</summary>
    private static async Task SubscribeAsync(Stage stage, NpgsqlDataSource database)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{stage.Port}{Routes.Prefix}/") };
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", stage.Token("sandbox-council-lancashire"));
        for (var i = 0; i < Subscriptions; i++)
        {
            using var made = await http.PostAsJsonAsync("Subscription", Wish());
            made.EnsureSuccessStatusCode();
        }

        await UntilAsync(database, "select count(*) from cpis.subscription where activated is null", 0);
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", stage.Token("sandbox-ed-clinician"));
        using var look = await http.GetAsync(new Uri("Flag?patient=" + stage.Numbers[0], UriKind.Relative));
        look.EnsureSuccessStatusCode();
        await UntilAsync(database, "select count(*) - 10 from cpis.subscription where delivered = 1", 0);
    }

    private static JsonObject Wish() => new()
    {
        ["resourceType"] = "Subscription",
        ["status"] = "requested",
        ["reason"] = "Measured",
        ["criteria"] = Systems.Base + "/SubscriptionTopic/access",
        ["channel"] = new JsonObject
        {
            ["type"] = "rest-hook",
            ["endpoint"] = $"http://127.0.0.1:{ReceiverPort}/notices",
            ["payload"] = "application/json",
            ["_payload"] = new JsonObject
            {
                ["extension"] = new JsonArray(
                    new JsonObject { ["url"] = Systems.PayloadContent, ["valueCode"] = "full-resource" }),
            },
        },
    };

    private static async Task FillAsync(NpgsqlDataSource database, int each)
    {
        await using var fill = database.CreateCommand(Fill);
        fill.CommandTimeout = 0;
        fill.Parameters.Add(new() { Value = each });
        await fill.ExecuteNonQueryAsync();
    }

    /// <summary>Lets them go, and waits until all were taken; notices a second.</summary>
    private static async Task<double> DrainAsync(NpgsqlDataSource database, int each)
    {
        await using var release = database.CreateCommand(Release);
        release.Parameters.Add(new() { Value = each });
        await release.ExecuteNonQueryAsync();
        var since = Stopwatch.GetTimestamp();
        await UntilAsync(database, Waiting, 0);
        return each * Subscriptions / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    private static async Task UntilAsync(NpgsqlDataSource database, string count, long wanted)
    {
        while (true)
        {
            await using var command = database.CreateCommand(count);
            if (await command.ExecuteScalarAsync() is long found && found == wanted)
            {
                return;
            }

            await Task.Delay(PollMs);
        }
    }
}
