using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Encounters;

/// <summary>R19: an attendance is kept only while the person has a visible plan, over HTTP.</summary>
public sealed class KeptWithPlanTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task R19_an_attendance_of_somebody_without_a_plan_is_refused_recorded_and_nowhere_kept()
    {
        var number = InventedPlan.NewNumber();
        using var client = server.Clinician;
        var request = Guid.NewGuid().ToString();
        client.DefaultRequestHeaders.Add("X-Request-ID", request);

        var refused = await (await Encounter(number).PostAsync(client)).ShouldBeRefusedAsync(422);

        refused.Codes().Should().Equal("NOT_HELD");
        refused.ToJsonString().Should().NotContain(number);
        (await Ledger.OfRequestAsync(server, request)).Should().Equal((422, 4));
        (await RowsAsync(number)).Should().Be(0);
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&action=C");
        trail.All("AuditEvent").Single().Text("outcome").Should().Be("4");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(365, true)]
    [InlineData(366, false)]
    public async Task R19_an_ended_plan_counts_through_day_365_after_its_end(int daysAgo, bool kept)
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(-700), End = server.Today.AddDays(-daysAgo), Status = "finished",
        };

        await ShouldBeKeptAsync(plan, kept);
    }

    [Theory]
    [InlineData(28, true)]
    [InlineData(29, false)]
    public async Task R19_an_unborn_plan_on_the_mothers_number_counts_through_28_days_after_the_due_date(
        int daysAgo, bool kept)
    {
        var plan = new InventedPlan
        {
            Kind = PlanKind.Unborn, BirthDate = new(1997, 2, 3),
            Start = server.Today.AddDays(-200), Due = server.Today.AddDays(-daysAgo),
        };

        await ShouldBeKeptAsync(plan, kept);
    }

    [Fact]
    public Task R19_a_plan_that_has_not_begun_does_not_count() => ShouldBeKeptAsync(
        new InventedPlan { Start = server.Today.AddDays(1), Status = "planned" }, kept: false);

    [Fact]
    public Task R19_a_plan_counts_through_the_last_day_before_the_eighteenth_birthday() => ShouldBeKeptAsync(
        new InventedPlan { Start = server.Today.AddDays(-9), BirthDate = server.Today.AddDays(1).AddYears(-18) }, true);

    [Fact]
    public async Task R19_a_plan_the_council_took_back_does_not_count()
    {
        var plan = new InventedPlan { Start = server.Today };
        var (_, flag) = await server.SubmitAsync(plan);
        await server.Lancashire.DeleteAsync(new Uri("Flag/" + flag, UriKind.Relative));

        await (await Encounter(plan.Number).PostAsync(server.Clinician)).ShouldBeRefusedAsync(422);
        (await RowsAsync(plan.Number)).Should().Be(0);
    }

    [Fact]
    public async Task R19_once_the_plan_is_gone_an_attendance_is_not_changed_but_may_be_taken_back()
    {
        var plan = new InventedPlan { Start = server.Today };
        var (_, flag) = await server.SubmitAsync(plan);
        var encounter = Encounter(plan.Number);
        var id = await encounter.ReportAsync(server.Clinician);
        await server.Lancashire.DeleteAsync(new Uri("Flag/" + flag, UriKind.Relative));

        (await (await (encounter with { Status = "finished" }).PutAsync(server.Clinician, id))
            .ShouldBeRefusedAsync(422)).Codes().Should().Equal("NOT_HELD");
        var taken = await (encounter with { Status = "entered-in-error" }).PutAsync(server.Clinician, id);
        (taken.StatusCode, taken.Headers.ETag!.ToString()).Should().Be((HttpStatusCode.OK, "W/\"2\""));
    }

    [Fact]
    public async Task An_attendance_is_seen_no_longer_than_the_plan_it_tells_of()
    {
        var plan = new InventedPlan { Start = server.Today };
        var (_, flag) = await server.SubmitAsync(plan);
        var id = await Encounter(plan.Number).ReportAsync(server.Clinician);
        (await server.Clinician.GetOkAsync($"Encounter?patient={plan.Number}")).Total().Should().Be(1);

        await server.Lancashire.DeleteAsync(new Uri("Flag/" + flag, UriKind.Relative));

        var search = await server.Clinician.GetOkAsync($"Encounter?patient={plan.Number}");
        search.Total().Should().Be(0);
        search.Codes().Should().Equal("NO_RECORD_HELD");
        foreach (var client in new[] { server.Clinician, server.Lancashire })
        {
            await (await client.TryAsync("Encounter/" + id)).ShouldBeRefusedAsync(404);
            await (await client.TryAsync($"Encounter/{id}/_history/1")).ShouldBeRefusedAsync(404);
        }
    }

    [Fact]
    public async Task The_entry_of_a_report_tells_all_that_a_notice_needs_and_is_no_line_of_the_history()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        using var client = server.Clinician;
        var request = Guid.NewGuid().ToString();
        client.DefaultRequestHeaders.Add("X-Request-ID", request);

        var id = await (Encounter(plan.Number) with { Setting = "walk-in-centre", Class = "AMB" }).ReportAsync(client);

        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        var entry = await connection.QuerySingleAsync<(string, string, string, string, string[], string, bool, bool)>(
            """
            select kind, interaction, resource_type, nhs_number, disclosed, setting, plan_found, in_history
            from ledger.entry where request_id = @request
            """, new { request });
        entry.Should().BeEquivalentTo(("rest", "create", "Encounter", plan.Number,
            new[] { $"Encounter/{id}/_history/1" }, "walk-in-centre", true, false));
        (await connection.ExecuteScalarAsync<long>("select count(*) from ledger.access where nhs_number = @Number",
            new { plan.Number })).Should().Be(0);
    }

    [Fact]
    public async Task Reports_are_AuditEvents_of_BALP_a_create_and_an_update()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        var encounter = Encounter(plan.Number);
        var id = await encounter.ReportAsync(server.As("sandbox-epr-system"));
        await (encounter with { Status = "finished" }).PutAsync(server.Clinician, id);

        var trail = await server.Auditor.GetOkAsync($"AuditEvent?entity=Encounter/{id}&_sort=date");

        trail.All("AuditEvent").Select(e => Last(e["meta"]!["profile"]!.AsArray().Select(p => p!.GetValue<string>())))
            .Should().Equal("IHE.BasicAudit.PatientCreate", "IHE.BasicAudit.PatientUpdate");
        trail.All("AuditEvent").Should().OnlyContain(e =>
            e.ToJsonString().Contains("emergency-department", StringComparison.Ordinal));
    }

    private static string Last(IEnumerable<string> profiles) =>
        profiles.Single(p => p.Contains("IHE", StringComparison.Ordinal)).Split('/')[^1];

    private async Task ShouldBeKeptAsync(InventedPlan plan, bool kept)
    {
        await server.SubmitAsync(plan);

        var answer = await Encounter(plan.Number).PostAsync(server.Clinician);

        answer.StatusCode.Should().Be(kept ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity);
        (await RowsAsync(plan.Number)).Should().Be(kept ? 1 : 0);
    }

    private InventedEncounter Encounter(string number) =>
        new() { Number = number, Start = server.Clock.GetUtcNow().AddMinutes(-5) };

    private async Task<long> RowsAsync(string number)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<long>(
            "select count(*) from cpis.encounter where nhs_number = @number", new { number });
    }
}
