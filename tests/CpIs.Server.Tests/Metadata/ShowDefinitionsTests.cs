using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Metadata;
using FluentAssertions;
using Hl7.Fhir.Serialization;
using Xunit;

namespace CpIs.Server.Tests.Metadata;

/// <summary>What our resources are made of is anybody's to read, to find by its URL, and to keep for a while.</summary>
public sealed class ShowDefinitionsTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly IReadOnlyList<Definition> Ours =
        [.. Profiles.Load().Definitions.Where(d => ShowDefinitions.Types.Contains(d.ResourceType))];

    [Fact]
    public async Task Every_definition_is_read_without_a_token_as_it_was_compiled()
    {
        using var anybody = server.With(() => null);
        foreach (var definition in Ours)
        {
            var read = await anybody.GetOkAsync($"{definition.ResourceType}/{definition.Id}");

            JsonNode.DeepEquals(read, JsonNode.Parse(definition.Json.Span)).Should().BeTrue(definition.Url);
        }
    }

    [Fact]
    public async Task Every_definition_is_found_by_its_url_and_only_it()
    {
        using var anybody = server.With(() => null);
        foreach (var definition in Ours)
        {
            var found = await anybody.GetOkAsync(
                $"{definition.ResourceType}?url={Uri.EscapeDataString(definition.Url)}");

            found.Total().Should().Be(1);
            found.All(definition.ResourceType).Single().Text("id").Should().Be(definition.Id);
        }
    }

    [Theory]
    [InlineData("StructureDefinition?name=CpIsFlag", "CpIs-Flag")]
    [InlineData("StructureDefinition?name:exact=CpIsFlag&version=0.1.0", "CpIs-Flag")]
    [InlineData("StructureDefinition?_id=CpIs-Flag", "CpIs-Flag")]
    [InlineData("ValueSet?name:contains=kinD&name=CpIsPlan", "CpIs-PlanKind")]
    [InlineData("NamingSystem?url=https://fhir.cpis.example/Id/council-plan", "CpIs-CouncilPlan")]
    [InlineData("StructureDefinition?name=CpIsFlag&version=9", null)]
    [InlineData("CodeSystem?url=http://snomed.info/sct", null)]
    public async Task It_is_found_by_name_version_and_id_too(string asked, string? id)
    {
        using var anybody = server.With(() => null);

        var found = await anybody.GetOkAsync(asked);

        found.Total().Should().Be(id is null ? 0 : 1);
        (found["entry"]?[0]?["resource"]?.Text("id")).Should().Be(id);
    }

    [Fact]
    public async Task A_posted_search_and_its_pages_show_each_once()
    {
        using var anybody = server.With(() => null);
        using var form = new FormUrlEncodedContent([new("_count", "5")]);
        var page = await (await anybody.PostAsync(new Uri("ValueSet/_search", UriKind.Relative), form)).BodyAsync();
        List<string> seen = [.. page.All("ValueSet").Select(v => v.Text("id"))];
        while (page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next") is { } next)
        {
            page = await anybody.GetOkAsync(next.Text("url"));
            seen.AddRange(page.All("ValueSet").Select(v => v.Text("id")));
        }

        seen.Should().OnlyHaveUniqueItems().And.BeEquivalentTo(
            Ours.Where(d => d.ResourceType == "ValueSet").Select(d => d.Id));
    }

    [Theory]
    [InlineData("StructureDefinition/CpIs-Flag")]
    [InlineData("ValueSet?name=CpIsPlan")]
    [InlineData("metadata")]
    public async Task Anybody_may_keep_it_and_ask_whether_it_changed(string url)
    {
        using var anybody = server.With(() => null);
        var first = await anybody.TryAsync(url);
        first.Headers.CacheControl!.ToString().Should().StartWith("public, max-age=");
        first.Headers.Vary.Should().Contain("Accept");

        anybody.DefaultRequestHeaders.IfNoneMatch.Add(first.Headers.ETag!);
        var second = await anybody.TryAsync(url);

        second.StatusCode.Should().Be(HttpStatusCode.NotModified);
        second.Headers.ETag.Should().Be(first.Headers.ETag);
        (await second.Content.ReadAsStringAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("StructureDefinition/CpIs-Flag", 200)]
    [InlineData("StructureDefinition?url=https://fhir.cpis.example/StructureDefinition/CpIs-Flag", 200)]
    [InlineData("StructureDefinition/absent", 404)]
    [InlineData("StructureDefinition?unknown=1", 400)]
    [InlineData("StructureDefinition?_page=mine", 400)]
    [InlineData("structuredefinition/CpIs-Flag", 404)]
    public async Task None_of_it_is_recorded(string url, int status)
    {
        using var anybody = server.With(() => null);
        var id = Guid.NewGuid().ToString();
        anybody.DefaultRequestHeaders.Add("X-Request-ID", id);

        var answer = await anybody.TryAsync(url);

        ((int)answer.StatusCode).Should().Be(status);
        (await Ledger.OfRequestAsync(server, id)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_summary_of_it_is_shorter_and_has_an_ETag_of_its_own()
    {
        using var anybody = server.With(() => null);

        var whole = await anybody.TryAsync("StructureDefinition/CpIs-Flag");
        var summary = await anybody.TryAsync("StructureDefinition/CpIs-Flag?_summary=true");
        var found = await anybody.GetOkAsync("StructureDefinition?_id=CpIs-Flag&_elements=url");

        (await summary.BodyAsync())["snapshot"].Should().BeNull();
        summary.Headers.ETag.Should().NotBe(whole.Headers.ETag);
        found.All("StructureDefinition").Single()["name"].Should().NotBeNull("it is mandatory");
        found.All("StructureDefinition").Single()["snapshot"].Should().BeNull();
    }

    [Fact]
    public async Task It_comes_as_xml_to_whoever_wants_that()
    {
        using var anybody = server.With(() => null);

        var answer = await anybody.TryAsync("StructureDefinition/CpIs-Flag?_format=xml");

        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/fhir+xml");
        var read = new FhirXmlDeserializer().DeserializeResource(await answer.Content.ReadAsStringAsync());
        read.Id.Should().Be("CpIs-Flag");
    }
}
