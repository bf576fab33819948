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
