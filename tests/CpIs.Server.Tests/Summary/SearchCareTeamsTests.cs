using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Summary;

/// <summary>
/// NHS England's 2023 design replayed: its two requests with its parameters and headers, its errors, its empty answer.
/// https://simplifier.net/guide/Child-Protection---Information-Sharing--CP-IS--API-Consumer-Impl
/// </summary>
public sealed class SearchCareTeamsTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string NhsNumber = "https://fhir.nhs.uk/Id/nhs-number|";

    [Fact]
    public async Task A_plan_is_a_care_team_with_kind_council_period_and_both_telephones()
    {
        var plan = await HeldAsync();

        var answer = await AskAsync($"CareTeam?patient:identifier={NhsNumber}{plan.Number}");
        var body = await answer.BodyAsync();

        body.Total().Should().Be(1);
        var team = body.All("CareTeam").Single();
        team["category"]![0]!["coding"]![0]!.Text("code").Should().Be("342191000000101");
        team.Text("name").Should().Be("Lancashire County Council");
        team.Text("status").Should().Be("active");
        team["subject"]!["identifier"]!.Text("value").Should().Be(plan.Number);
        team["period"]!.Text("start").Should().Be(CpIs.Fhir.PlanJson.Day(plan.Start));
        team["telecom"]!.AsArray().Select(t => t!.Text("use")).Should().BeEquivalentTo("work", "mobile");
        CpIs.Fhir.Profiles.Load().Check(System.Text.Encoding.UTF8.GetBytes(team.ToJsonString()), "CareTeam")
            .Where(i => i.Severity is CpIs.Fhir.IssueSeverity.Error or CpIs.Fhir.IssueSeverity.Fatal)
            .Should().BeEmpty();
        answer.Headers.GetValues("TraceID").Should().Equal("b2acfb2c-c40e-4f9a-8916-950a2e86fc4e");
    }

    [Fact]
    public async Task An_ended_plan_is_an_inactive_care_team_with_its_end()
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(-100), End = server.Today.AddDays(-3), Status = "finished",
        };
        await server.SubmitAsync(plan);

        var team = (await server.Clinician.GetOkAsync($"CareTeam?patient={plan.Number}")).All("CareTeam").Single();

        team.Text("status").Should().Be("inactive");
        team["period"]!.Text("end").Should().Be(CpIs.Fhir.PlanJson.Day(plan.End!.Value));
    }

    [Fact]
    public async Task The_access_history_is_asked_with_the_malformed_include_of_the_guide()
    {
        var plan = await HeldAsync();

        var answer = await AskAsync($"AuditEvent?patient:identifier={NhsNumber}{plan.Number}"
            + "&_include=AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED");
        var body = await answer.BodyAsync();

        body.Total().Should().Be(1);
        body.All("PractitionerRole").Should().ContainSingle();
    }

    [Theory]
    [InlineData("CareTeam")]
    [InlineData("AuditEvent")]
    public async Task What_is_answered_whole_names_no_page_in_self_and_says_that_it_is_asked_by_patient(string type)
    {
        var plan = await HeldAsync();
        var search = $"{type}?patient:identifier={NhsNumber}{plan.Number}";

        var answer = await (await AskAsync(search + "&_count=1")).BodyAsync();
        var refused = await (await AskAsync(search + "&date=ge2020")).ShouldBeRefusedAsync(400);

        answer["link"]![0]!.Text("url").Should().Contain(plan.Number).And.NotContain("_count");
        refused.Diagnostics().Should().Equal($"This search of {type} is by the patient alone, without date.");
    }

    [Fact]
    public async Task The_malformed_include_is_accepted_nowhere_else()
    {
        var plan = await HeldAsync();

        await (await AskAsync($"CareTeam?patient:identifier={NhsNumber}{plan.Number}"
            + "&_include=AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED"))
            .ShouldBeRefusedAsync(400);
    }

    [Theory]
    [InlineData("CareTeam")]
    [InlineData("AuditEvent")]
    public async Task No_record_found_is_a_searchset_of_total_0(string type)
    {
        var body = await (await AskAsync($"{type}?patient:identifier={NhsNumber}{InventedPlan.NewNumber()}"))
            .BodyAsync();

        body.Text("resourceType").Should().Be("Bundle");
        body.Text("type").Should().Be("searchset");
        body.Total().Should().Be(0);
        body.All(type).Should().BeEmpty();
    }

    [Theory]
    [InlineData("CareTeam")]
    [InlineData("AuditEvent")]
    public async Task An_invalid_number_is_refused_in_the_codes_of_the_guide(string type)
    {
        var refusal = await (await AskAsync($"{type}?patient:identifier={NhsNumber}9000000000"))
            .ShouldBeRefusedAsync(400);

        Issue(refusal).Should().Be(("error", "invalid", "INVALID_SEARCH_DATA", "Invalid NHS number"));
    }

    [Theory]
    [InlineData("CareTeam")]
    [InlineData("AuditEvent")]
    public async Task A_bad_header_is_refused_in_the_codes_of_the_guide(string type)
    {
        var answer = await AskAsync($"{type}?patient:identifier={NhsNumber}{InventedPlan.NewNumber()}", "perhaps");

        var (severity, code, detail, _) = Issue(await answer.ShouldBeRefusedAsync(400));
        (severity, code, detail).Should().Be(("error", "invalid", "PRECONDITION_FAILED"));
    }

    [Theory]
    [InlineData("CareTeam", "sandbox-council-lancashire")]
    [InlineData("AuditEvent", "sandbox-epr-system")]
    public async Task Who_may_not_ask_is_refused_in_the_codes_of_the_guide(string type, string persona)
    {
        var answer = await server.As(persona).TryAsync(
            $"{type}?patient:identifier={NhsNumber}{InventedPlan.NewNumber()}");

        var (severity, code, detail, _) = Issue(await answer.ShouldBeRefusedAsync(403));
        (severity, code, detail).Should().Be(("error", "forbidden", "ACCESS_DENIED"));
    }

    private async Task<InventedPlan> HeldAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-100) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private async Task<HttpResponseMessage> AskAsync(string url, string unscheduled = "true")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Add("TraceID", "b2acfb2c-c40e-4f9a-8916-950a2e86fc4e");
        request.Headers.Add("IsUnscheduledAccessEvent", unscheduled);
        return await server.Clinician.SendAsync(request);
    }

    private static (string, string, string, string) Issue(System.Text.Json.Nodes.JsonNode outcome)
    {
        var issue = outcome["issue"]![0]!;
        return (issue.Text("severity"), issue.Text("code"), issue["details"]!["coding"]![0]!.Text("code"),
            issue.Text("diagnostics"));
    }
}
