using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Metadata;

/// <summary>The CapabilityStatement claims what the route table serves, and what it claims is served.</summary>
public sealed class ShowCapabilitiesTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task It_is_public_and_names_every_interaction_of_the_route_table()
    {
        var statement = await Anybody.GetOkAsync("metadata");

        statement.Text("fhirVersion").Should().Be("4.0.1");
        var claimed = Resources(statement).SelectMany(r => r["interaction"]!.AsArray()
            .Select(i => (r.Text("type"), i!.Text("code"))));
        claimed.Should().BeEquivalentTo(Routes.Table.Where(r => r.Resource.Length > 0 && r.Interaction != "operation")
            .Select(r => (r.Resource, r.Interaction)).Distinct());
    }

    [Fact]
    public async Task Every_search_parameter_it_names_is_served_and_another_is_not()
    {
        var statement = await Anybody.GetOkAsync("metadata");
        foreach (var resource in Resources(statement).Where(r => r["searchParam"] is not null))
        {
            var type = resource.Text("type");
            var client = type switch
            {
                "AuditEvent" => server.Auditor,
                "CareTeam" => server.Clinician,
                _ => server.Lancashire,
            };
            foreach (var parameter in resource["searchParam"]!.AsArray().OfType<JsonNode>())
            {
                var value = parameter.Text("type") switch
                {
                    "date" => "2026-01-05",
                    _ when parameter.Text("name") is "patient" or "subject" => "9990000018",
                    _ when type == "Patient" && parameter.Text("name") == "identifier" =>
                        "https://fhir.nhs.uk/Id/nhs-number|9990000018",
                    _ when type == "Patient" => "9990000018",
                    _ when parameter.Text("name") is "unscheduled" or "plan-found" => "true",
                    _ when parameter.Text("name") == "outcome" => "4",
                    _ => "x",
                };
                var named = (type, parameter.Text("name")) == ("Patient", "_lastUpdated") ? "_id=9990000018&" : "";
                var answer = await client.TryAsync($"{type}?{named}{parameter.Text("name")}={value}");
                ((int)answer.StatusCode).Should().Be(200, "{0} of {1}: {2}", parameter.Text("name"), type,
                    await answer.Content.ReadAsStringAsync());
            }

            await (await client.TryAsync($"{type}?_unknown=x")).ShouldBeRefusedAsync(400);
        }
    }

    [Fact]
    public async Task Every_operation_of_ours_that_it_names_is_defined()
    {
        var rest = (await Anybody.GetOkAsync("metadata"))["rest"]![0]!;

        var named = rest["resource"]!.AsArray().Append(rest).SelectMany(r => r!["operation"]?.AsArray() ?? [])
            .Select(o => o!.Text("definition")).Where(url => url.StartsWith(Systems.Base, StringComparison.Ordinal));

        named.Should().NotBeEmpty().And.BeSubsetOf(Profiles.Load().Definitions.Select(d => d.Url));
    }

    [Theory]
    [InlineData("application/fhir+xml", "application/fhir+xml")]
    [InlineData("application/xml;q=0.9", "application/fhir+xml")]
    [InlineData("*/*", "application/fhir+json")]
    [InlineData("application/json", "application/fhir+json")]
    public async Task It_answers_in_the_format_asked_for(string accept, string given)
    {
        using var client = Anybody;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);

        var answer = await client.TryAsync("metadata");

        answer.Content.Headers.ContentType!.MediaType.Should().Be(given);
    }

    [Fact]
    public async Task Another_format_is_406() =>
        await (await Anybody.TryAsync("metadata?_format=blah")).ShouldBeRefusedAsync(406);

    private HttpClient Anybody => server.With(() => null);

    private static IEnumerable<JsonNode> Resources(JsonNode statement) =>
        statement["rest"]![0]!["resource"]!.AsArray().Select(r => r!);
}
