using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Validating;

/// <summary>What a council is told before it submits.</summary>
public sealed class ValidateResourceTests(RunningServer server) : IClassFixture<RunningServer>
{
    private InventedPlan Plan => new() { Start = server.Today };

    [Fact]
    public async Task A_good_resource_is_told_so_alone_or_as_a_parameter_and_nothing_is_stored()
    {
        var plan = Plan;
        var parameters = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject { ["name"] = "resource", ["resource"] = plan.Patient() }),
        };

        foreach (var body in new[] { plan.Patient(), parameters })
        {
            var outcome = await AskAsync("Patient/$validate", body.ToJsonString());
            outcome["issue"]![0]!.Text("severity").Should().Be("information");
        }

        await (await server.Lancashire.TryAsync("Patient/" + plan.Number)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task A_bad_resource_gets_every_issue_and_still_200()
    {
        var episode = (Plan with { Number = "9990000019" }).Episode();
        episode["diagnosis"] = new JsonArray(new JsonObject
        {
            ["condition"] = new JsonObject { ["reference"] = "Condition/1" },
        });

        var outcome = await AskAsync("EpisodeOfCare/$validate", episode.ToJsonString());

        var places = outcome["issue"]!.AsArray().Select(i => i!["expression"]![0]!.GetValue<string>()).ToList();
        places.Should().Contain(p => p.StartsWith("EpisodeOfCare.diagnosis"))
            .And.Contain(p => p.StartsWith("EpisodeOfCare.patient"));
        outcome.ToJsonString().Should().NotContain("9990000019");
    }

    [Fact]
    public async Task Another_profile_may_be_named_and_an_unknown_one_is_said_to_be_unknown()
    {
        var flag = Plan.Flag("EpisodeOfCare/" + Guid.NewGuid()).ToJsonString();

        (await AskAsync("Flag/$validate?profile=http://hl7.org/fhir/StructureDefinition/Flag", flag))["issue"]![0]!
            .Text("severity").Should().BeOneOf("information", "warning");
        (await AskAsync("Flag/$validate?profile=https://elsewhere.example/Flag", flag))["issue"]![0]!
            .Text("code").Should().Be("not-found");
        (await AskAsync($"Flag/$validate?profile={Systems.Profile("Patient")}", flag))["issue"]![0]!
            .Text("severity").Should().BeOneOf("error", "fatal");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"resourceType\":\"Flag\",\"resourceType\":\"Flag\"}")]
    public async Task What_is_no_resource_is_an_issue_too(string body) =>
        (await AskAsync("Flag/$validate", body))["issue"]![0]!.Text("severity").Should().BeOneOf("fatal", "error");

    [Theory]
    [InlineData("mode=create", 200)]
    [InlineData("mode=delete", 400)]
    [InlineData("profiles=https://elsewhere.example/Flag", 400)]
    public async Task A_parameter_that_nobody_looks_at_is_refused(string query, int status)
    {
        var body = RunningServer.Json(Plan.Flag("EpisodeOfCare/" + Guid.NewGuid()).ToJsonString());

        var answer = await server.Lancashire.PostAsync(new Uri("Flag/$validate?" + query, UriKind.Relative), body);

        ((int)answer.StatusCode).Should().Be(status);
    }

    private async Task<JsonNode> AskAsync(string url, string body)
    {
        var answer = await server.Lancashire.PostAsync(new Uri(url, UriKind.Relative), RunningServer.Json(body));
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.BodyAsync();
    }
}
