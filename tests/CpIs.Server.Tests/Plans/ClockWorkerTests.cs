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

    /// <summary>Waits until the worker has written a plan whose day came.</summary>
    private async Task TurnedAsync(InventedPlan plan)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        for (var attempt = 0; attempt < PatienceSeconds * 10; attempt++)
        {
            var until = await connection.ExecuteScalarAsync<DateTime?>(
                "select status_until from cpis.plan where council = @Council and row_id = @RowId", plan);
            if (until is null || DateOnly.FromDateTime(until.Value) > server.Today)
            {
                return;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The clock turned nothing.");
    }

    private static string Version(JsonNode resource) => resource["meta"]!.Text("versionId");
}
