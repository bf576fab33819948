using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.Replays;
using CpIs.Server.Tests.Notices;
using CpIs.Testing;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Replays;

/// <summary>A write that is sent again under its X-Request-ID happens once and is answered as the first time.</summary>
public sealed class ReplayTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int AtOnce = 16;

    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task A_transaction_sent_again_is_answered_as_the_first_time_and_recorded_as_such()
    {
        var (plan, id) = (Plan, NewId());
        var bundle = plan.Bundle();

        var first = await SendAsync(HttpMethod.Post, "", bundle, id);
        var again = await SendAsync(HttpMethod.Post, "", bundle, id);

        again.Should().BeEquivalentTo(first with { Replayed = true });
        (first.Status, first.Replayed).Should().Be((200, false));
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);
        var entries = await ReasonsAsync(id);
        entries.Should().Equal([.. Enumerable.Repeat<string?>(null, 3), .. Enumerable.Repeat("replayed", 3)]);
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&action=C");
        trail.Total().Should().Be(6);
    }

    [Fact]
    public async Task Every_kind_of_write_is_remembered()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);
        const string Patch = """[{"op":"test","path":"/status","value":"active"}]""";
        const string TelephonePatch = """[{"op":"replace","path":"/telecom/1/value","value":"01632 960999"}]""";
        var person = Plan;
        var ended = (plan with { End = server.Today, Status = "finished" }).Episode();
        var cases = new (string Who, HttpMethod Method, string Url, object? Body)[]
        {
            (Council, HttpMethod.Post, "Patient", person.Patient()),
            (Council, HttpMethod.Patch, "Flag/" + flag, Patch),
            (Council, HttpMethod.Put, "EpisodeOfCare/" + episode, ended),
            (Council, HttpMethod.Delete, "Flag/" + flag, null),
            (Council, HttpMethod.Patch, "Organization/ZZ001", TelephonePatch),
            (Council, HttpMethod.Post, "Subscription", new InventedSubscription().Resource()),
        };
        foreach (var (who, method, url, body) in cases)
        {
            var id = NewId();
            var first = await SendAsync(method, url, body, id, who);
            var again = await SendAsync(method, url, body, id, who);

            first.Status.Should().BeInRange(200, 204, first.Body);
            again.Should().BeEquivalentTo(first with { Replayed = true }, $"{method} {url}");
        }
    }

    [Fact]
    public async Task A_patch_is_replayed_though_its_test_would_fail_by_now()
    {
        var (episode, _) = await server.SubmitAsync(Plan);
        var (id, url) = (NewId(), "EpisodeOfCare/" + episode);
        var patch = """[{"op":"test","path":"/status","value":"active"},"""
            + """{"op":"replace","path":"/status","value":"finished"},"""
            + $$"""{"op":"add","path":"/period/end","value":"{{CpIs.Fhir.PlanJson.Day(server.Today)}}"}]""";

        var first = await SendAsync(HttpMethod.Patch, url, patch, id);
        var again = await SendAsync(HttpMethod.Patch, url, patch, id);

        first.Status.Should().Be(200);
        again.Should().BeEquivalentTo(first with { Replayed = true });
        (await SendAsync(HttpMethod.Patch, url, patch, NewId())).Status.Should().Be(422);
    }

    [Fact]
    public async Task An_attendance_sent_again_is_told_once()
    {
        var plan = Plan;
        await server.SubmitAsync(plan);
        var encounter = new InventedEncounter { Number = plan.Number, Start = server.Clock.GetUtcNow().AddHours(-1) };
        var id = NewId();

        var first = await SendAsync(HttpMethod.Post, "Encounter", encounter.Resource(), id, "sandbox-epr-system");
        var again = await SendAsync(HttpMethod.Post, "Encounter", encounter.Resource(), id, "sandbox-epr-system");

        first.Status.Should().Be(201, first.Body);
        again.Should().BeEquivalentTo(first with { Replayed = true });
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        (await connection.QueryAsync<bool?>(
            "select plan_found from ledger.entry where request_id = @id::text order by recorded", new { id }))
            .Should().Equal([true, null], "notices follow entries that say a plan was found");
    }

    [Theory]
    [InlineData("body")]
    [InlineData("target")]
    [InlineData("method")]
    public async Task The_same_id_for_another_request_is_a_conflict(string other)
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        var id = NewId();
        var body = plan.Episode();
        await SendAsync(HttpMethod.Put, "EpisodeOfCare/" + episode, body, id);
        if (other == "body")
        {
            body["status"] = "planned";
        }

        var answer = await SendAsync(other == "method" ? HttpMethod.Post : HttpMethod.Put,
            other == "target" ? $"EpisodeOfCare/{episode}?_pretty=true"
                : other == "method" ? "EpisodeOfCare" : "EpisodeOfCare/" + episode, body, id);

        answer.Status.Should().Be(409, answer.Body);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode))["meta"]!.Text("versionId").Should().Be("1");
    }

    [Fact]
    public async Task Requests_at_once_wait_for_the_first_and_are_given_its_answer()
    {
        var (plan, id) = (Plan, NewId());
        var bundle = plan.Bundle();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, AtOnce).Select(_ => SendAsync(HttpMethod.Post, "", bundle, id)));

        answers.Should().OnlyContain(a => a.Status == 200);
        answers.Count(a => a.Replayed).Should().Be(AtOnce - 1);
        answers.Select(a => a.Body).Distinct().Should().ContainSingle();
    }

    [Fact]
    public async Task What_was_refused_is_not_remembered()
    {
        var (plan, id) = (Plan, NewId());
        var bundle = plan.Bundle();
        var person = bundle["entry"]![0]!.DeepClone();
        bundle["entry"]!.AsArray().RemoveAt(0);

        (await SendAsync(HttpMethod.Post, "", bundle, id)).Status.Should().Be(422);
        await SendAsync(HttpMethod.Put, "Patient/" + plan.Number, person["resource"], NewId());

        var answer = await SendAsync(HttpMethod.Post, "", bundle, id);
        (answer.Status, answer.Replayed).Should().Be((200, false));
    }

    [Fact]
    public async Task Another_client_is_never_given_the_answer()
    {
        var (plan, id) = (Plan, NewId());
        await SendAsync(HttpMethod.Post, "Patient", plan.Patient(), id);

        var theirs = await SendAsync(HttpMethod.Post, "Patient", (plan with { Family = "Otherham" }).Patient(), id,
            "sandbox-council-leeds");

        (theirs.Status, theirs.Replayed).Should().Be((201, false));
        theirs.Body.Should().NotContain(plan.Family);
    }

    [Fact]
    public async Task Without_an_id_nothing_is_remembered()
    {
        const string Count = "set row_security = off; select count(*) from cpis.remembered";
        var before = await CountAsync();

        await server.SubmitAsync(Plan);
        await SendAsync(HttpMethod.Post, "Patient", Plan.Patient(), null);

        (await CountAsync()).Should().Be(before);
        async Task<long> CountAsync()
        {
            await using var super = new NpgsqlConnection(server.Database.OwnerConnectionString);
            return await super.ExecuteScalarAsync<long>(Count);
        }
    }

    [Fact]
    public async Task After_a_day_an_answer_is_forgotten()
    {
        var day = new RunningServer();
        await day.InitializeAsync();
        var plan = new InventedPlan { Start = day.Today };
        var (id, url) = (NewId(), "Patient/" + plan.Number);
        await SendAsync(day, HttpMethod.Put, url, plan.Patient(), id);
        day.Clock.Move(TimeSpan.FromHours(23));
        await day.Services.GetRequiredService<Forgetting>().ForgetAsync(default);
        (await SendAsync(day, HttpMethod.Put, url, plan.Patient(), id)).Replayed.Should().BeTrue();

        day.Clock.Move(TimeSpan.FromHours(2));
        (await SendAsync(day, HttpMethod.Put, url, plan.Patient(), id)).Replayed.Should().BeFalse();
        day.Clock.Move(TimeSpan.FromHours(25));
        await day.Services.GetRequiredService<Forgetting>().ForgetAsync(default);
        await using (var connection = new NpgsqlConnection(day.Database.OwnerConnectionString))
        {
            (await connection.ExecuteScalarAsync<long>("set row_security = off; select count(*) from cpis.remembered"))
                .Should().Be(0);
        }

        await day.DisposeAsync();
    }

    [Fact]
    public async Task A_server_killed_after_its_commit_gives_the_answer_when_it_is_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("cpis-replay-").FullName;
        var start = new ServerStart(folder, Ports.Free())
        {
            Arguments = ["--no-samples"],
            Environment = new Dictionary<string, string>
            {
                ["ConnectionStrings__Cpis"] = database.ServerConnectionString,
                ["ConnectionStrings__CpisOwner"] = database.OwnerConnectionString,
            },
        };
        var (plan, id) = (new InventedPlan { Start = CpIs.Fhir.Visibility.Today(TimeProvider.System) }, NewId());
        var bundle = plan.Bundle();
        var answers = new List<Heard>();
        for (var life = 0; life < 2; life++)
        {
            await using var process = ServerProcess.Launch(start);
            await process.UntilReadyAsync();
            using var council = new HttpClient { BaseAddress =
                new Uri(process.Client.BaseAddress!, Routes.Prefix + "/") };
            council.DefaultRequestHeaders.Authorization = await process.TokenAsync(Council);
            answers.Add(await SendAsync(council, HttpMethod.Post, "", bundle, id));
            await process.KillAsync();
        }

        answers[0].Status.Should().Be(200, answers[0].Body);
        answers[1].Should().BeEquivalentTo(answers[0] with { Replayed = true });
        Directory.Delete(folder, recursive: true);
    }

    private const string Council = "sandbox-council-lancashire";

    private static string NewId() => Guid.NewGuid().ToString();

    private async Task<List<string?>> ReasonsAsync(string requestId)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return [.. await connection.QueryAsync<string?>(
            "select reason from ledger.entry where request_id = @requestId order by recorded", new { requestId })];
    }

    private Task<Heard> SendAsync(HttpMethod method, string url, object? body, string? id, string who = Council) =>
        SendAsync(server, method, url, body, id, who);

    private static async Task<Heard> SendAsync(
        RunningServer server, HttpMethod method, string url, object? body, string? id, string who = Council)
    {
        using var client = server.As(who);
        return await SendAsync(client, method, url, body, id);
    }

    private static async Task<Heard> SendAsync(
        HttpClient client, HttpMethod method, string url, object? body, string? id)
    {
        using var request = new HttpRequestMessage(method, url)
        {
            Content = body switch
            {
                JsonNode json => RunningServer.Json(json.ToJsonString()),
                string patch => new StringContent(patch, Encoding.UTF8, "application/json-patch+json"),
                _ => null,
            },
        };
        if (id is not null)
        {
            request.Headers.Add("X-Request-ID", id);
        }

        using var answer = await client.SendAsync(request);
        return new((int)answer.StatusCode, answer.Headers.ETag?.ToString(), answer.Headers.Location?.ToString(),
            answer.Content.Headers.LastModified, await answer.Content.ReadAsStringAsync(),
            answer.Headers.TryGetValues("X-Replayed", out var replayed) && replayed.Single() == "true");
    }

    /// <summary>An answer as a client hears it.</summary>
    private sealed record Heard(
        int Status, string? ETag, string? Location, DateTimeOffset? Modified, string Body, bool Replayed);
}
