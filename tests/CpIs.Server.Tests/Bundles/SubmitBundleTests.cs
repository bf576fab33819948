using System.Diagnostics;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;
using static CpIs.Server.Tests.Bundles.InventedBundle;

namespace CpIs.Server.Tests.Bundles;

/// <summary>
/// Many changes in one: all of them happen or none does, and who sent them learns which stood in the way.
/// </summary>
public sealed class SubmitBundleTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int EntriesMax = 1000;

    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task Creates_updates_patches_and_deletions_happen_together()
    {
        var (made, changed, patched, deleted) = (Plan, Plan, Plan, Plan);
        var (changedId, _) = await server.SubmitAsync(changed);
        var (patchedId, _) = await server.SubmitAsync(patched);
        var (_, deletedId) = await server.SubmitAsync(deleted);
        var end = PlanJson.Day(server.Today.AddDays(7));
        var entries = new[]
        {
            Entry("DELETE", "Flag/" + deletedId, condition: ("ifMatch", "W/\"1\"")),
            Entry("PATCH", "EpisodeOfCare/" + patchedId,
                Patch($$"""[{"op":"add","path":"/period/end","value":"{{end}}"}]""")),
            Entry("PUT", "EpisodeOfCare/" + changedId, (changed with { End = server.Today.AddDays(7) }).Episode()),
        }.Concat(made.Bundle()["entry"]!.AsArray().Select(e => (JsonObject)e!.DeepClone())).ToArray();

        var answer = await OkAsync(Of("transaction", entries));

        Statuses(answer).Should().Equal(
            "204 No Content", "200 OK", "200 OK", "201 Created", "201 Created", "201 Created");
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + patchedId))["period"]!.Text("end").Should().Be(end);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + changedId))["period"]!.Text("end").Should().Be(end);
        await (await server.Lancashire.TryAsync("Flag/" + deletedId)).ShouldBeRefusedAsync(410);
        (await server.Clinician.GetOkAsync("Flag?patient=" + made.Number)).Total().Should().Be(1);
    }

    [Fact]
    public async Task One_bad_entry_of_ten_leaves_everything_as_it_was_and_is_named()
    {
        var plans = Enumerable.Range(0, 3).Select(_ => Plan).ToList();
        var bundle = Of("transaction", [.. plans.SelectMany(p => p.Bundle()["entry"]!.AsArray())
            .Select(e => (JsonObject)e!.DeepClone()), Entry("POST", "Patient", Plan.Patient())]);
        bundle["entry"]![7]!["resource"]!["period"]!["start"] = PlanJson.Day(server.Today.AddDays(99));

        var outcome = await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(bundle)))
            .ShouldBeRefusedAsync(422);

        outcome["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().StartWith("Bundle.entry[7]");
        foreach (var plan in plans)
        {
            await (await server.Lancashire.TryAsync("Patient/" + plan.Number)).ShouldBeRefusedAsync(404);
        }
    }

    [Fact]
    public async Task References_by_identifier_are_resolved()
    {
        var plan = Plan;
        var conditional = "EpisodeOfCare?identifier=" + Identifier(plan);
        var episode = plan.Episode();
        episode["patient"] = new JsonObject
        {
            ["reference"] = $"Patient?identifier={Systems.NhsNumber}|{plan.Number}",
        };
        episode["managingOrganization"] = new JsonObject
        {
            ["reference"] = $"Organization?identifier={Systems.Ods}|ZZ001",
        };
        var flag = plan.Flag(conditional);

        var answer = await OkAsync(Of("transaction", Entry("PUT", "Patient/" + plan.Number, plan.Patient()),
            Entry("POST", "EpisodeOfCare", episode), Entry("POST", "Flag", flag)));

        Statuses(answer).Should().OnlyContain(s => s == "201 Created");
        var shown = await server.Clinician.GetOkAsync("Flag?patient=" + plan.Number);
        shown.All("Flag").Single().ToJsonString().Should().NotContain("?identifier=");
        flag["extension"]![0]!["valueReference"]!["reference"] = "EpisodeOfCare?identifier=" + Identifier(Plan);
        await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(Of("transaction",
            Entry("PUT", "Flag?identifier=" + Identifier(plan), flag))))).ShouldBeRefusedAsync(422);
    }

    [Fact]
    public async Task A_whole_plan_may_be_sent_by_identifier_again_and_again()
    {
        var plan = Plan;
        var urn = "urn:uuid:" + Guid.NewGuid();
        JsonObject Bundle(InventedPlan now) => Of("transaction",
            Entry("PUT", $"Patient?identifier={Systems.NhsNumber}|{now.Number}", now.Patient()),
            Entry("PUT", "EpisodeOfCare?identifier=" + Identifier(now), now.Episode(), urn),
            Entry("PUT", "Flag?identifier=" + Identifier(now), now.Flag(urn)));

        var first = await OkAsync(Bundle(plan));
        var same = await OkAsync(Bundle(plan));
        var ended = await OkAsync(Bundle(plan with { End = server.Today, Status = "finished" }));

        Statuses(first).Should().Equal("201 Created", "201 Created", "201 Created");
        Statuses(same).Should().Equal("200 OK", "200 OK", "200 OK");
        same["entry"]![1]!["response"]!.Text("etag").Should().Be("W/\"1\"");
        ended["entry"]![2]!["response"]!.Text("etag").Should().Be("W/\"2\"");
        ended["entry"]![2]!["response"]!.Text("location").Should()
            .StartWith(first["entry"]![2]!["response"]!.Text("location")[..^1]);
    }

    [Theory]
    [InlineData(false, "of one kind, for one child")]
    [InlineData(true, "have this identifier")]
    public async Task Two_plans_of_one_transaction_that_cannot_both_be_are_refused_by_entry(bool sameRow, string said)
    {
        var plan = Plan;
        var other = plan with { RowId = sameRow ? plan.RowId : plan.RowId + "-2" };

        var outcome = await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(Of("transaction",
            Entry("PUT", "Patient/" + plan.Number, plan.Patient()), Entry("POST", "EpisodeOfCare", plan.Episode()),
            Entry("POST", "EpisodeOfCare", other.Episode()))))).ShouldBeRefusedAsync(422);

        outcome.Diagnostics().Single().Should().Contain(said).And.NotContain("EpisodeOfCare/", "neither is held");
        outcome["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().MatchRegex(@"^Bundle\.entry\[[12]\]");
    }

    [Fact]
    public async Task A_resource_may_be_named_once_however_it_is_named()
    {
        var plan = Plan;
        var (episode, _) = await server.SubmitAsync(plan);

        await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(Of("transaction",
            Entry("PUT", "EpisodeOfCare/" + episode, plan.Episode()),
            Entry("PUT", "EpisodeOfCare?identifier=" + Identifier(plan), plan.Episode()))))).ShouldBeRefusedAsync(400);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("""{"resource":{"resourceType":"Patient"}}""")]
    [InlineData("""{"request":{"method":"PUT"},"resource":{"resourceType":"Patient"}}""")]
    public async Task An_entry_without_a_request_is_called_that_and_no_matter_of_rights(string entry)
    {
        var body = $$"""{"resourceType":"Bundle","type":"transaction","entry":[{{entry}}]}""";

        var refused = await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(body)))
            .ShouldBeRefusedAsync(400);

        refused["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().Be("Bundle.entry[0]");
    }

    [Theory]
    [InlineData("GET", "Flag?status=active")]
    [InlineData("POST", "Encounter")]
    [InlineData("DELETE", "Patient/9990000018")]
    [InlineData("POST", "Flag/$validate")]
    [InlineData("FLY", "Flag")]
    public async Task What_a_transaction_does_not_serve_is_refused_by_entry(string method, string url)
    {
        var plan = Plan;
        var outcome = await (await server.As("sandbox-council-lancashire").PostAsync(server.Base, RunningServer.Json(
            Of("transaction", Entry("PUT", "Patient/" + plan.Number, plan.Patient()), Entry(method, url)))))
            .ShouldBeRefusedAsync(url.StartsWith("Patient", StringComparison.Ordinal) ? 403 : 422);

        outcome["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().StartWith("Bundle.entry[1]");
        await (await server.Lancashire.TryAsync("Patient/" + plan.Number)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task Prefer_says_how_much_of_each_entry_is_answered()
    {
        foreach (var (prefer, resource, outcome) in new[]
        {
            ("return=minimal", false, false), ("return=representation", true, false),
            ("return=OperationOutcome", false, true),
        })
        {
            using var council = server.Lancashire;
            council.DefaultRequestHeaders.Add("Prefer", prefer);

            var answer = await (await council.PostAsync(server.Base, RunningServer.Json(Plan.Bundle()))).BodyAsync();

            answer["entry"]!.AsArray().Should().OnlyContain(e => e!["resource"] is JsonNode == resource
                && e["response"]!["outcome"] is JsonNode == outcome, prefer);
        }
    }

    [Fact]
    public async Task A_thousand_entries_are_one_commit_and_more_are_too_many()
    {
        var plans = Enumerable.Range(0, EntriesMax / 2).Select(_ => Plan).ToList();
        var entries = plans.SelectMany(plan => new[]
        {
            Entry("PUT", "Patient/" + plan.Number, plan.Patient()), Entry("POST", "EpisodeOfCare", plan.Episode()),
        }).ToArray();
        var quarter = Stopwatch.StartNew();
        await OkAsync(Of("transaction", [.. Thousand().Take(EntriesMax / 4)]));
        quarter.Stop();

        var whole = Stopwatch.StartNew();
        var answer = await OkAsync(Of("transaction", entries));
        whole.Stop();

        Statuses(answer).Should().HaveCount(EntriesMax).And.OnlyContain(s => s == "201 Created");
        whole.Elapsed.Should().BeLessThan((quarter.Elapsed * 10) + TimeSpan.FromSeconds(1),
            "sixteen would be quadratic");
        await (await server.Lancashire.PostAsync(server.Base, RunningServer.Json(
            Of("transaction", [.. entries.Select(e => (JsonObject)e.DeepClone()), Entry("DELETE", "Flag/x")]))))
            .ShouldBeRefusedAsync(413);
    }

    private IEnumerable<JsonObject> Thousand() => Enumerable.Range(0, EntriesMax / 2).Select(_ => Plan)
        .SelectMany(plan => new[]
        {
            Entry("PUT", "Patient/" + plan.Number, plan.Patient()), Entry("POST", "EpisodeOfCare", plan.Episode()),
        });

    private static string Identifier(InventedPlan plan) => $"{Systems.CouncilPlan}{plan.Council}|{plan.RowId}";

    private async Task<JsonNode> OkAsync(JsonObject bundle)
    {
        using var council = server.Lancashire;
        var answer = await council.PostAsync(server.Base, RunningServer.Json(bundle));
        var body = await answer.BodyAsync();
        ((int)answer.StatusCode).Should().Be(200, body.ToJsonString());
        body.Text("type").Should().Be("transaction-response");
        return body;
    }
}
