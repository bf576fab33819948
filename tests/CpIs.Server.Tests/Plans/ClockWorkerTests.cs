using System.Globalization;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Plans;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>R0 and R6 as they are written down: the versions the clock makes, and their record.</summary>
public sealed class ClockWorkerTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int PatienceSeconds = 30;

    private static Uri Url(string path) => new(path, UriKind.Relative);

    [Fact]
    public async Task R0_at_midnight_the_planned_plan_becomes_active_in_a_new_version_that_the_server_itself_made()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(1), Status = "planned" };
        var (episode, flag) = await server.SubmitAsync(plan);

        server.Clock.Move(TimeSpan.FromDays(1));
        await TurnedAsync(plan);

        var now = await server.Clinician.GetOkAsync("Flag/" + flag);
        now.Text("status").Should().Be("active");
        Version(now).Should().Be("2");
        (await server.Lancashire.GetOkAsync($"EpisodeOfCare/{episode}/_history/1")).Text("status").Should()
            .Be("planned");
        (await server.Lancashire.GetOkAsync($"Flag/{flag}/_history/1")).Text("status").Should().Be("inactive");
        var entry = (await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&type=110100"))
            .All("AuditEvent").Single();
        entry["type"]!.Text("code").Should().Be("110100");
        entry.Text("action").Should().Be("U");
        entry.Text("outcome").Should().Be("0");
        entry.Text("outcomeDesc").Should().Be("its day came: planned to active");
        entry["agent"]!.AsArray().Should().ContainSingle().Which!["requestor"]!.GetValue<bool>().Should().BeTrue();
        entry["meta"]!["profile"]!.AsArray().Should().ContainSingle();
        entry["entity"]!.AsArray().Select(e => e!["what"]?["reference"]?.GetValue<string>()).Should()
            .Contain([$"EpisodeOfCare/{episode}/_history/2", $"Flag/{flag}/_history/2", "Patient/" + plan.Number]);
    }

    [Fact]
    public async Task R0_on_its_last_day_the_plan_ends_in_a_new_version_and_the_next_changes_nothing()
    {
        var plan = new InventedPlan { Start = server.Today, End = server.Today.AddDays(2) };
        var (episode, flag) = await server.SubmitAsync(plan);

        server.Clock.Move(TimeSpan.FromDays(2));
        await TurnedAsync(plan);

        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        Version(ended).Should().Be("2");
        (await server.Clinician.GetOkAsync("Flag/" + flag)).Text("status").Should().Be("inactive");
        server.Clock.Move(TimeSpan.FromDays(2));
        await Worker.TurnAsync(server.Today, CancellationToken.None);
        Version(await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode)).Should().Be("2");
    }

    [Fact]
    public async Task R0_until_it_is_written_the_new_status_is_shown_under_the_old_version_and_then_under_the_new()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3), End = server.Today.AddDays(1) };
        var (episode, flag) = await server.SubmitAsync(plan);
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        JsonNode before;
        await using (var holding = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("select 1 from cpis.plan where row_id = @RowId for update", plan, holding);
            server.Clock.Move(TimeSpan.FromDays(1));
            (await Worker.TurnAsync(server.Today, CancellationToken.None)).Should().BeFalse("somebody holds the plan");

            before = await server.Clinician.GetOkAsync("EpisodeOfCare/" + episode);
            before.Text("status").Should().Be("finished");
            Version(before).Should().Be("1");
            var found = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}&status=inactive");
            found.All("Flag").Single().Text("id").Should().Be(flag);
        }

        await TurnedAsync(plan);
        var after = await server.Clinician.GetOkAsync("EpisodeOfCare/" + episode);
        Version(after).Should().Be("2");
        foreach (var each in new[] { before, after })
        {
            each["meta"] = null;
        }

        after.ToJsonString().Should().Be(before.ToJsonString());
    }

    [Fact]
    public async Task R0_what_a_council_writes_while_the_clock_turns_is_neither_lost_nor_overwritten()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(1), Status = "planned" };
        var (episode, _) = await server.SubmitAsync(plan);
        var kept = plan with { Status = "active", End = server.Today.AddDays(60) };
        using var council = server.Lancashire;
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        Task<HttpResponseMessage> putting;
        await using (var holding = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("select 1 from cpis.plan where row_id = @RowId for update", plan, holding);
            server.Clock.Move(TimeSpan.FromDays(1));
            putting = council.PutAsync(Url("EpisodeOfCare/" + episode), RunningServer.Json(kept.Episode()));
            await Worker.TurnAsync(server.Today, CancellationToken.None);
        }

        (await putting).StatusCode.Should().Be(System.Net.HttpStatusCode.OK);
        await TurnedAsync(plan);
        var stands = await council.GetOkAsync("EpisodeOfCare/" + episode);
        stands.Text("status").Should().Be("active");
        stands["period"]!.Text("end").Should().Be(PlanJson.Day(kept.End!.Value));
        for (var version = int.Parse(Version(stands), CultureInfo.InvariantCulture); version > 0; version--)
        {
            Version(await council.GetOkAsync($"EpisodeOfCare/{episode}/_history/{version}")).Should()
                .Be(version.ToString(CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task R0_two_servers_turn_more_plans_than_one_commit_holds_and_none_of_them_twice()
    {
        var start = server.Today.AddDays(1);
        var plans = Enumerable.Range(0, ClockWorker.PlansPerCommitMax + 50)
            .Select(_ => new InventedPlan { Start = start, Status = "planned" }).ToList();
        var bundle = plans[0].Bundle();
        foreach (var entry in plans.Skip(1).SelectMany(p => p.Bundle()["entry"]!.AsArray().ToList()))
        {
            bundle["entry"]!.AsArray().Add(entry!.DeepClone());
        }

        using var council = server.Lancashire;
        (await council.PostAsync(server.Base, RunningServer.Json(bundle))).StatusCode.Should()
            .Be(System.Net.HttpStatusCode.OK);

        server.Clock.Move(TimeSpan.FromDays(1));
        var other = ActivatorUtilities.CreateInstance<ClockWorker>(server.Services);
        await Task.WhenAll(
            Worker.TurnAsync(server.Today, CancellationToken.None),
            other.TurnAsync(server.Today, CancellationToken.None));
        await TurnedAsync([.. plans]);

        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        var versions = (await connection.QueryAsync<(int, int, long)>("""
            select p.episode_version, p.flag_version, (select count(*) from ledger.entry e
                where e.kind = 'system' and e.nhs_number = p.nhs_number)
            from cpis.plan p where p.row_id = any (@rows)
            """, new { rows = plans.Select(p => p.RowId).ToArray() })).ToList();
        versions.Should().HaveCount(plans.Count);
        versions.Distinct().Should().Equal((2, 2, 1L));
    }

    [Fact]
    public async Task R6_the_record_ends_on_the_eighteenth_birthday_and_goes_on_when_the_birth_date_was_wrong()
    {
        var plan = new InventedPlan { Start = server.Today, BirthDate = server.Today.AddDays(2).AddYears(-18) };
        var unborn = new InventedPlan { Start = server.Today, BirthDate = plan.BirthDate, Kind = PlanKind.Unborn };
        var (episode, _) = await server.SubmitAsync(plan);
        var (mothers, _) = await server.SubmitAsync(unborn);

        server.Clock.Move(TimeSpan.FromDays(2));
        await TurnedAsync(plan);

        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        ended["period"]!.Text("end").Should().Be(PlanJson.Day(server.Today));
        Version(ended).Should().Be("2");
        (await server.Lancashire.GetOkAsync($"EpisodeOfCare?date=gt{PlanJson.Day(server.Today)}&patient={plan.Number}"))
            .Total().Should().Be(0);
        Version(await server.Clinician.GetOkAsync("EpisodeOfCare/" + mothers)).Should().Be("1");

        var corrected = plan with { BirthDate = plan.BirthDate.AddYears(10) };
        (await server.Lancashire.PutAsync(Url("Patient/" + plan.Number), RunningServer.Json(corrected.Patient())))
            .StatusCode.Should().Be(System.Net.HttpStatusCode.OK);
        var again = (await server.Clinician.GetOkAsync($"EpisodeOfCare?patient={plan.Number}")).All("EpisodeOfCare")
            .Single();
        again.Text("status").Should().Be("active");
        again["period"]!["end"].Should().BeNull();
        Version(again).Should().Be("3");
    }

    [Fact]
    public async Task R6_a_plan_that_begins_after_the_eighteenth_birthday_ends_on_its_first_day_and_is_turned_once()
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(4), Status = "planned", BirthDate = server.Today.AddDays(2).AddYears(-18),
        };
        var (episode, _) = await server.SubmitAsync(plan);

        server.Clock.Move(TimeSpan.FromDays(4));
        await TurnedAsync(plan);
        (await Worker.TurnAsync(server.Today, CancellationToken.None)).Should().BeTrue();

        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        ended["period"]!.Text("end").Should().Be(PlanJson.Day(plan.Start));
    }

    private ClockWorker Worker => server.Services.GetRequiredService<ClockWorker>();

    /// <summary>Waits until plans whose day came are written.</summary>
    private async Task TurnedAsync(params InventedPlan[] plans)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        for (var attempt = 0; attempt < PatienceSeconds * 10; attempt++)
        {
            var due = await connection.ExecuteScalarAsync<long>(
                "select count(*) from cpis.plan where row_id = any (@rows) and status_until <= @today",
                new { rows = plans.Select(p => p.RowId).ToArray(), today = server.Today });
            if (due == 0)
            {
                return;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The clock did not turn.");
    }

    private static string Version(JsonNode resource) => resource["meta"]!.Text("versionId");
}
