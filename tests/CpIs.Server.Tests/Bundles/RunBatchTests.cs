using System.Text.Json.Nodes;
using CpIs.Fhir;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;
using static CpIs.Server.Tests.Bundles.InventedBundle;

namespace CpIs.Server.Tests.Bundles;

/// <summary>Many requests in one: each is let in, refused and recorded as if it had come alone.</summary>
public sealed class RunBatchTests(RunningServer server) : IClassFixture<RunningServer>
{
    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task A_clinician_looks_children_up_in_one_request_and_each_look_is_recorded()
    {
        var (held, other) = (Plan, Plan);
        var (episode, flag) = await server.SubmitAsync(held);
        await server.SubmitAsync(other);
        var id = Guid.NewGuid().ToString();

        var answer = await OkAsync("sandbox-ed-clinician", id,
            Entry("GET", $"Flag?patient={held.Number}"),
            Entry("GET", "Flag/" + flag),
            Entry("GET", $"/EpisodeOfCare/{episode}/_history/1"),
            Entry("GET", "Flag/" + flag, condition: ("ifNoneMatch", "W/\"1\"")),
            Entry("GET", $"Flag?patient={other.Number}&_summary=count"));

        Statuses(answer).Should().Equal("200 OK", "200 OK", "200 OK", "304 Not Modified", "200 OK");
        answer["entry"]![0]!["resource"]!.Total().Should().Be(1);
        answer["entry"]![1]!["resource"]!.Text("id").Should().Be(flag);
        answer["entry"]![1]!["response"]!.Text("etag").Should().Be("W/\"1\"");
        answer["entry"]![3]!["resource"].Should().BeNull();
        (await RecordedAsync(id)).Should().BeEquivalentTo([
            ("search-type", 200, held.Number), ("read", 200, held.Number), ("vread", 200, held.Number),
            ("read", 200, held.Number), ("search-type", 200, other.Number)]);
    }

