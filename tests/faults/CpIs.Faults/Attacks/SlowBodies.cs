using System.Text;
using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>The body of a search by somebody who is let in, a byte a second.</summary>
internal sealed class SlowBodies(ServerStart server) : SlowConnections(server)
{
    private const int BodyBytes = 10_000;

    protected override byte[] More => "p"u8.ToArray();

    protected override async Task<byte[]> BeginAsync()
    {
        var token = await Tokens.OfAsync(Http, Server.Address, "sandbox-ed-clinician");
        return Encoding.ASCII.GetBytes("POST /FHIR/R4/Flag/_search HTTP/1.1\r\nHost: localhost\r\n"
            + $"Authorization: {token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + Text($"Content-Length: {BodyBytes}\r\n\r\n"));
    }
}
