using System.Net;
using System.Text;
using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>Resources of a megabyte of opening brackets, by a council's system that was taken over.</summary>
internal sealed class DepthBombs(ServerStart server) : Attack(server)
{
    private const int BodyBytes = 1024 * 1024;

    private static readonly byte[] Bomb = Encoding.ASCII.GetBytes(
        """{"resourceType":"Flag","extension":""" + new string('[', BodyBytes));

    private int refused;
    private int taken;

    public override string Words => Text($"{Attackers} at a time, {refused} of 1 MiB refused");

    public override IEnumerable<string> Wrong => taken > 0 || refused == 0 ? [Text($"{taken} were not refused")] : [];

    protected override int Attackers => 2;

    protected override async Task TryAsync(CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Server.Address, "/FHIR/R4/Flag"))
        {
            Content = new ByteArrayContent(Bomb),
        };
        request.Content.Headers.ContentType = new("application/fhir+json");
        request.Headers.Authorization = await Tokens.OfAsync(Http, Server.Address, "sandbox-council-leeds");
        using var answer = await Http.SendAsync(request, end);
        Interlocked.Increment(ref answer.StatusCode == HttpStatusCode.BadRequest ? ref refused : ref taken);
    }
}
