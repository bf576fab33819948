using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests;

/// <summary>What goes wrong on the wire becomes an answer that gives nothing away, and the server lives on.</summary>
public sealed class FailuresTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_body_that_is_no_HTTP_is_told_so_and_the_server_lives_on()
    {
        var answer = await SendAsync(
            $"POST {Routes.Prefix}/EpisodeOfCare HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + $"Authorization: Bearer {server.Token("sandbox-council-lancashire")}\r\n"
            + "Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");

        answer.Should().StartWith("HTTP/1.1 400 ").And.Contain("OperationOutcome");
        (await server.Clinician.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}")).Total().Should().Be(0);
    }

    [Fact]
    public async Task An_unknown_address_and_an_unknown_method_answer_with_an_outcome()
    {
        await (await server.Clinician.TryAsync("Nothing/here")).ShouldBeRefusedAsync(404);
        using var patch = new HttpRequestMessage(HttpMethod.Patch, new Uri("Flag", UriKind.Relative));
        await (await server.Clinician.SendAsync(patch)).ShouldBeRefusedAsync(405);
    }

    [Theory]
    [InlineData("GET", "FHIR/R4/Nothing/here")]
    [InlineData("POST", "FHIR/R4/AuditEvent")]
    [InlineData("GET", "FHIR/R4/Flag/nobodys")]
    [InlineData("GET", "FHIR/R4/metadata")]
    [InlineData("GET", "elsewhere")]
    [InlineData("POST", "oauth2/token")]
    [InlineData("GET", ".well-known/jwks.json")]
    [InlineData("GET", "health/live")]
    [InlineData("OPTIONS", "FHIR/R4/Flag")]
    public async Task Every_answer_gives_the_ids_of_its_request_back_or_makes_one(string method, string address)
    {
        using var client = server.Clinician;
        async Task<HttpResponseMessage> AskAsync(string? id)
        {
            using var asked = new HttpRequestMessage(new(method), new Uri(server.Root, address));
            asked.Headers.Add("X-Correlation-ID", "ward-7");
            if (id is not null)
            {
                asked.Headers.Add("X-Request-ID", id);
            }

            return await client.SendAsync(asked);
        }

        var id = Guid.NewGuid().ToString().ToUpperInvariant();
        var answer = await AskAsync(id);
        answer.Headers.GetValues("X-Request-ID").Should().Equal(id);
        answer.Headers.GetValues("X-Correlation-ID").Should().Equal("ward-7");
        foreach (var none in (string?[])[null, "no uuid"])
        {
            Guid.TryParse((await AskAsync(none)).Headers.GetValues("X-Request-ID").Single(), out _).Should().BeTrue();
        }
    }

    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("localhost", server.Root.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
