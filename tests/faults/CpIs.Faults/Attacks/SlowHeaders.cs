using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>Headers that never end, a line a second.</summary>
internal sealed class SlowHeaders(ServerStart server) : SlowConnections(server)
{
    protected override byte[] More => "X-More: 1\r\n"u8.ToArray();

    protected override Task<byte[]> BeginAsync() =>
        Task.FromResult("GET /FHIR/R4/metadata HTTP/1.1\r\nHost: localhost\r\n"u8.ToArray());
}
