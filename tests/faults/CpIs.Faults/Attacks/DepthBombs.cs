using System.Net;
using System.Text;

namespace CpIs.Faults.Attacks;

/// <summary>Resources of a megabyte of opening brackets, by a council's system that was taken over.</summary>
internal sealed class DepthBombs : Attack, IDisposable
{
    private const int BodyBytes = 1024 * 1024;

    private static readonly byte[] Bomb = Encoding.ASCII.GetBytes(
        """{"resourceType":"Flag","extension":""" + new string('[', BodyBytes));

    private readonly HttpClient http;
    private readonly Tokens tokens = new();
    private int refused;
    private int taken;

    public DepthBombs(ServerSeat seat)
        : base(seat) => http = new(seat.Start.Handler());

    public override string Name => "depth bombs";

    public override string Words => Text($"{Attackers} at a time, {refused} of 1 MiB refused");

    public override IEnumerable<string> Wrong => taken > 0 || refused == 0 ? [Text($"{taken} were not refused")] : [];

    protected override int Attackers => 2;

    public void Dispose() => http.Dispose();

    protected override async Task TryAsync(CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Seat.Address, "/FHIR/R4/Flag"))
        {
            Content = new ByteArrayContent(Bomb),
        };
        request.Content.Headers.ContentType = new("application/fhir+json");
        request.Headers.Authorization = await tokens.OfAsync(http, Seat.Address, "sandbox-council-leeds");
        using var answer = await http.SendAsync(request, end);
        Interlocked.Increment(ref answer.StatusCode == HttpStatusCode.BadRequest ? ref refused : ref taken);
    }
}
