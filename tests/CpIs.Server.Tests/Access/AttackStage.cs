using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// A server that holds a child's plan of each of two councils, and a way to send it bytes that no client would send.
/// </summary>
public sealed class AttackStage : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public RunningServer Server { get; } = new();

    internal InventedPlan Plan { get; private set; } = null!;

    internal InventedPlan OfLeeds { get; private set; } = null!;

    /// <summary>A child of Lancashire's of whom nothing is current: a plan for it would be accepted.</summary>
    internal string Free { get; } = InventedPlan.NewNumber();

    internal (string Episode, string Flag) Ids { get; private set; }

    internal (string Episode, string Flag) IdsOfLeeds { get; private set; }

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        Plan = new InventedPlan { Start = Server.Today.AddDays(-3), Family = "Quillfeather" };
        OfLeeds = new InventedPlan { Start = Server.Today.AddDays(-3), Family = "Quillfeather" }.OfLeeds();
        Ids = await Server.SubmitAsync(Plan);
        IdsOfLeeds = await Server.SubmitAsync(OfLeeds);
        await Server.SubmitAsync(Next() with
        {
            Start = Server.Today.AddDays(-9), End = Server.Today.AddDays(-2), Status = "finished",
        });
    }

    /// <summary>A plan that would be accepted, were it not for what an attack makes of it.</summary>
    internal InventedPlan Next() => new() { Number = Free, Start = Server.Today };

    public Task DisposeAsync() => Server.DisposeAsync();

    /// <summary>Sends the bytes as they are; status 0 when what came back is no HTTP/1.1.</summary>
    internal async Task<AttackAnswer> SendAsync(byte[] request)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        await client.ConnectAsync("localhost", Server.Root.Port, patience.Token);
        await using var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(request, patience.Token);
        }
        catch (IOException)
        {
            // Refused while it was still sent: the answer is already here.
        }

        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // What came before the line broke is the answer.
        }

        return AttackAnswer.Parse(Encoding.UTF8.GetString(answer.ToArray()));
    }
}

/// <summary>What came back: status, headers as they stood, body.</summary>
internal sealed record AttackAnswer(int Status, string Head, string Body)
{
    public static AttackAnswer Parse(string text)
    {
        if (!text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
        {
            return new(0, "", "");
        }

        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return new(int.Parse(text.AsSpan(9, 3), null), text[..end], text[(end + 4)..]);
    }

    public JsonNode? Json => Body.StartsWith('{') ? JsonNode.Parse(Body) : null;
}

/// <summary>One line of the table: what is tried, the bytes, and the answer it must get.</summary>
/// <param name="Name">What is tried.</param>
/// <param name="Bytes">The request.</param>
/// <param name="Status">Statuses that are the answer.</param>
internal sealed record Attack(string Name, Func<AttackStage, byte[]> Bytes, params int[] Status)
{
    /// <summary>What must not come back: the attacker's own words.</summary>
    public string? Echo { get; init; }
}
