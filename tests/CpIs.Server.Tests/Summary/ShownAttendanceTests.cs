using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Summary;

/// <summary>R20 over HTTP: reported by EPRs, counted in the clinician's summary.</summary>
public sealed class ShownAttendanceTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly Profiles Profiles = Profiles.Load();

    [Theory]
    [InlineData(365, 4, true)]
    [InlineData(366, 3, false)]
    public async Task R20_the_fourth_attendance_in_a_year_is_shown_as_many(int firstDaysAgo, int counted, bool high)
    {
        var plan = await PlanAsync();
        foreach (var daysAgo in new[] { firstDaysAgo, 100, 10, 1 })
        {
            await Encounter(plan, daysAgo).ReportAsync(server.Clinician);
        }

        var shown = await ShownAsync(plan, server.Clinician);

        shown["valueInteger"]!.GetValue<int>().Should().Be(counted);
        (shown["interpretation"] is not null).Should().Be(high);
        shown["focus"]!.AsArray().Should().HaveCount(counted);
        shown["referenceRange"]![0]!.Text("text").Should().StartWith("four-in-a-year, version 1");
    }

    [Theory]
    [InlineData(183, true)]
    [InlineData(184, false)]
    public async Task R20_another_organisation_is_told_by_its_own_rule(int firstDaysAgo, bool high)
    {
        var plan = await PlanAsync();
        foreach (var daysAgo in new[] { firstDaysAgo, 100, 10, 1 })
        {
            await Encounter(plan, daysAgo).ReportAsync(server.Clinician);
        }

        var shown = await ShownAsync(plan, server.Another("RW5"));

        (shown["interpretation"] is not null).Should().Be(high);
        shown["referenceRange"]![0]!.Text("text").Should().StartWith("leeds-four-in-six-months, version 1");
        (await ShownAsync(plan, server.Clinician))["interpretation"].Should().NotBeNull("its rule looks back a year");
    }

    [Fact]
    public async Task R20_two_organisations_a_follow_up_and_an_error_are_told_apart()
    {
        var plan = await PlanAsync();
        await Encounter(plan, 3).ReportAsync(server.Clinician);
        await Encounter(plan, 2).ReportAsync(server.Another("RW5"));
        await (Encounter(plan, 1) with { Category = "planned-follow-up" }).ReportAsync(server.Clinician);
        var wrong = Encounter(plan, 1);
        var id = await wrong.ReportAsync(server.Clinician);
        await (wrong with { Status = "entered-in-error" }).PutAsync(server.Clinician, id);

        var shown = await ShownAsync(plan, server.Clinician);

        shown["note"]![0]!.Text("text")
            .Should().Be("2 attendances reported by 2 organisations; others may not report.");
    }

    [Fact]
    public async Task R20_where_nobody_reports_the_summary_says_unknown()
    {
        var shown = await ShownAsync(await PlanAsync(), server.Clinician);

        shown["dataAbsentReason"]!["coding"]![0]!.Text("code").Should().Be("unknown");
        shown["valueInteger"].Should().BeNull();
    }

    private static async Task<JsonNode> ShownAsync(InventedPlan plan, HttpClient client)
    {
        var question = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject
            {
                ["name"] = "nhsNumber",
                ["valueIdentifier"] = new JsonObject { ["system"] = Systems.NhsNumber, ["value"] = plan.Number },
            }),
        };
        var answer = await client.PostAsync(new Uri("Patient/$child-protection-summary", UriKind.Relative),
            RunningServer.Json(question));
        var shown = (await answer.BodyAsync()).All("Observation").Single();
        Profiles.CheckProfile(Encoding.UTF8.GetBytes(shown.ToJsonString()), Systems.Profile("AttendanceCount"))
            .Should().BeEmpty();
        shown.ToJsonString().Should().NotContainEquivalentOf("normal");
        return shown;
    }

    private async Task<InventedPlan> PlanAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private InventedEncounter Encounter(InventedPlan plan, int daysAgo) => new()
    {
        Number = plan.Number,
        Start = new(server.Today.AddDays(-daysAgo).ToDateTime(new TimeOnly(12, 0)), TimeSpan.Zero),
        Status = "finished",
    };
}
