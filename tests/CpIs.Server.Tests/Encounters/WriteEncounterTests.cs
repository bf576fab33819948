using System.Net;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Encounters;

/// <summary>How an EPR, a person or a feed, reports an attendance, over HTTP.</summary>
public sealed class WriteEncounterTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly Profiles Profiles = Profiles.Load();

    [Fact]
    public async Task A_reported_attendance_is_kept_as_its_profile_says_and_read_back_the_same()
    {
        var plan = await PlanAsync();
        var encounter = Encounter(plan) with { Category = "first-attendance", Provider = "RXR" };

        var answer = await encounter.PostAsync(server.Clinician);

        answer.StatusCode.Should().Be(HttpStatusCode.Created);
        answer.Headers.ETag!.ToString().Should().Be("W/\"1\"");
        var body = await answer.BodyAsync();
        answer.Headers.Location!.ToString().Should().EndWith($"/Encounter/{body.Text("id")}/_history/1");
        Profiles.Check(System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), "Encounter").Should().BeEmpty();
        body["subject"]!["identifier"]!.Text("value").Should().Be(plan.Number);
        body["serviceProvider"]!.Text("reference").Should().Be("Organization/RXR");
        body["type"]![1]!["coding"]![0]!.Text("code").Should().Be("first-attendance");
        var read = await server.Clinician.GetOkAsync("Encounter/" + body.Text("id"));
        read.ToJsonString().Should().Be(body.ToJsonString());
    }

    [Fact]
    public async Task A_trusts_feed_reports_without_a_person_and_the_server_fills_in_the_organisation()
    {
        var plan = await PlanAsync();

        var body = await (await Encounter(plan).PostAsync(server.As("sandbox-epr-system"))).BodyAsync();

        body["serviceProvider"]!["identifier"]!.Text("value").Should().Be("RXR");
        (await server.Clinician.GetOkAsync("Encounter/" + body.Text("id"))).Text("status").Should().Be("in-progress");
    }

    [Fact]
    public async Task Nobody_reports_for_another_organisation()
    {
        var plan = await PlanAsync();

        var refused = await (await (Encounter(plan) with { Provider = "RW5" }).PostAsync(server.Clinician))
            .ShouldBeRefusedAsync(422);

        refused.Codes().Should().Equal("ACCESS_DENIED");
        (await CountAsync(plan)).Should().Be(0);
    }

    [Fact]
    public async Task Councils_nurses_without_the_scope_and_auditors_report_nothing()
    {
        var plan = await PlanAsync();
        foreach (var persona in new[] { "sandbox-council-lancashire", "sandbox-school-nurse", "sandbox-auditor" })
        {
            await (await Encounter(plan).PostAsync(server.As(persona))).ShouldBeRefusedAsync(403);
        }
    }

    [Fact]
    public async Task R1_a_number_with_a_wrong_check_digit_is_refused()
    {
        var refused = await (await (Encounter(await PlanAsync()) with { Number = "9990000019" })
            .PostAsync(server.Clinician)).ShouldBeRefusedAsync(422);

        refused.Diagnostics().Should().NotContain(text => text.Contains("9990000019", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_attendance_that_has_not_begun_is_refused()
    {
        var encounter = Encounter(await PlanAsync());

        (await (encounter with { Start = server.Clock.GetUtcNow().AddMinutes(10) }).PostAsync(server.Clinician))
            .StatusCode.Should().Be(HttpStatusCode.Created, "clocks differ a little");
        await (await (Encounter(await PlanAsync()) with { Start = server.Clock.GetUtcNow().AddMinutes(20) })
            .PostAsync(server.Clinician)).ShouldBeRefusedAsync(422);
    }

    [Fact]
    public async Task The_same_number_of_the_EPR_is_refused_naming_the_one_to_put_and_answered_when_sent_on_condition()
    {
        var encounter = Encounter(await PlanAsync());
        var id = await encounter.ReportAsync(server.Clinician);

        var refused = await (await encounter.PostAsync(server.Clinician)).ShouldBeRefusedAsync(422);
        refused.Codes().Should().Equal("ENCOUNTER_HELD");
        refused.Diagnostics().Single().Should().Contain("Encounter/" + id);

        using var client = server.Clinician;
        client.DefaultRequestHeaders.Add("If-None-Exist", $"identifier={encounter.System}|{encounter.Value}");
        var again = await (encounter with { Status = "finished" }).PostAsync(client);
        again.StatusCode.Should().Be(HttpStatusCode.OK);
        var held = await again.BodyAsync();
        (held.Text("id"), held.Text("status")).Should().Be((id, "in-progress"));
    }

    [Fact]
    public async Task Many_conditional_reports_at_once_make_one_encounter()
    {
        var plan = await PlanAsync();
        var encounter = Encounter(plan);
        using var client = server.Clinician;
        client.DefaultRequestHeaders.Add("If-None-Exist", $"identifier={encounter.System}|{encounter.Value}");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => encounter.PostAsync(client)));

        answers.Count(a => a.StatusCode == HttpStatusCode.Created).Should().Be(1);
        answers.Count(a => a.StatusCode == HttpStatusCode.OK).Should().Be(7);
        (await CountAsync(plan)).Should().Be(1);
    }

    [Fact]
    public async Task An_update_makes_a_version_the_same_content_does_not_and_old_versions_stay()
    {
        var encounter = Encounter(await PlanAsync());
        var id = await encounter.ReportAsync(server.Clinician);
        var left = encounter with { Status = "finished", End = encounter.Start.AddHours(3) };

        (await left.PutAsync(server.Clinician, id)).Headers.ETag!.ToString().Should().Be("W/\"2\"");
        var again = await left.PutAsync(server.As("sandbox-epr-system"), id);
        again.StatusCode.Should().Be(HttpStatusCode.OK);
        again.Headers.ETag!.ToString().Should().Be("W/\"2\"");

        (await server.Clinician.GetOkAsync($"Encounter/{id}/_history/1")).Text("status").Should().Be("in-progress");
        (await server.Clinician.GetOkAsync($"Encounter/{id}/_history/2")).Text("status").Should().Be("finished");
        await (await server.Clinician.TryAsync($"Encounter/{id}/_history/3")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task The_same_instant_in_another_zone_is_the_same_content()
    {
        var encounter = Encounter(await PlanAsync());
        var id = await encounter.ReportAsync(server.Clinician);

        var same = await (encounter with { Start = encounter.Start.ToOffset(TimeSpan.FromHours(1)) })
            .PutAsync(server.Clinician, id);

        same.Headers.ETag!.ToString().Should().Be("W/\"1\"");
    }

    [Fact]
    public async Task The_patient_and_the_EPRs_number_never_change_on_update()
    {
        var encounter = Encounter(await PlanAsync());
        var id = await encounter.ReportAsync(server.Clinician);
        var other = await PlanAsync();

        (await (await (encounter with { Number = other.Number }).PutAsync(server.Clinician, id))
            .ShouldBeRefusedAsync(422)).Codes().Should().Equal("NUMBER_CHANGED");
        await (await (encounter with { Value = "E-other" }).PutAsync(server.Clinician, id)).ShouldBeRefusedAsync(422);
        (await server.Clinician.GetOkAsync("Encounter/" + id))["meta"]!.Text("versionId").Should().Be("1");
    }

    [Fact]
    public async Task A_stale_version_an_absent_id_and_anothers_id_are_refused_the_last_two_alike()
    {
        var encounter = Encounter(await PlanAsync());
        var id = await encounter.ReportAsync(server.Clinician);
        using var stale = server.Clinician;
        stale.DefaultRequestHeaders.Add("If-Match", "W/\"7\"");
        await (await encounter.PutAsync(stale, id)).ShouldBeRefusedAsync(412);

        var elsewhere = server.Another("RW5");
        var others = await (await encounter.PutAsync(elsewhere, id)).ShouldBeRefusedAsync(404);
        var absent = await (await encounter.PutAsync(elsewhere, Guid.NewGuid().ToString())).ShouldBeRefusedAsync(404);
        others.ToJsonString().Should().Be(absent.ToJsonString());
    }

    [Fact]
    public async Task Two_organisations_may_use_one_number_each_for_its_own_encounter()
    {
        var plan = await PlanAsync();
        var encounter = Encounter(plan);

        var first = await encounter.ReportAsync(server.Clinician);
        var second = await encounter.ReportAsync(server.Another("RW5"));

        second.Should().NotBe(first);
    }

    private async Task<InventedPlan> PlanAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private InventedEncounter Encounter(InventedPlan plan) =>
        new() { Number = plan.Number, Start = server.Clock.GetUtcNow().AddMinutes(-5) };

    private async Task<int> CountAsync(InventedPlan plan) =>
        (await server.Clinician.GetOkAsync($"Encounter?patient={plan.Number}")).Total();
}
