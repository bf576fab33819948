using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Tests.Organizations;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>Writes that name their resource by its identifier, and reads that ask only for what is new.</summary>
public sealed class ConditionalTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int Rounds = 20;
    private const int AtOnce = 64;

    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task An_update_by_identifier_changes_the_plan_that_has_it_and_makes_it_where_there_is_none()
    {
        var plan = Plan;
        await PutAsync("Patient/" + plan.Number, plan.Patient());

        var made = await PutAsync(By("EpisodeOfCare", plan), plan.Episode());
        var same = await PutAsync(By("EpisodeOfCare", plan), plan.Episode());
        var ended = (plan with { End = server.Today, Status = "finished" }).Episode();
        var changed = await PutAsync(By("EpisodeOfCare", plan), ended);

        new[] { made, same, changed }.Select(a => (int)a.StatusCode).Should().Equal(201, 200, 200);
        new[] { made, same, changed }.Select(a => a.Headers.ETag!.Tag).Should().Equal("\"1\"", "\"1\"", "\"2\"");
        var id = (await made.BodyAsync()).Text("id");
        (await changed.BodyAsync()).Text("id").Should().Be(id);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + id)).Text("status").Should().Be("finished");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?entity=EpisodeOfCare/{id}&action=C,U");
        trail.Total().Should().Be(3);
    }

    [Fact]
    public async Task A_flag_is_updated_by_its_plans_identifier()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);

        var answer = await PutAsync(By("Flag", plan), plan.Flag("EpisodeOfCare/" + episode));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await answer.BodyAsync()).Text("id").Should().Be(flag);
        var none = Plan;
        await (await PutAsync(By("Flag", none), none.Flag("EpisodeOfCare/" + episode))).ShouldBeRefusedAsync(422);
    }

    [Fact]
    public async Task The_id_in_the_body_must_be_that_of_the_plan_found()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        var body = plan.Episode();
        body["id"] = episode;
        (await PutAsync(By("EpisodeOfCare", plan), body)).StatusCode.Should().Be(HttpStatusCode.OK);

        body["id"] = Guid.NewGuid().ToString();
        await (await PutAsync(By("EpisodeOfCare", plan), body)).ShouldBeRefusedAsync(400);

        var none = Plan;
        await PutAsync("Patient/" + none.Number, none.Patient());
        var absent = none.Episode();
        absent["id"] = Guid.NewGuid().ToString();
        await (await PutAsync(By("EpisodeOfCare", none), absent)).ShouldBeRefusedAsync(404);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?status=active")]
    [InlineData("?identifier=ROW-1")]
    [InlineData("?identifier=https://fhir.cpis.example/Id/council-plan/ZZ001|ANOTHER")]
    [InlineData("?identifier={id}&status=active")]
    [InlineData("?identifier={id}&identifier={id}")]
    public async Task Any_other_condition_is_refused(string condition)
    {
        var plan = Plan;
        await server.SubmitAsync(plan);
        var url = "EpisodeOfCare" + condition.Replace("{id}", Identifier(plan), StringComparison.Ordinal);

        await (await PutAsync(url, plan.Episode())).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task R7_another_councils_identifier_finds_nothing_and_makes_nothing()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        var none = Plan;
        foreach (var theirs in new[] { plan, none })
        {
            using var leeds = server.Leeds;
            var answer = await leeds.PutAsync(Url(By("EpisodeOfCare", theirs)), RunningServer.Json(theirs.Episode()));
            (await answer.ShouldBeRefusedAsync(422)).Codes().Should().Equal("ACCESS_DENIED");
        }

        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode))["meta"]!.Text("versionId").Should().Be("1");
    }

    [Fact]
    public async Task An_update_by_identifier_honours_If_Match()
    {
        var plan = Plan;
        await server.SubmitAsync(plan);
        using var council = server.Lancashire;
        council.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", "W/\"9\"");

        await (await council.PutAsync(Url(By("EpisodeOfCare", plan)), RunningServer.Json(plan.Episode())))
            .ShouldBeRefusedAsync(412);
    }

    [Fact]
    public async Task Of_sixty_four_conditional_creates_at_once_one_makes_the_plan_and_all_answer_with_it()
    {
        using var council = server.Lancashire;
        for (var round = 0; round < Rounds; round++)
        {
            var plan = Plan;
            await PutAsync("Patient/" + plan.Number, plan.Patient());

            var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => CreateOnceAsync(council, plan)));

            answers.Count(a => a.Status == 201).Should().Be(1);
            answers.Count(a => a.Status == 200).Should().Be(AtOnce - 1);
            answers.Select(a => a.Id).Distinct().Should().ContainSingle();
        }
    }

    [Fact]
    public async Task A_person_is_created_once_and_updated_by_number()
    {
        var plan = Plan;
        var condition = $"identifier={Systems.NhsNumber}|{plan.Number}";

        var made = await CreateOnceAsync(server.Lancashire, "Patient", plan.Patient(), condition);
        var held = await CreateOnceAsync(
            server.Lancashire, "Patient", (plan with { Family = "Other" }).Patient(), condition);
        var put = await PutAsync("Patient?" + condition, (plan with { Family = "Sedgewick" }).Patient());

        (made.Status, held.Status, (int)put.StatusCode).Should().Be((201, 200, 200));
        (await server.Lancashire.GetOkAsync("Patient/" + plan.Number))["name"]![0]!.Text("family").Should()
            .Be("Sedgewick");
        put.Headers.ETag!.Tag.Should().Be("\"2\"");
        await (await PutAsync("Patient?identifier=" + plan.Number, plan.Patient())).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task An_organisation_is_created_once_and_updated_by_its_ODS_code()
    {
        const string Condition = "identifier=" + Systems.Ods + "|ZZT77";
        var registrar = server.As("sandbox-registrar");

        var made = await CreateOnceAsync(registrar, "Organization", WriteOrganizationTests.Trust("ZZT77"), Condition);
        var held = await CreateOnceAsync(registrar, "Organization", WriteOrganizationTests.Trust("ZZT77"), Condition);
        var renamed = WriteOrganizationTests.Trust("ZZT77");
        renamed["name"] = "ZZ Renamed Trust";
        var put = await registrar.PutAsync(Url("Organization?" + Condition), RunningServer.Json(renamed));
        var other = await registrar.PutAsync(Url("Organization?identifier=" + Systems.Ods + "|ZZT78"),
            RunningServer.Json(WriteOrganizationTests.Trust("ZZT78")));

        (made.Status, held.Status, (int)put.StatusCode, (int)other.StatusCode).Should().Be((201, 200, 200, 201));
        (await server.Clinician.GetOkAsync("Organization/ZZT77")).Text("name").Should().Be("ZZ Renamed Trust");
    }

    [Fact]
    public async Task A_subscription_cannot_be_created_conditionally()
    {
        using var council = server.Lancashire;
        council.DefaultRequestHeaders.TryAddWithoutValidation("If-None-Exist", "criteria=x");

        await (await council.PostAsync(Url("Subscription"), RunningServer.Json("{}"))).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task What_has_not_changed_is_not_sent_again_and_still_recorded()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);
        using var doctor = server.Clinician;
        var modified = (await doctor.TryAsync("Flag/" + flag)).Content.Headers.LastModified!.Value;

        foreach (var (name, value, status) in new[]
        {
            ("If-None-Match", "W/\"1\"", 304), ("If-None-Match", "W/\"7\", W/\"1\"", 304), ("If-None-Match", "*", 304),
            ("If-None-Match", "W/\"2\"", 200), ("If-Modified-Since", modified.ToString("R"), 304),
            ("If-Modified-Since", modified.AddSeconds(-1).ToString("R"), 200), ("If-Modified-Since", "yesterday", 200),
        })
        {
            var id = Guid.NewGuid().ToString();
            using var request = new HttpRequestMessage(HttpMethod.Get, "Flag/" + flag);
            request.Headers.TryAddWithoutValidation(name, value);
            request.Headers.Add("X-Request-ID", id);

            ((int)(await doctor.SendAsync(request)).StatusCode).Should().Be(status, $"{name}: {value}");
            (await Ledger.OfRequestAsync(server, id)).Should().Equal((200, 0));
        }

        await PutAsync("EpisodeOfCare/" + episode, (plan with { End = server.Today.AddDays(9) }).Episode());
        using var again = new HttpRequestMessage(HttpMethod.Get, "Flag/" + flag);
        again.Headers.IfModifiedSince = modified;
        (await doctor.SendAsync(again)).StatusCode.Should().Be(HttpStatusCode.OK, "both may be of one second");
    }

    private static string Identifier(InventedPlan plan) => $"{Systems.CouncilPlan}{plan.Council}|{plan.RowId}";

    private static string By(string type, InventedPlan plan) => $"{type}?identifier={Identifier(plan)}";

    private static Uri Url(string relative) => new(relative, UriKind.Relative);

    private static Task<(int Status, string Id)> CreateOnceAsync(HttpClient council, InventedPlan plan) =>
        CreateOnceAsync(council, "EpisodeOfCare", plan.Episode(), "identifier=" + Identifier(plan));

    private static async Task<(int Status, string Id)> CreateOnceAsync(
        HttpClient client, string type, JsonObject body, string condition)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, type) { Content = RunningServer.Json(body) };
        request.Headers.TryAddWithoutValidation("If-None-Exist", condition);
        var answer = await client.SendAsync(request);
        var text = await answer.BodyAsync();
        return ((int)answer.StatusCode, text["id"]?.GetValue<string>() ?? text.ToJsonString());
    }

    private async Task<HttpResponseMessage> PutAsync(string url, JsonObject body)
    {
        using var council = server.Lancashire;
        return await council.PutAsync(Url(url), RunningServer.Json(body));
    }
}
