using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace CpIs.Testing;

/// <summary>
/// Stands between a lane and PostgreSQL and cuts the connection at the commit: before the server hears of it, or
/// after the server did it and before the lane hears of that.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private enum Cut
    {
        None,
        BeforeServer,
        BeforeClient,
    }

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string socket;
    private readonly Task accepting;
    private int armed;
    private volatile byte[] beforeServer = "commit\0"u8.ToArray();
    private volatile byte[] beforeClient = "COMMIT\0"u8.ToArray();

    internal CuttingProxy(string socket)
    {
        this.socket = socket;
        listener.Start();
        accepting = AcceptAsync();
    }

    internal int Cuts { get; private set; }

    internal string Through(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        GssEncryptionMode = GssEncryptionMode.Disable,
        SslMode = SslMode.Disable,
    }.ConnectionString;

    /// <summary>Cuts at the next commit, or at the next message that holds another word.</summary>
    internal void Arm(bool forwardFirst, string? word = null)
    {
        if (word is not null && forwardFirst)
        {
            beforeClient = Encoding.ASCII.GetBytes(word);
        }
        else if (word is not null)
        {
            beforeServer = Encoding.ASCII.GetBytes(word);
        }

        Volatile.Write(ref armed, (int)(forwardFirst ? Cut.BeforeClient : Cut.BeforeServer));
    }

    internal void Disarm() => Volatile.Write(ref armed, (int)Cut.None);

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptSocketAsync());
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await server.ConnectAsync(new UnixDomainSocketEndPoint(socket));
        await Task.WhenAny(PumpAsync(client, server, Cut.BeforeServer), PumpAsync(server, client, Cut.BeforeClient));
        client.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, Cut cut)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var read and > 0)
            {
                // The statement on its way, or the answer to it: other lanes may be talking too.
                var word = cut == Cut.BeforeServer ? beforeServer : beforeClient;
                var isCommit = buffer.AsSpan(0, read).IndexOf(word) >= 0;
                if (isCommit && Interlocked.CompareExchange(ref armed, (int)Cut.None, (int)cut) == (int)cut)
                {
                    Cuts++;
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The other direction was cut.
        }
    }
}
