using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CpIs.Audit;

/// <summary>
/// Says what was done to a batch that no longer gives its leaves. Each leaf covers the entry's position, so an entry
/// that gives a neighbour's leaf when read at the neighbour's position was moved.
/// </summary>
internal sealed class Diagnosis(ILedgerFeed feed, int lane, LedgerBatch batch)
{
    /// <summary>In the canonical bytes: after format and lane, each with its length (see EntryBytes).</summary>
    private const int PositionAt = 6 + 8 + 4;

    private const int GroupLengthAt = PositionAt + 8;

    internal async Task<(long Position, LedgerFault Fault)> OfAsync(long position, CancellationToken stop)
    {
        var rows = new SortedDictionary<long, byte[]>();
        await foreach (var row in feed.EntriesAsync(lane, batch.First, batch.Last, stop))
        {
            rows[EntryBytes.PositionOf(row.Span)] = row.ToArray();
        }

        if (!rows.TryGetValue(position, out var here))
        {
            return (position, await OfAbsentAsync(position, stop));
        }

        var movedHere = rows.Keys.FirstOrDefault(other => other != position && Gives(here, other));
        var next = rows.GetValueOrDefault(position + 1);
        var nextBelongsHere = next is not null && Gives(next, position);
        var fault = (movedHere, nextBelongsHere) switch
        {
            (0, true) => LedgerFault.Inserted,
            (0, false) => LedgerFault.Changed,
            var (from, belongs) when from == position + 1 && !belongs => LedgerFault.Removed,
            _ => LedgerFault.Reordered,
        };
        return (position, fault);
    }

    /// <summary>No entry of this batch's time has the position; one of another time may.</summary>
    private async Task<LedgerFault> OfAbsentAsync(long position, CancellationToken stop)
    {
        await foreach (var claim in feed.ClaimsAsync(lane, position, stop))
        {
            // An entry that was only moved still carries the time its id was made from.
            return IsOfOneTime(claim.Span) ? LedgerFault.Reordered : LedgerFault.Changed;
        }

        return LedgerFault.Removed;
    }

    /// <summary>The entry gives the leaf recorded at a position when it is read as standing there.</summary>
    private bool Gives(byte[] entry, long position)
    {
        var at = (int)(position - batch.First) * MerkleEdge.HashBytes;
        if (at < 0 || at + MerkleEdge.HashBytes > batch.Leaves.Length)
        {
            return false;
        }

        byte[] covered = [0, .. entry];
        BinaryPrimitives.WriteInt64BigEndian(covered.AsSpan(1 + PositionAt), position);
        return batch.Leaves.Span.Slice(at, MerkleEdge.HashBytes).SequenceEqual(SHA256.HashData(covered));
    }

    private static bool IsOfOneTime(ReadOnlySpan<byte> entry)
    {
        var groupBytes = Math.Max(BinaryPrimitives.ReadInt32BigEndian(entry[GroupLengthAt..]), 0);
        var idAt = GroupLengthAt + 4 + groupBytes + 4;
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(entry[idAt..]) >> 16;
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(entry[(idAt + 16 + 4)..]);
        return milliseconds == EntryBytes.Time(microseconds).ToUnixTimeMilliseconds();
    }
}
