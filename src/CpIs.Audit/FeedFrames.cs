using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// The ledger on a wire: each answer is a row of frames, four bytes of length and that many bytes, closed by the
/// length −1, so that an answer cut short cannot pass for a whole one. docs/audit-log.md states the frames.
/// </summary>
public static class FeedFrames
{
    private const int End = -1;
    private const int FrameBytesMax = 16 * 1024 * 1024;

    /// <summary>Writes what was asked for; false when there is no such question.</summary>
    /// <param name="feed">The ledger.</param>
    /// <param name="what">One of lanes, batches, entries, claims, stray, tiles, checkpoints.</param>
    /// <param name="lane">The lane; not looked at for lanes.</param>
    /// <param name="range">First and last position, both included; of tiles: the level and the last position.</param>
    /// <param name="to">Where to; the caller buffers.</param>
    /// <param name="stop">Ends it early, without the closing frame.</param>
    public static async Task<bool> WriteAsync(
        ILedgerFeed feed, string what, int lane, (long Start, long End) range, Stream to, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(to);
        var frames = what switch
        {
            "lanes" => Lanes(feed, stop),
            "batches" => feed.BatchesAsync(lane, range.End, stop).Select(Batch),
            "entries" => feed.EntriesAsync(lane, range.Start, range.End, stop),
            "claims" => feed.ClaimsAsync(lane, range.Start, stop),
            "stray" => Stray(feed, lane, stop),
            "tiles" => feed.TilesAsync(lane, (int)range.Start, range.End, stop).Select(Tile),
            "checkpoints" => feed.CheckpointsAsync(lane, range.End, stop).Select(note => Bytes(note)),
            _ => null,
        };
        if (frames is null)
        {
            return false;
        }

        await foreach (var frame in frames.WithCancellation(stop))
        {
            await LengthAsync(to, frame.Length, stop);
            await to.WriteAsync(frame, stop);
        }

        await LengthAsync(to, End, stop);
        return true;
    }

    /// <summary>The path and query of a question, relative to where the server answers them.</summary>
    internal static string Question(string what, int lane, long start, long end) =>
        string.Create(CultureInfo.InvariantCulture, $"{lane}/{what}?start={start}&end={end}");

    /// <summary>Each frame is valid until the next is asked for.</summary>
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream from, [EnumeratorCancellation] CancellationToken stop)
    {
        var buffer = new byte[4096];
        while (true)
        {
            await from.ReadExactlyAsync(buffer.AsMemory(0, 4), stop);
            var length = BinaryPrimitives.ReadInt32BigEndian(buffer);
            if (length == End)
            {
                yield break;
            }

            if (length is < 0 or > FrameBytesMax)
            {
                throw new InvalidDataException("A frame of the ledger is larger than any can be.");
            }

            buffer = buffer.Length < length ? new byte[length * 2] : buffer;
            await from.ReadExactlyAsync(buffer.AsMemory(0, length), stop);
            yield return buffer.AsMemory(0, length);
        }
    }

    internal static LaneTotal Total(ReadOnlySpan<byte> frame) =>
        new((int)Long(frame, 0), Long(frame, 1), Long(frame, 2), Long(frame, 3));

    internal static LedgerBatch Batch(ReadOnlySpan<byte> frame)
    {
        const int LeavesAt = (3 * sizeof(long)) + MerkleEdge.HashBytes;
        return new LedgerBatch(
            Long(frame, 0), Long(frame, 1), frame[(3 * sizeof(long))..LeavesAt].ToArray(), frame[LeavesAt..].ToArray(),
            EntryBytes.Time(Long(frame, 2)));
    }

    internal static LedgerTile Tile(ReadOnlySpan<byte> frame) => new(Long(frame, 0), frame[sizeof(long)..].ToArray());

    internal static long Long(ReadOnlySpan<byte> frame, int index) =>
        BinaryPrimitives.ReadInt64BigEndian(frame[(index * sizeof(long))..]);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Lanes(
        ILedgerFeed feed, [EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var total in await feed.TotalsAsync(stop))
        {
            yield return Longs(total.Lane, total.Entries, total.Last, total.SignedSize);
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Stray(
        ILedgerFeed feed, int lane, [EnumeratorCancellation] CancellationToken stop)
    {
        if (await feed.StrayAsync(lane, stop) is { } position)
        {
            yield return Longs(position);
        }
    }

    private static ReadOnlyMemory<byte> Batch(LedgerBatch batch) => (byte[])
    [
        .. Longs(batch.First, batch.Last, EntryBytes.Microseconds(batch.Recorded)),
        .. batch.Root.Span, .. batch.Leaves.Span,
    ];

    private static ReadOnlyMemory<byte> Tile(LedgerTile tile) => (byte[])[.. Longs(tile.Index), .. tile.Hashes.Span];

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Longs(params ReadOnlySpan<long> values)
    {
        var bytes = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * sizeof(long)), values[i]);
        }

        return bytes;
    }

    private static async Task LengthAsync(Stream to, int length, CancellationToken stop)
    {
        var four = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(four, length);
        await to.WriteAsync(four, stop);
    }
}
