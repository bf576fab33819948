using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;
using static CpIs.Server.Tests.InventedQuestion;

namespace CpIs.Server.Tests.Summary;

/// <summary>The clinician's one call: what it shows, what it says beside, what it leaves in the record.</summary>
public sealed class ShowSummaryTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task One_call_shows_plan_person_council_with_telephones_and_history()
    {
        var plan = await HeldAsync();

        var answer = await AskAsync(Parameters(plan.Number));

        answer.Text("type").Should().Be("searchset");
        answer.Total().Should().Be(1);
        Modes(answer).Should().Equal("match Flag", "include EpisodeOfCare", "include Patient", "include Organization",
            "include AuditEvent", "include PractitionerRole", "include Observation", "outcome OperationOutcome");
        answer.All("Organization").Single()["telecom"]!.AsArray().Select(t => t!.Text("use"))
            .Should().BeEquivalentTo("work", "mobile");
        answer.All("Patient").Single()["identifier"]!.AsArray().Should().ContainSingle("health sees no council ids");
        answer.Codes().Should().Equal("FRESHNESS", "COVERAGE", "UNSCHEDULED");
    }

    [Fact]
    public async Task Without_a_visible_plan_there_is_no_person_and_no_history_but_the_words()
    {
        var answer = await AskAsync(Parameters(InventedPlan.NewNumber()));

        answer.Total().Should().Be(0);
        Modes(answer).Should().Equal("outcome OperationOutcome");
        answer.Codes().Should().Equal("NO_RECORD_HELD", "UNSCHEDULED");
    }

    [Theory]
    [InlineData("2018-04-05", "Thistlewood", false)]
    [InlineData("2018-04-05", "thistle-wóod", false)]
    [InlineData("2018-04-06", "Thistlewood", true)]
    [InlineData("2018-04-05", "Thistlewould", true)]
    public async Task A_differing_name_or_birth_date_is_said_first(string born, string family, bool differs)
    {
        var plan = await HeldAsync();

        var answer = await AskAsync(Parameters(plan.Number, born: born, family: family));

        answer.Codes().Contains("IDENTITY_DIFFERS").Should().Be(differs);
        (answer.Codes()[0] == "IDENTITY_DIFFERS").Should().Be(differs);
        answer.Total().Should().Be(1, "a differing name must not hide a plan");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(90, true)]
    [InlineData(91, false)]
    [InlineData(-1, false)]
    public async Task A_newborns_empty_answer_points_to_the_mother(int age, bool told)
    {
        var born = PlanJson.Day(server.Today.AddDays(-age));

        var answer = await AskAsync(Parameters(InventedPlan.NewNumber(), born: born));

        answer.Diagnostics().Contains(Words.LookUpMother).Should().Be(told);
    }

    [Fact]
    public async Task With_the_mothers_number_both_are_looked_up_and_both_looks_are_recorded()
    {
        var mother = new InventedPlan
        {
            Start = server.Today.AddDays(-20), Due = server.Today.AddDays(2), Kind = PlanKind.Unborn,
            BirthDate = new(1998, 5, 6),
        };
        await server.SubmitAsync(mother);
        var child = InventedPlan.NewNumber();

        var answer = await AskAsync(Parameters(child, mother: mother.Number));

        answer.Total().Should().Be(1);
        answer.Codes().Should().Contain("CONCERNS_UNBORN").And.Contain("NO_RECORD_HELD");
        foreach (var number in (string[])[child, mother.Number])
        {
            (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&subtype=operation")).Total().Should().Be(1);
        }
    }

    [Fact]
    public async Task A_school_nurses_summary_is_silent_and_says_so()
    {
        var plan = await HeldAsync();

        var answer = await AskAsync(Parameters(plan.Number), "sandbox-school-nurse");

        answer.Codes().Should().Contain("SCHEDULED");
        answer.All("AuditEvent").Should().BeEmpty();
    }

    [Fact]
    public async Task R7_two_councils_are_both_shown_and_the_reader_is_told_to_contact_both()
    {
        var plan = await HeldAsync();
        await server.SubmitAsync(plan.OfLeeds() with { Start = server.Today.AddDays(-5) });

        var answer = await AskAsync(Parameters(plan.Number));

        answer.Total().Should().Be(2);
        answer.All("Flag")[0]["author"]!.Text("reference").Should().Be("Organization/ZZ002", "newest start first");
        answer.All("Organization").Should().HaveCount(2);
        answer.Diagnostics().Should().Contain(Words.TwoCouncils);
        answer.Codes().Count(c => c == "FRESHNESS").Should().Be(2);
    }

    public static TheoryData<string, JsonObject> NoQuestions()
    {
        var number = InventedPlan.NewNumber();
        var twice = Parameters(number);
        twice["parameter"]!.AsArray().Add(Identifier("nhsNumber", number));
        var text = Parameters(number);
        text["parameter"]![0] = new JsonObject { ["name"] = "nhsNumber", ["valueString"] = number };
        var unknown = Parameters(number);
        unknown["parameter"]!.AsArray().Add(new JsonObject { ["name"] = "postcode", ["valueString"] = "ZZ99 9ZZ" });
        return new()
        {
            { "another resource", new JsonObject { ["resourceType"] = "Patient" } },
            { "no number", new JsonObject { ["resourceType"] = "Parameters" } },
            { "a number as text", text },
            { "a bad check digit", Parameters("9990000019") },
            { "half a date", Parameters(number, born: "2020") },
            { "a number twice", twice },
            { "her own mother", Parameters(number, mother: number) },
            { "an unknown parameter", unknown },
        };
    }

    [Theory]
    [MemberData(nameof(NoQuestions))]
    public async Task A_body_that_is_no_such_question_is_refused(string why, JsonObject body)
    {
        var answer = await server.Clinician.PostAsync(
            new Uri(server.Base, "Patient/$child-protection-summary"), RunningServer.Json(body));

        ((int)answer.StatusCode).Should().Be(400, why);
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_is_refused()
    {
        var answer = await server.Clinician.PostAsync(
            new Uri(server.Base, "Patient/$child-protection-summary"), RunningServer.Json("not json"));

        await answer.ShouldBeRefusedAsync(400);
    }

    [Theory]
    [InlineData("?_summary=count")]
    [InlineData("?nhsNumber=9990000018")]
    public async Task A_question_in_the_URL_is_refused_and_not_passed_over(string query)
    {
        var body = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject
            {
                ["name"] = "nhsNumber",
                ["valueIdentifier"] = new JsonObject
                {
                    ["system"] = "https://fhir.nhs.uk/Id/nhs-number", ["value"] = InventedPlan.NewNumber(),
                },
            }),
        };

        await (await server.Clinician.PostAsync(new Uri(server.Base, "Patient/$child-protection-summary" + query),
            RunningServer.Json(body))).ShouldBeRefusedAsync(400);
        (await server.Clinician.PostAsync(new Uri(server.Base, "Patient/$child-protection-summary?_pretty=true"),
            RunningServer.Json(body))).IsSuccessStatusCode.Should().BeTrue();
    }

    [Fact]
    public async Task It_is_asked_by_POST_only_since_it_notifies()
    {
        (await server.Clinician.TryAsync("Patient/$child-protection-summary?nhsNumber=9990000018"))
            .IsSuccessStatusCode.Should().BeFalse();
    }

    private async Task<InventedPlan> HeldAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-100) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private async Task<JsonNode> AskAsync(JsonObject parameters, string persona = "sandbox-ed-clinician")
    {
        var answer = await server.As(persona).PostAsync(
            new Uri(server.Base, "Patient/$child-protection-summary"), RunningServer.Json(parameters));
        var body = await answer.BodyAsync();
        ((int)answer.StatusCode).Should().Be(200, body.ToJsonString());
        return body;
    }

    private static IEnumerable<string> Modes(JsonNode bundle) => bundle["entry"]!.AsArray()
        .Select(e => e!["search"]!.Text("mode") + " " + e["resource"]!.Text("resourceType"));
}
