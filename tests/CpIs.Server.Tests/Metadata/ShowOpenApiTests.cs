using FluentAssertions;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using CpIs.Server.Metadata;
using Xunit;

namespace CpIs.Server.Tests.Metadata;

/// <summary>The OpenAPI document names the routes that are served, and no others.</summary>
public sealed class ShowOpenApiTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task It_is_valid_and_its_paths_are_the_routes()
    {
        var document = await ReadAsync();

        document.Paths.SelectMany(p => p.Value.Operations!.Keys.Select(m => $"{m} {p.Key}")).Should().BeEquivalentTo(
            Routes.Table.Concat(Routes.Log).Select(r => $"{r.Method} {ShowOpenApi.PathOf(r)}").Distinct());
        document.Paths.SelectMany(p => p.Value.Operations!.Values).Select(o => o.OperationId)
            .Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Every_search_of_it_names_the_parameters_that_the_search_reads()
    {
        var paths = (await ReadAsync()).Paths;

        foreach (var route in Routes.Table.Where(r => r is { Interaction: "search-type", Method: "GET" }))
        {
            var search = paths[ShowOpenApi.PathOf(route)].Operations![HttpMethod.Get];
            search.Parameters!.Where(p => p.In == ParameterLocation.Query).Select(p => p.Name)
                .Should().Contain(Searchable.Parameters(route.Resource).Select(p => p.Name)).And.Contain("_count");
            search.Responses!["200"].Content!.Keys.Should().Equal(Formats.Json, Formats.Xml);
        }
    }

    [Fact]
    public async Task What_needs_no_token_says_so_and_all_else_asks_for_one()
    {
        var paths = (await ReadAsync()).Paths;

        foreach (var route in Routes.Table.Concat(Routes.Log))
        {
            var operation = paths[ShowOpenApi.PathOf(route)].Operations![new(route.Method)];
            operation.Security!.Should().HaveCount(
                route.Who.HasFlag(CpIs.Server.Access.Who.Public) ? 0 : 1, route.Path);
        }
    }

    private async Task<OpenApiDocument> ReadAsync()
    {
        using var anybody = server.With(() => null);
        var answer = await anybody.TryAsync(new Uri(server.Root, "openapi.json").ToString());
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        answer.Content.Headers.GetValues("Content-Type").Should().Equal("application/json; charset=utf-8");
        answer.Headers.ETag.Should().NotBeNull();
        var read = OpenApiDocument.Parse(await answer.Content.ReadAsStringAsync());
        read.Diagnostic!.Errors.Should().BeEmpty();
        return read.Document!;
    }
}
