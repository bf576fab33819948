using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace CpIs.Testing;

/// <summary>
/// Stands between a lane and PostgreSQL and cuts the connection at the commit: before the server hears of it, or
/// after the server did it and before the lane hears of that. Or it withholds the message and leaves the connection
/// open, so that whoever waits for it can be killed meanwhile.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private enum Cut
    {
        None,
        BeforeServer,
        BeforeClient,
    }

    private static readonly byte[] Committed = "COMMIT\0"u8.ToArray();

    // ReadyForQuery outside a transaction.
    private static readonly byte[] Idle = "Z\0\0\0\u0005I"u8.ToArray();

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Withheld, bool> withholding = new();
    private readonly string socket;
    private readonly Task accepting;
    private int armed;
    private volatile byte[] beforeServer = "commit\0"u8.ToArray();
    private volatile byte[] beforeClient = Committed;

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

    /// <summary>Withholds one message about one request, whatever others say meanwhile.</summary>
    /// <param name="word">What only messages about that request hold.</param>
    /// <param name="committed">
    /// Withholds the word that its commit is done, on its way to the server; else what comes before its commit, on its
    /// way to the database.
    /// </param>
    /// <param name="passing">So many of them go by first.</param>
    internal Withheld Withhold(string word, bool committed, int passing = 0)
    {
        var withheld = new Withheld(word, committed, passing);
        withholding[withheld] = true;
        return withheld;
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
        var line = new Line();
        await Task.WhenAny(
            PumpAsync(client, server, Cut.BeforeServer, line), PumpAsync(server, client, Cut.BeforeClient, line));
        client.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, Cut cut, Line line)
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

                if (Withholds(buffer.AsSpan(0, read), cut, line))
                {
                    await DropAsync(from, buffer);
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

    /// <summary>The end of the one who is silenced ends the connection.</summary>
    private static async Task DropAsync(Socket from, byte[] buffer)
    {
        while (await from.ReceiveAsync(buffer) > 0)
        {
            // Nothing of it goes further.
        }
    }

    private bool Withholds(ReadOnlySpan<byte> message, Cut cut, Line line)
    {
        if (cut == Cut.BeforeServer)
        {
            foreach (var one in withholding.Keys)
            {
                if (message.IndexOf(one.Word) >= 0)
                {
                    line.About = one;
                    return !one.Committed && Taken(one);
                }
            }

            return false;
        }

        if (line.About is { Committed: true } about && message.IndexOf(Committed) >= 0 && Taken(about))
        {
            return true;
        }

        if (message.EndsWith(Idle))
        {
            line.About = null;
        }

        return false;
    }

    private bool Taken(Withheld one) => one.Take() && withholding.TryRemove(one, out _);

    /// <summary>One connection.</summary>
    private sealed class Line
    {
        /// <summary>What is looked for, from the moment the connection speaks of it until it is idle again.</summary>
        public volatile Withheld? About;
    }
}

/// <summary>A message of a connection that is to be withheld, and the moment at which it was.</summary>
internal sealed class Withheld(string word, bool committed, int passing)
{
    private readonly TaskCompletionSource came = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int left = passing;

    public byte[] Word { get; } = Encoding.ASCII.GetBytes(word);

    public bool Committed => committed;

    /// <summary>Ends when it came by and went no further.</summary>
    public Task Came => came.Task;

    /// <summary>True when this one is withheld.</summary>
    public bool Take() => Interlocked.Decrement(ref left) < 0 && came.TrySetResult();
}
