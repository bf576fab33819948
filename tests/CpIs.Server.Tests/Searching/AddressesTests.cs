using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>What is no address, no method and no format of ours is refused in words that any client can read.</summary>
public sealed class AddressesTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData("GET", "flag?patient=9990000018", 404)]
    [InlineData("GET", "FLAG/x", 404)]
    [InlineData("DELETE", "flag/x", 404)]
    [InlineData("PATCH", "episodeofcare", 404)]
    [InlineData("GET", "Condition", 404)]
    [InlineData("DELETE", "Condition/x", 404)]
    [InlineData("GET", "Flag/x/y/z", 404)]
    [InlineData("GET", "../r4/Flag", 404)]
    [InlineData("GET", "../../nowhere", 404)]
    [InlineData("DELETE", "metadata", 405)]
    [InlineData("POST", "AuditEvent", 405)]
    [InlineData("PUT", "AuditEvent/x", 405)]
    [InlineData("DELETE", "Organization", 405)]
    [InlineData("GET", "Organization?_format=blah", 406)]
    [InlineData("HEAD", "Organization?_format=blah", 406)]
    public async Task What_is_not_served_is_said_in_an_OperationOutcome(string method, string url, int status)
    {
        using var client = server.Clinician;
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, UriKind.Relative));

        using var answer = await client.SendAsync(request);

        ((int)answer.StatusCode).Should().Be(status);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/fhir+json");
        (answer.Content.Headers.Allow.Count > 0).Should().Be(status == 405);
        if (method != "HEAD")
        {
            (await answer.BodyAsync()).Text("resourceType").Should().Be("OperationOutcome");
        }
    }

    [Theory]
    [InlineData("sandbox-council-lancashire", "Flag?status=active")]
    [InlineData("sandbox-ed-clinician", "EpisodeOfCare?patient=9990000018")]
    [InlineData("sandbox-ed-clinician", "Organization?name=Lanc")]
    [InlineData("sandbox-auditor", "AuditEvent?_count=1&_total=none&_id=01a20000-0000-7000-8000-000000000000")]
    public async Task HEAD_of_a_search_tells_as_much_as_GET_without_the_body(string persona, string url)
    {
        using var client = server.As(persona);
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(url, UriKind.Relative));

        using var head = await client.SendAsync(request);
        using var get = await client.TryAsync(url);

        head.StatusCode.Should().Be(get.StatusCode);
        head.Content.Headers.ContentType.Should().Be(get.Content.Headers.ContentType);
        head.Content.Headers.ContentLength.Should().BePositive();
        (await head.Content.ReadAsByteArrayAsync()).Should().BeEmpty();
    }
}
