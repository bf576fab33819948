using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>What a council may change, and every way in which it is told no.</summary>
public sealed class WritePlanTests(RunningServer server) : IClassFixture<RunningServer>
{
    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task An_episode_without_a_flag_gets_its_flag_in_the_same_commit()
    {
        var plan = Plan;
        await PutPatientAsync(plan);

        var answer = await server.Lancashire.PostAsync(Url("EpisodeOfCare"), RunningServer.Json(plan.Episode()));

        answer.StatusCode.Should().Be(HttpStatusCode.Created);
        answer.Headers.ETag!.ToString().Should().Be("W/\"1\"");
        var flags = (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).All("Flag");
        flags.Should().ContainSingle().Which.Text("status").Should().Be("active");
        var second = await server.Lancashire.PostAsync(
            Url("Flag"), RunningServer.Json(plan.Flag("EpisodeOfCare/" + (await answer.BodyAsync()).Text("id"))));
        (await second.ShouldBeRefusedAsync(422)).Diagnostics().Single().Should().Contain("Flag/" + flags[0].Text("id"));
    }

    [Fact]
    public async Task Ending_the_episode_ends_the_flag_and_both_keep_their_history()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);
        var ended = plan with { End = server.Today, Status = "finished" };

        var answer = await server.Lancashire
            .PutAsync(Url("EpisodeOfCare/" + episode), RunningServer.Json(ended.Episode()));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        var seen = await server.Clinician.GetOkAsync("Flag/" + flag);
        seen.Text("status").Should().Be("inactive");
        seen["meta"]!.Text("versionId").Should().Be("2");
        seen["period"]!.Text("end").Should().Be(PlanJson.Day(server.Today));
        (await server.Lancashire.GetOkAsync($"Flag/{flag}/_history/1")).Text("status").Should().Be("active");
        (await server.Lancashire.GetOkAsync($"EpisodeOfCare/{episode}/_history/1")).Text("status").Should()
            .Be("active");
        await (await server.Lancashire.TryAsync($"EpisodeOfCare/{episode}/_history/3")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task The_same_content_keeps_its_version()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);

        var answer = await server.Lancashire
            .PutAsync(Url("EpisodeOfCare/" + episode), RunningServer.Json(plan.Episode()));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Headers.ETag!.ToString().Should().Be("W/\"1\"");
    }

    [Fact]
    public async Task Of_two_parallel_updates_with_one_If_Match_one_wins_and_one_is_stale()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        using var council = server.Lancashire;
        council.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", "W/\"1\"");

        var answers = await Task.WhenAll(new[] { 20, 30 }.Select(days => council.PutAsync(
            Url("EpisodeOfCare/" + episode),
            RunningServer.Json((plan with { End = server.Today.AddDays(days) }).Episode()))));

        answers.Select(a => (int)a.StatusCode).Should().BeEquivalentTo([200, 412]);
    }

    [Fact]
    public async Task A_deleted_plan_is_gone_for_its_owner_and_absent_for_health()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);

        var answer = await server.Lancashire.DeleteAsync(Url("Flag/" + flag));

        answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        var gone = await server.Lancashire.TryAsync("EpisodeOfCare/" + episode);
        await gone.ShouldBeRefusedAsync(410);
        gone.Headers.ETag!.ToString().Should().Be("W/\"2\"");
        await (await server.Lancashire.TryAsync($"Flag/{flag}/_history/2")).ShouldBeRefusedAsync(410);
        (await server.Lancashire.GetOkAsync($"Flag/{flag}/_history/1")).Text("status").Should().Be("active");
        await (await server.Clinician.TryAsync("Flag/" + flag)).ShouldBeRefusedAsync(404);
        await (await server.Clinician.TryAsync($"Flag/{flag}/_history/1")).ShouldBeRefusedAsync(404);
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
    }

    [Fact]
    public async Task R5_entered_in_error_hides_at_once_and_the_owner_still_reads_it()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);

        var answer = await server.Lancashire.PutAsync(
            Url("EpisodeOfCare/" + episode), RunningServer.Json((plan with { Status = "entered-in-error" }).Episode()));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await server.Lancashire.GetOkAsync("Flag/" + flag)).Text("status").Should().Be("entered-in-error");
        await (await server.Clinician.TryAsync("EpisodeOfCare/" + episode)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task R7_another_councils_plan_is_as_absent_as_none()
    {
        var plan = Plan;
        var (episode, flag) = await server.SubmitAsync(plan);
        var none = Guid.NewGuid().ToString();
        foreach (var (type, id, body) in new[]
        {
            ("EpisodeOfCare", episode, plan.OfLeeds().Episode()),
            ("Flag", flag, plan.OfLeeds().Flag("EpisodeOfCare/" + episode)),
        })
        {
            var reads = new[] { await server.Leeds.TryAsync($"{type}/{id}"), await server.Leeds
                .TryAsync($"{type}/{none}") };
            var puts = new[]
            {
                await server.Leeds.PutAsync(Url($"{type}/{id}"), RunningServer.Json(body)),
                await server.Leeds.PutAsync(Url($"{type}/{none}"), RunningServer.Json(body)),
            };
            foreach (var pair in new[] { reads, puts })
            {
                var texts = new[] { await pair[0].ShouldBeRefusedAsync(404), await pair[1].ShouldBeRefusedAsync(404) };
                texts[0].ToJsonString().Should().Be(texts[1].ToJsonString());
            }

            await (await server.Leeds.DeleteAsync(Url($"{type}/{id}"))).ShouldBeRefusedAsync(404);
        }

        (await server.Lancashire.GetOkAsync("Flag/" + flag))["meta"]!.Text("versionId").Should().Be("1");
        (await server.Leeds.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
    }

    [Fact]
    public async Task R7_Leeds_creates_the_person_Lancashire_has_and_sees_nothing_of_Lancashires()
    {
        var plan = Plan;
        await server.SubmitAsync(plan);

        var answer = await server.Leeds.PutAsync(
            Url("Patient/" + plan.Number), RunningServer.Json((plan with { Family = "Otherham" }).Patient()));

        answer.StatusCode.Should().Be(HttpStatusCode.Created);
        (await answer.Content.ReadAsStringAsync()).Should().NotContain(plan.Family);
        (await server.Leeds.GetOkAsync("Patient/" + plan.Number))["name"]![0]!.Text("family").Should().Be("Otherham");
        (await server.Lancashire.GetOkAsync("Patient/" + plan.Number))["name"]![0]!.Text("family").Should()
            .Be(plan.Family);
        (await server.Leeds.GetOkAsync($"EpisodeOfCare?patient={plan.Number}")).Total().Should().Be(0);
        (await server.Clinician.GetOkAsync("Patient/" + plan.Number))["name"]![0]!.Text("family").Should()
            .Be(plan.Family);
    }

    [Fact]
    public async Task A_plan_in_anothers_name_is_refused()
    {
        var plan = Plan;
        await PutPatientAsync(plan);
        var forgedOwner = plan.Episode();
        forgedOwner["managingOrganization"] = new JsonObject { ["reference"] = "Organization/ZZ002" };
        var forgedRow = (plan with { Council = "ZZ002" }).Episode();

        foreach (var forged in new[] { forgedOwner, forgedRow })
        {
            await (await server.Lancashire.PostAsync(Url("EpisodeOfCare"), RunningServer.Json(forged)))
                .ShouldBeRefusedAsync(422);
        }
    }

    public static TheoryData<string, string> Spoilt => new()
    {
        { "number", "EpisodeOfCare.patient" },
        { "kind", "EpisodeOfCare.type" },
        { "end before start", "EpisodeOfCare.period" },
        { "abuse category", "EpisodeOfCare" },
        { "narrative", "EpisodeOfCare.text" },
        { "diagnosis", "EpisodeOfCare.diagnosis" },
        { "no identifier", "EpisodeOfCare" },
        { "status against dates", "EpisodeOfCare.status" },
        { "start too far ahead", "EpisodeOfCare.period.start" },
    };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public async Task A_spoilt_episode_is_refused_with_its_place_and_nothing_is_kept(string fault, string place)
    {
        var plan = Plan;
        await PutPatientAsync(plan);
        var episode = (fault switch
        {
            "number" => plan with { Number = "9990000019" },
            "end before start" => plan with { End = plan.Start.AddDays(-1), Status = "finished" },
            "status against dates" => plan with { Status = "planned" },
            "start too far ahead" => plan with { Start = server.Today.AddDays(32), Status = "planned" },
            _ => plan,
        }).Episode();
        Spoil(episode, fault);

        var answer = await server.Lancashire.PostAsync(Url("EpisodeOfCare"), RunningServer.Json(episode));

        var outcome = await answer.ShouldBeRefusedAsync(422);
        outcome["issue"]!.AsArray().Should().Contain(i => i!["expression"]![0]!.GetValue<string>().StartsWith(place));
        outcome.ToJsonString().Should().NotContain("9990000019");
        (await server.Lancashire.GetOkAsync($"EpisodeOfCare?patient={plan.Number}")).Total().Should().Be(0);
    }

    [Fact]
    public async Task Nobody_is_born_tomorrow()
    {
        var plan = Plan with { BirthDate = server.Today.AddDays(1) };

        var refused = await (await server.Lancashire.PutAsync(
            Url("Patient/" + plan.Number), RunningServer.Json(plan.Patient()))).ShouldBeRefusedAsync(422);

        refused["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().Be("Patient.birthDate");
        await PutPatientAsync(plan with { BirthDate = server.Today });
    }

    [Fact]
    public async Task A_flag_that_disagrees_with_its_episode_refuses_the_whole_transaction()
    {
        var plan = Plan;
        var bundle = plan.Bundle();
        bundle["entry"]![2]!["resource"]!["period"]!["start"] = PlanJson.Day(plan.Start.AddDays(1));

        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(bundle));

        var outcome = await answer.ShouldBeRefusedAsync(422);
        outcome["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().Be("Bundle.entry[2].resource.period");
        await (await server.Lancashire.TryAsync("Patient/" + plan.Number)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task A_second_current_plan_of_one_kind_is_refused_but_twins_are_not()
    {
        var plan = Plan;
        await server.SubmitAsync(plan);
        var again = await server.Lancashire.PostAsync(
            Url("EpisodeOfCare"), RunningServer.Json((plan with { RowId = plan.RowId + "-B" }).Episode()));
        (await again.ShouldBeRefusedAsync(422)).Codes().Should().Equal("OVERLAP");

        var twin = Plan with { Kind = PlanKind.Unborn, Due = server.Today.AddDays(60), BirthDate = new(1999, 1, 1) };
        await server.SubmitAsync(twin);
        await server.SubmitAsync(twin with { RowId = twin.RowId + "-B" });
        var seen = await server.Clinician.GetOkAsync($"Flag?patient={twin.Number}");
        seen.Total().Should().Be(2);
        seen.Diagnostics().Should().Equal("Concerns the unborn or newborn baby of this person.");
    }

    [Fact]
    public async Task If_None_Exist_makes_a_plan_once_however_often_and_at_once_it_is_sent()
    {
        var plan = Plan;
        var bundle = plan.Bundle();
        foreach (var entry in bundle["entry"]!.AsArray().Skip(1))
        {
            entry!["request"]!["ifNoneExist"] = $"identifier={Systems.CouncilPlan}ZZ001|{plan.RowId}";
        }

        using var council = server.Lancashire;
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => council.PostAsync(server.Base, RunningServer.Json(bundle.ToJsonString()))));

        var statuses = new List<string>();
        foreach (var answer in answers)
        {
            statuses.Add((await answer.BodyAsync())["entry"]![1]!["response"]!.Text("status"));
        }

        statuses.Count(s => s == "201 Created").Should().Be(1);
        statuses.Count(s => s == "200 OK").Should().Be(15);
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);
        bundle["entry"]![1]!["request"]!["ifNoneExist"] = "status=active";
        await (await council.PostAsync(server.Base, RunningServer.Json(bundle))).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task R9_a_plans_number_never_changes()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);
        var other = Plan;
        await PutPatientAsync(other);

        var answer = await server.Lancashire.PutAsync(
            Url("EpisodeOfCare/" + episode), RunningServer.Json((plan with { Number = other.Number }).Episode()));

        (await answer.ShouldBeRefusedAsync(422)).Codes().Should().Equal("NUMBER_CHANGED");
    }

    [Fact]
    public async Task R6_a_plan_of_an_adult_is_refused_and_an_unborn_plan_of_an_adult_is_not()
    {
        var adult = Plan with { BirthDate = server.Today.AddYears(-18) };
        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(adult.Bundle()));
        (await answer.ShouldBeRefusedAsync(422)).Codes().Should().Equal("OVER_AGE");

        await server.SubmitAsync(adult with { Kind = PlanKind.Unborn });
    }

    [Fact]
    public async Task R3_a_childs_plan_ends_the_unborn_plan_it_follows_in_the_same_commit()
    {
        var unborn = Plan with { Kind = PlanKind.Unborn, BirthDate = new(1999, 1, 1), Due = server.Today };
        var (episode, _) = await server.SubmitAsync(unborn);
        var child = Plan with { Start = server.Today, BirthDate = server.Today.AddDays(-1), Follows = unborn.RowId };

        await server.SubmitAsync(child);

        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        ended["meta"]!.Text("versionId").Should().Be("2");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?entity=EpisodeOfCare/{episode}&action=U");
        trail.Total().Should().Be(1);
    }

    [Theory]
    [InlineData("not json", 400)]
    [InlineData("[]", 400)]
    [InlineData("{\"resourceType\":\"EpisodeOfCare\",\"resourceType\":\"EpisodeOfCare\"}", 400)]
    [InlineData("{\"resourceType\":\"EpisodeOfCare\",\"status\":\"\\u0000\"}", 400)]
    [InlineData("{\"resourceType\":\"EpisodeOfCare\",\"status\":\"\\ud800\"}", 400)]
    [InlineData("{\"resourceType\":\"EpisodeOfCare\"}", 422)]
    public async Task What_cannot_be_read_is_refused_as_such(string body, int status) =>
        await (await server.Lancashire.PostAsync(Url("EpisodeOfCare"), RunningServer.Json(body)))
            .ShouldBeRefusedAsync(status);

    [Theory]
    [InlineData(0, "", "The body is empty.")]
    [InlineData(0, "{\"status\":1,\"status\":2}", "The body has one member twice in the same object.")]
    [InlineData(70, "1", "The body is nested deeper than 64.")]
    [InlineData(63, "1", "A resource of type EpisodeOfCare is expected here.")]
    [InlineData(0, "{\"status\":", "The body is no JSON: line 1, byte 10.")]
    public async Task What_cannot_be_read_is_refused_in_words_that_say_why(int depth, string within, string why)
    {
        var body = string.Concat(Enumerable.Repeat("{\"a\":", depth)) + within + new string('}', depth);

        var refused = await server.Lancashire.PostAsync(Url("EpisodeOfCare"), RunningServer.Json(body));

        (await refused.BodyAsync()).Diagnostics().Should().Contain(why);
    }

    [Fact]
    public async Task Another_media_type_is_415_and_a_large_body_413()
    {
        using var text = new StringContent("hello");
        await (await server.Lancashire.PostAsync(Url("EpisodeOfCare"), text)).ShouldBeRefusedAsync(415);
        using var large = RunningServer.Json("{\"a\":\"" + new string('x', 10 * 1024 * 1024) + "\"}");
        await (await server.Lancashire.PostAsync(Url("EpisodeOfCare"), large)).ShouldBeRefusedAsync(413);
    }

    private static Uri Url(string relative) => new(relative, UriKind.Relative);

    private static void Spoil(JsonObject episode, string fault)
    {
        switch (fault)
        {
            case "kind":
                episode["type"]![0]!["coding"]![0]!["code"] = "371883000";
                break;
            case "abuse category":
                episode["extension"] = new JsonArray(new JsonObject
                {
                    ["url"] = "https://council.example/category-of-abuse", ["valueString"] = "neglect",
                });
                break;
            case "narrative":
                episode["text"] = new JsonObject
                {
                    ["status"] = "generated", ["div"] = "<div xmlns=\"http://www.w3.org/1999/xhtml\">story</div>",
                };
                break;
            case "diagnosis":
                episode["diagnosis"] = new JsonArray(new JsonObject
                {
                    ["condition"] = new JsonObject { ["reference"] = "Condition/1" },
                });
                break;
            case "no identifier":
                episode.Remove("identifier");
                break;
        }
    }

    private async Task PutPatientAsync(InventedPlan plan) =>
        (await server.As(plan.Persona).PutAsync(Url("Patient/" + plan.Number), RunningServer.Json(plan.Patient())))
            .IsSuccessStatusCode.Should().BeTrue();
}
