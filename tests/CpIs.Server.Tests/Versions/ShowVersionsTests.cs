using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Tests.Organizations;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Versions;

/// <summary>What a council can see of how its plans came to be as they are.</summary>
public sealed class ShowVersionsTests(RunningServer server) : IClassFixture<RunningServer>
{
    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task A_plans_history_tells_each_version_newest_first_and_shows_nothing_of_a_deletion()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);
        var council = server.Lancashire;
        await PutAsync("EpisodeOfCare/" + episode, (plan with { End = server.Today.AddDays(5) }).Episode());
        await council.DeleteAsync(Url("Flag/" + flag));
        await PutAsync("EpisodeOfCare/" + episode, plan.Episode());

        var history = await council.GetOkAsync($"EpisodeOfCare/{episode}/_history");

        history.Text("type").Should().Be("history");
        history.Total().Should().Be(4);
        var entries = history["entry"]!.AsArray();
        entries.Select(e => e!["request"]!.Text("method")).Should().Equal("PUT", "DELETE", "PUT", "POST");
        entries.Select(e => e!["response"]!.Text("etag")).Should().Equal("W/\"4\"", "W/\"3\"", "W/\"2\"", "W/\"1\"");
        entries.Select(e => e!["resource"]?["period"]?["end"]?.GetValue<string>()).Should()
            .Equal(null, null, PlanJson.Day(server.Today.AddDays(5)), null);
        entries[1]!["resource"].Should().BeNull();
        (await council.GetOkAsync($"Flag/{flag}/_history")).Total().Should().Be(4);
        await (await council.TryAsync($"EpisodeOfCare/{episode}/_history/3")).ShouldBeRefusedAsync(410);
        await (await council.TryAsync($"Flag/{flag}/_history/3")).ShouldBeRefusedAsync(410);
        (await council.GetOkAsync($"EpisodeOfCare/{episode}/_history/2"))["period"]!["end"].Should().NotBeNull();
    }

    [Fact]
    public async Task Pages_of_a_history_skip_nothing_and_repeat_nothing_while_others_write()
    {
        var leeds = server.Leeds;
        var plans = Enumerable.Range(0, 24).Select(_ => Plan.OfLeeds()).ToList();
        var episodes = new List<string>();
        foreach (var plan in plans)
        {
            episodes.Add((await server.SubmitAsync(plan)).Episode);
        }

        var seen = new List<string>();
        var page = await leeds.GetOkAsync("EpisodeOfCare/_history?_count=5");
        for (var turn = 0; page is not null; turn++)
        {
            seen.AddRange(page["entry"]!.AsArray().Select(e =>
                e!["resource"]!.Text("id") + "/" + e["resource"]!["meta"]!.Text("versionId")));
            await leeds.PutAsync(Url("EpisodeOfCare/" + episodes[turn]), RunningServer.Json(
                (plans[turn] with { End = server.Today.AddDays(9) }).Episode()));
            var next = Next(page);
            next?.Should().NotContain(plans[0].Number);
            page = next is null ? null : await leeds.GetOkAsync(next);
        }

        seen.Should().BeEquivalentTo(episodes.Select(e => e + "/1"));
        seen.Should().Equal(episodes.AsEnumerable().Reverse().Select(e => e + "/1"));
        var all = await leeds.GetOkAsync("EpisodeOfCare/_history?_count=1000");
        all.Total().Should().Be(24 + 5);
        all["entry"]!.AsArray().Count.Should().Be(24 + 5);
    }

    [Fact]
    public async Task A_history_is_asked_since_a_time_and_at_a_time()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        server.Clock.Move(TimeSpan.FromMinutes(10));
        var between = Instant();
        server.Clock.Move(TimeSpan.FromMinutes(10));
        await PutAsync("EpisodeOfCare/" + episode, (plan with { End = server.Today.AddDays(5) }).Episode());
        server.Clock.Move(TimeSpan.FromMinutes(10));
        var after = Instant();

        async Task<IEnumerable<string>> Versions(string query) =>
            ((await server.Lancashire.GetOkAsync($"EpisodeOfCare/{episode}/_history?{query}"))["entry"] as JsonArray
                ?? [])
            .Select(e => e!["resource"]!["meta"]!.Text("versionId"));

        (await Versions("_since=" + between)).Should().Equal("2");
        (await Versions("_since=" + after)).Should().BeEmpty();
        (await Versions("_at=" + between)).Should().Equal("1");
        (await Versions("_at=" + after)).Should().Equal("2");
        (await Versions("_at=" + PlanJson.Day(server.Today))).Should().Contain("2");
        (await Versions("_at=1999")).Should().BeEmpty();
        (await Versions("_count=1")).Should().Equal("2");
        foreach (var bad in new[] { "_since=yesterday", "_at=ge2020", "_count=x", "status=active",
            "_since=2020&_since=2021" })
        {
            await (await server.Lancashire.TryAsync($"EpisodeOfCare/{episode}/_history?{bad}"))
                .ShouldBeRefusedAsync(400);
        }
    }

    [Fact]
    public async Task R0_a_current_version_past_its_day_is_shown_as_it_is_today()
    {
        var later = new RunningServer();
        await later.InitializeAsync();
        var (episode, _) = await later.SubmitAsync(new InventedPlan
        {
            Start = later.Today.AddDays(-10), End = later.Today.AddDays(1),
        });
        later.Clock.Move(TimeSpan.FromDays(1));

        var newest = (await later.Lancashire
            .GetOkAsync($"EpisodeOfCare/{episode}/_history"))["entry"]![0]!["resource"]!;

        newest.Text("status").Should().Be("finished");
        newest["managingOrganization"]!.Text("display").Should().NotBe("ZZ001");
        await later.DisposeAsync();
    }

    [Fact]
    public async Task R7_nobody_but_the_owning_council_learns_of_a_history()
    {
        var (episode, flag) = await server.SubmitAsync(Plan);

        foreach (var url in new[] { $"Flag/{flag}/_history", $"EpisodeOfCare/{episode}/_history" })
        {
            var theirs = await (await server.Leeds.TryAsync(url)).ShouldBeRefusedAsync(404);
            var nobodys = await (await server.Leeds.TryAsync($"Flag/{Guid.NewGuid()}/_history"))
                .ShouldBeRefusedAsync(404);
            theirs.ToJsonString().Should().Be(nobodys.ToJsonString());
            await (await server.Clinician.TryAsync(url)).ShouldBeRefusedAsync(403);
        }

        await (await server.Clinician.TryAsync("Flag/_history")).ShouldBeRefusedAsync(403);
        (await server.As("sandbox-council-islington").GetOkAsync("Flag/_history")).Total().Should().Be(0);
    }

    [Fact]
    public async Task A_page_link_of_a_history_is_good_for_that_history_and_that_caller()
    {
        await server.SubmitAsync(Plan);
        await server.SubmitAsync(Plan);
        var next = Next(await server.Lancashire.GetOkAsync("Flag/_history?_count=1"))!;

        await (await server.Leeds.TryAsync(next)).ShouldBeRefusedAsync(403);
        await (await server.Lancashire.TryAsync(next.Replace("Flag/", "EpisodeOfCare/"))).ShouldBeRefusedAsync(400);
        await (await server.Lancashire.TryAsync(next.Replace("Flag/_history", "Flag"))).ShouldBeRefusedAsync(400);
        await (await server.Lancashire.TryAsync(next + "x")).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task The_record_of_a_history_names_every_version_it_showed()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        await PutAsync("EpisodeOfCare/" + episode, (plan with { End = server.Today.AddDays(5) }).Episode());

        await server.Lancashire.GetOkAsync($"EpisodeOfCare/{episode}/_history");

        var entry = (await server.Auditor.GetOkAsync(
            $"AuditEvent?patient={plan.Number}&subtype=history-instance")).All("AuditEvent").Single();
        entry.ToJsonString().Should().Contain($"EpisodeOfCare/{episode}/_history/1")
            .And.Contain($"EpisodeOfCare/{episode}/_history/2");
    }

    [Fact]
    public async Task A_councils_record_of_a_person_keeps_its_versions()
    {
        var plan = Plan;
        await PutAsync("Patient/" + plan.Number, plan.Patient());
        await PutAsync("Patient/" + plan.Number, (plan with { Family = "Sedgewick" }).Patient());

        var history = await server.Lancashire.GetOkAsync($"Patient/{plan.Number}/_history");
        history.All("Patient").Select(p => p["name"]![0]!.Text("family")).Should().Equal("Sedgewick", plan.Family);
        (await server.Lancashire.GetOkAsync($"Patient/{plan.Number}/_history/1"))["name"]![0]!.Text("family").Should()
            .Be(plan.Family);
        await (await server.Leeds.TryAsync($"Patient/{plan.Number}/_history/1")).ShouldBeRefusedAsync(404);
        await (await server.Leeds.TryAsync($"Patient/{plan.Number}/_history")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task An_organisation_keeps_its_versions_and_is_deleted_only_if_it_holds_nothing()
    {
        var registrar = server.As("sandbox-registrar");
        var trust = WriteOrganizationTests.Trust("ZZT81");
        await registrar.PostAsync(Url("Organization"), RunningServer.Json(trust));
        trust["name"] = "ZZ Renamed Trust";
        await registrar.PutAsync(Url("Organization/ZZT81"), RunningServer.Json(trust));

        ((int)(await registrar.DeleteAsync(Url("Organization/ZZT81"))).StatusCode).Should().Be(204);

        var gone = await server.Clinician.TryAsync("Organization/ZZT81");
        await gone.ShouldBeRefusedAsync(410);
        gone.Headers.ETag!.Tag.Should().Be("\"3\"");
        (await server.Clinician.GetOkAsync("Organization?name=ZZ%20Renamed")).Total().Should().Be(0);
        (await server.Clinician.GetOkAsync("Organization/ZZT81/_history/1")).Text("name").Should().Be("Invented Trust");
        await (await server.Clinician.TryAsync("Organization/ZZT81/_history/3")).ShouldBeRefusedAsync(410);
        (await server.Clinician.GetOkAsync("Organization/ZZT81/_history"))["entry"]!.AsArray()
            .Select(e => e!["request"]!.Text("method")).Should().Equal("DELETE", "PUT", "POST");
        (await server.Clinician.GetOkAsync("Organization/_history?_count=2"))["entry"]!.AsArray().Count.Should().Be(2);
        await (await server.Clinician.TryAsync("Organization/NOBODY/_history")).ShouldBeRefusedAsync(404);

        var again = await registrar.PostAsync(Url("Organization"), RunningServer.Json(trust));
        ((int)again.StatusCode, again.Headers.ETag!.Tag).Should().Be((201, "\"4\""));
        await server.SubmitAsync(Plan);
        await (await registrar.DeleteAsync(Url("Organization/ZZ001"))).ShouldBeRefusedAsync(422);
        await (await server.Lancashire.DeleteAsync(Url("Organization/ZZ001"))).ShouldBeRefusedAsync(403);
    }

    private string Instant() => Uri.EscapeDataString(PlanJson.Instant(server.Clock.GetUtcNow()));

    private static Uri Url(string relative) => new(relative, UriKind.Relative);

    private static string? Next(JsonNode page) =>
        page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");

    private async Task PutAsync(string url, JsonObject body) =>
        ((int)(await server.Lancashire.PutAsync(Url(url), RunningServer.Json(body))).StatusCode)
            .Should().BeOneOf(200, 201);
}
