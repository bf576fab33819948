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
    [InlineData("application/fhir+json;q=0.2, application/fhir+xml;q=0.9", "application/fhir+xml")]
    [InlineData("text/html, application/xhtml+xml, */*;q=0.8", "application/fhir+json")]
    [InlineData("application/fhir+json;q=0, */*", "application/fhir+xml")]
    [InlineData("application/fhir+xml; fhirVersion=4.0", "application/fhir+xml")]
    [InlineData("application/fhir+xml; fhirVersion=3.0, text/json", "application/fhir+json")]
    public async Task It_answers_in_the_format_asked_for(string accept, string given)
    {
        using var client = Anybody;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);

        var answer = await client.TryAsync("metadata");

        answer.Content.Headers.ContentType!.MediaType.Should().Be(given);
    }

    [Theory]
    [InlineData("xml", "application/fhir+xml")]
    [InlineData("json", "application/fhir+json")]
    [InlineData("application/fhir+xml", "application/fhir+xml")]
    [InlineData("text/xml", "application/fhir+xml")]
    public async Task The_address_may_name_the_format_and_outdoes_the_header(string format, string given)
    {
        using var client = Anybody;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "text/plain");

        var answer = await client.TryAsync($"metadata?_format={format}&mode=full");

        answer.Content.Headers.ContentType!.ToString().Should().Be(given + "; charset=utf-8");
    }

    [Theory]
    [InlineData("metadata?_format=blah", null, 406)]
    [InlineData("metadata", "application/fhir+json;q=0", 406)]
    [InlineData("metadata", "application/fhir+json; fhirVersion=5.0", 406)]
    [InlineData("metadata?mode=terminology", null, 400)]
    public async Task What_is_not_served_is_refused(string url, string? accept, int status)
    {
        using var client = Anybody;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept ?? "*/*");

        await (await client.TryAsync(url)).ShouldBeRefusedAsync(status);
    }

    [Theory]
    [InlineData("json", "{\n  \"resourceType\"")]
    [InlineData("xml", "<CapabilityStatement xmlns=\"http://hl7.org/fhir\">\n  <url")]
    public async Task It_is_laid_out_for_whoever_wants_to_read_it(string format, string start)
    {
        var pretty = await (await Anybody.TryAsync($"metadata?_pretty=true&_format={format}"))
            .Content.ReadAsStringAsync();
        var plain = await (await Anybody.TryAsync($"metadata?_pretty=false&_format={format}"))
            .Content.ReadAsStringAsync();

        pretty.Should().Contain(start);
        plain.Should().NotContain("\n");
    }

    private HttpClient Anybody => server.With(() => null);

    private static IEnumerable<JsonNode> Resources(JsonNode statement) =>
        statement["rest"]![0]!["resource"]!.AsArray().Select(r => r!);
}
