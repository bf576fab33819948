using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>Something a stranger or a taken-over client does over and over, until it is told to end.</summary>
internal abstract class Attack(ServerStart server) : IDisposable
{
    public static readonly IReadOnlyList<(string Name, Func<ServerStart, Attack> On)> Known =
    [
        ("slow headers", server => new SlowHeaders(server)),
        ("slow bodies", server => new SlowBodies(server)),
        ("rapid reset", server => new RapidReset(server)),
        ("depth bombs", server => new DepthBombs(server)),
    ];

    /// <summary>What an attacker's system takes before the server has to: so it notices that it was cut off.</summary>
    private const int SendBufferBytes = 16 * 1024;

    /// <summary>They come one after the other: what is tried is what they do, not that they come.</summary>
    private static readonly TimeSpan ComeWithin = TimeSpan.FromSeconds(5);

    /// <summary>What became of the attackers.</summary>
    public abstract string Words { get; }

    /// <summary>What the server should have done and did not.</summary>
    public abstract IEnumerable<string> Wrong { get; }

    protected ServerStart Server { get; } = server;

    protected HttpClient Http { get; } = new(server.Handler());

    protected Tokens Tokens { get; } = new();

    protected abstract int Attackers { get; }

    /// <summary>Between two tries of one attacker.</summary>
    protected virtual TimeSpan Pause => TimeSpan.FromMilliseconds(50);

    protected static string Text(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);

    public Task RunAsync(CancellationToken end) =>
        Task.WhenAll(Enumerable.Range(0, Attackers).Select(n => AgainAsync(ComeWithin * n / Attackers, end)));

    public void Dispose() => Http.Dispose();

    /// <summary>One try; it returns when the server has had enough of it.</summary>
    protected abstract Task TryAsync(CancellationToken end);

    /// <summary>A TLS connection to the server.</summary>
    protected async Task<SslStream> ConnectAsync(SslApplicationProtocol protocol, CancellationToken end)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true, SendBufferSize = SendBufferBytes,
        };
        await socket.ConnectAsync("localhost", Server.Port, end);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [protocol],
                RemoteCertificateValidationCallback = (_, shown, _, _) => Server.Trusts(shown),
            },
            end);
        return stream;
    }

    private async Task AgainAsync(TimeSpan first, CancellationToken end)
    {
        await Task.WhenAny(Task.Delay(first, end));
        while (!end.IsCancellationRequested)
        {
            try
            {
                await TryAsync(end);
                await Task.Delay(Pause, end);
            }
            catch (Exception over) when (over is IOException or SocketException or HttpRequestException
                or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                // Cut off, or told to end.
                continue;
            }
        }
    }
}

/// <summary>Connections that say one byte or one line a second, until the server cuts them off.</summary>
internal abstract class SlowConnections(ServerStart server) : Attack(server)
{
    private readonly ConcurrentBag<double> lived = [];

    public override string Words => Text($"{Attackers} connections at a time, {lived.Count} cut off after ")
        + Text($"{lived.DefaultIfEmpty(double.NaN).Max():0.0} s at most");

    public override IEnumerable<string> Wrong => lived.IsEmpty ? ["no connection was cut off"] : [];

    protected override int Attackers => 200;

    protected abstract Task<byte[]> BeginAsync();

    protected abstract byte[] More { get; }

    protected override async Task TryAsync(CancellationToken end)
    {
        var since = System.Diagnostics.Stopwatch.StartNew();
        await using var stream = await ConnectAsync(SslApplicationProtocol.Http11, end);
        var closed = ReadAsync(stream, end);
        try
        {
            await stream.WriteAsync(await BeginAsync(), end);
            while (!closed.IsCompleted)
            {
                await stream.WriteAsync(More, end);
                await Task.WhenAny(closed, Task.Delay(TimeSpan.FromSeconds(1), end));
            }
        }
        finally
        {
            if (!end.IsCancellationRequested)
            {
                lived.Add(since.Elapsed.TotalSeconds);
            }
        }
    }

    private static async Task ReadAsync(SslStream stream, CancellationToken end)
    {
        var bytes = new byte[4096];
        try
        {
            while (await stream.ReadAsync(bytes, end) > 0)
            {
                continue;
            }
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The line broke: that is an end as well.
            return;
        }
    }
}