    [Fact]
    public async Task An_entry_that_asks_for_another_format_is_answered_in_that_of_the_whole_batch()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);

        var answer = await OkAsync("sandbox-ed-clinician", Guid.NewGuid().ToString(),
            Entry("GET", $"Flag?patient={plan.Number}&_format=xml&_pretty=true"),
            Entry("GET", $"Flag/{flag}?_format=application/fhir%2Bxml"),
            Entry("GET", "Flag/nobodys?_format=xml&_pretty=true"));

        Statuses(answer).Should().Equal("200 OK", "200 OK", "404 Not Found");
        answer["entry"]![0]!["resource"]!.Total().Should().Be(1);
        answer["entry"]![1]!["resource"]!.Text("id").Should().Be(flag);
        answer["entry"]![2]!["resource"].Should().BeNull();
    }

    [Fact]
    public async Task Good_and_bad_entries_stand_alone_and_a_refused_one_shows_nothing()
    {
        var plan = Plan;
        var theirs = Plan.OfLeeds();
        var (_, theirFlag) = await server.SubmitAsync(theirs);
        var (episode, _) = await server.SubmitAsync(plan);
        var id = Guid.NewGuid().ToString();
        var person = Plan;

        var answer = await OkAsync("sandbox-council-lancashire", id,
            Entry("PUT", "Patient/" + person.Number, person.Patient()),
            Entry("POST", "EpisodeOfCare", person.Episode()),
            Entry("GET", "Flag/" + theirFlag),
            Entry("POST", "Organization", new JsonObject { ["resourceType"] = "Organization" }),
            Entry("PATCH", "EpisodeOfCare/" + episode, Patch("""[{"op":"test","path":"/status","value":"active"}]""")),
            Entry("PUT", "EpisodeOfCare/" + episode, plan.Episode(), condition: ("ifMatch", "W/\"9\"")),
            Entry("POST", "EpisodeOfCare", new JsonObject { ["resourceType"] = "EpisodeOfCare" }),
            Entry("POST", "Flag/$validate", plan.Flag("EpisodeOfCare/" + episode)),
            Entry("DELETE", "EpisodeOfCare/" + episode),
            Entry("GET", "EpisodeOfCare/" + episode),
            Entry("GET", "Nothing/1"));

        Statuses(answer).Should().Equal("201 Created", "201 Created", "404 Not Found", "403 Forbidden", "200 OK",
            "412 Precondition Failed", "422 Unprocessable Entity", "200 OK", "204 No Content", "410 Gone",
                "404 Not Found");
        var entries = answer["entry"]!.AsArray();
        entries[2]!.ToJsonString().Should().NotContain(theirs.Number);
        entries.Where(e => e!["response"]!.Text("status")[0] == '4').Should().OnlyContain(e => e!["resource"] == null
            && e["response"]!["outcome"]!["resourceType"]!.GetValue<string>() == "OperationOutcome");
        entries[1]!["response"]!.Text("location").Should().Contain("/EpisodeOfCare/");
        entries[0]!["resource"].Should().BeNull("the sender did not ask for it");
        entries[7]!["resource"]!.Text("resourceType").Should().Be("OperationOutcome");
        (await RecordedAsync(id)).Select(r => (r.Interaction, r.Status)).Should().BeEquivalentTo([
            ("create", 201), ("create", 201), ("read", 404), ("create", 403), ("patch", 200), ("update", 412),
            ("create", 422), ("operation", 200), ("delete", 204), ("read", 410)]);
    }

    [Fact]
    public async Task Nobody_gets_by_a_batch_what_is_denied_alone()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);
        foreach (var (who, method, url, status) in new[]
        {
            ("sandbox-ed-clinician", "GET", "Flag?status=active", "403 Forbidden"),
            ("sandbox-ed-clinician", "GET", "Flag/_history", "403 Forbidden"),
            ("sandbox-ed-clinician", "DELETE", "Flag/" + flag, "403 Forbidden"),
            ("sandbox-auditor", "GET", "Flag/" + flag, "403 Forbidden"),
            ("sandbox-council-leeds", "GET", "Flag/" + flag, "404 Not Found"),
            ("sandbox-auditor", "POST", "AuditEvent", "404 Not Found"),
            ("sandbox-council-lancashire", "GET", "flag/" + flag, "404 Not Found"),
            ("sandbox-council-lancashire", "GET", "Flag/../Flag/" + flag, "404 Not Found"),
            ("sandbox-council-lancashire", "POST", "$submit-caseload", "422 Unprocessable Entity"),
        })
        {
            var answer = await OkAsync(who, Guid.NewGuid().ToString(), Entry(method, url));
            Statuses(answer).Should().Equal([status], $"{who} {method} {url}");
            answer.ToJsonString().Should().NotContain(plan.Number);
        }
    }

    [Fact]
    public async Task A_bundle_in_a_batch_is_refused_and_a_batch_of_another_kind_too()
    {
        var answer = await OkAsync("sandbox-council-lancashire", Guid.NewGuid().ToString(),
            Entry("POST", "", Of("batch", Entry("GET", "metadata"))), Entry("GET", "metadata"));
        Statuses(answer).Should().Equal("404 Not Found", "200 OK");

        using var council = server.Lancashire;
        foreach (var (bundle, status) in new[]
        {
            (Of("collection", Entry("GET", "metadata")), 400), (Of("batch"), 400),
            (Of("batch", [.. Enumerable.Range(0, 1001).Select(_ => Entry("GET", "metadata"))]), 413),
        })
        {
            await (await council.PostAsync(server.Base, RunningServer.Json(bundle))).ShouldBeRefusedAsync(status);
        }

        using var doctor = server.Clinician;
        await (await doctor.PostAsync(server.Base, RunningServer.Json(Plan.Bundle()))).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task The_batchs_headers_hold_for_each_entry()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);
        var id = Guid.NewGuid().ToString();
        using var nurse = server.As("sandbox-school-nurse");
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Base)
        {
            Content = RunningServer.Json(Of("batch", Entry("GET", "Flag/" + flag))),
        };
        request.Headers.Add("X-Request-ID", id);
        request.Headers.Add("IsUnscheduledEvent", "false");
        request.Headers.Add("X-Purpose-Of-Use", "BTG");

        var refused = await (await nurse.SendAsync(request)).Content.ReadAsStringAsync();

        refused.Should().Contain("X-Purpose-Reason");
        (await RecordedAsync(id)).Select(r => r.Status).Should().Equal(400);
    }

    [Fact]
    public async Task A_batch_sent_again_does_its_writes_once()
    {
        var (plan, id) = (Plan, Guid.NewGuid().ToString());
        var entries = new[]
        {
            Entry("POST", "Patient", plan.Patient()), Entry("POST", "EpisodeOfCare", plan.Episode()),
            Entry("GET", "EpisodeOfCare?patient=" + plan.Number),
        };

        var first = await OkAsync("sandbox-council-lancashire", id, entries);
        var again = await OkAsync("sandbox-council-lancashire", id,
            [.. entries.Select(e => (JsonObject)e.DeepClone())]);

        Statuses(again).Should().Equal("201 Created", "201 Created", "200 OK");
        again["entry"]![1]!["response"]!.ToJsonString().Should()
            .Be(first["entry"]![1]!["response"]!.ToJsonString());
        again["entry"]![2]!["resource"]!.Total().Should().Be(1);
    }

    private async Task<JsonNode> OkAsync(string who, string id, params JsonObject[] entries)
    {
        using var client = server.As(who);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Base)
        {
            Content = RunningServer.Json(Of("batch", entries)),
        };
        request.Headers.Add("X-Request-ID", id);
        var answer = await client.SendAsync(request);
        var body = await answer.BodyAsync();
        ((int)answer.StatusCode).Should().Be(200, body.ToJsonString());
        body.Text("type").Should().Be("batch-response");
        return body;
    }

    private async Task<List<(string Interaction, int Status, string? Patient)>> RecordedAsync(string id)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return [.. await connection.QueryAsync<(string, int, string?)>(
            "select interaction, status, nhs_number from ledger.entry where request_id = @id", new { id })];
    }
}
