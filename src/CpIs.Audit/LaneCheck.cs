using System.Security.Cryptography;

namespace CpIs.Audit;

/// <summary>One pass over one lane, from its first entry to its last.</summary>
internal sealed class LaneCheck(ILedgerFeed feed, LaneTotal total, SignedSizes signed)
{
    private readonly MerkleEdge edge = new();
    private readonly byte[] leaf = new byte[MerkleEdge.HashBytes];
    private byte[] covered = new byte[2048];

    internal async Task<LaneVerdict> RunAsync(CancellationToken stop)
    {
        await signed.StartAsync();
        await using var tiles = new TileCheck(feed, total, stop);
        await using var entries = feed.EntriesAsync(total.Lane, 1, total.Last, stop).GetAsyncEnumerator(stop);
        await foreach (var batch in feed.BatchesAsync(total.Lane, total.Last, stop))
        {
            if (batch.First != edge.Size + 1)
            {
                return batch.First > edge.Size + 1
                    ? Bad(edge.Size + 1, LedgerFault.Removed)
                    : Bad(batch.First, LedgerFault.Inserted);
            }

            if (await BatchAsync(batch, entries, tiles, stop) is { } bad)
            {
                return bad;
            }
        }

        return await EndAsync(stop);
    }

    /// <summary>Null when every entry gives its leaf, the leaves the root, and all that was signed agrees.</summary>
    private async Task<LaneVerdict?> BatchAsync(
        LedgerBatch batch, IAsyncEnumerator<ReadOnlyMemory<byte>> entries, TileCheck tiles, CancellationToken stop)
    {
        for (var position = batch.First; position <= batch.Last; position++)
        {
            if (!await entries.MoveNextAsync() || !Matches(entries.Current.Span, batch, position))
            {
                var (at, fault) = await new Diagnosis(feed, total.Lane, batch).OfAsync(position, stop);
                return Bad(at, fault);
            }

            edge.Append(leaf);
            if (edge.Full.Count > 0 && await TilesAsync(tiles) is { } bad)
            {
                return bad;
            }

            if (edge.Size == signed.Next && !await signed.AgreeAsync(edge.Root()))
            {
                return Bad(signed.Agreed + 1, LedgerFault.Changed);
            }
        }

        return batch.Root.Span.SequenceEqual(edge.Root()) ? null : Bad(batch.First, LedgerFault.Changed);
    }

    /// <summary>Null when the tiles that the last entry filled are stored as they should be.</summary>
    private async Task<LaneVerdict?> TilesAsync(TileCheck tiles)
    {
        foreach (var tile in edge.Full)
        {
            if (!await tiles.AgreeAsync(tile))
            {
                return Bad(TileCheck.FirstOf(tile), LedgerFault.Changed);
            }
        }

        edge.ForgetFull();
        return null;
    }

    private bool Matches(ReadOnlySpan<byte> canonical, LedgerBatch batch, long position)
    {
        if (covered.Length <= canonical.Length)
        {
            covered = new byte[canonical.Length * 2];
        }

        canonical.CopyTo(covered.AsSpan(1));
        SHA256.HashData(covered.AsSpan(0, canonical.Length + 1), leaf);
        var at = (int)(position - batch.First) * MerkleEdge.HashBytes;
        return batch.Leaves.Length >= at + MerkleEdge.HashBytes
            && batch.Leaves.Span.Slice(at, MerkleEdge.HashBytes).SequenceEqual(leaf);
    }

    /// <summary>What is left when the batches end: signed sizes that are gone, entries that belong nowhere.</summary>
    private async Task<LaneVerdict> EndAsync(CancellationToken stop)
    {
        if (signed.Next != long.MaxValue)
        {
            return Bad(edge.Size + 1, LedgerFault.TailCut);
        }

        if (signed.Forged)
        {
            return Bad(signed.Agreed + 1, LedgerFault.Changed);
        }

        var archived = feed.Archived(total.Lane);
        return total.Entries + archived == edge.Size
            ? new LaneVerdict(total.Lane, edge.Size, null, null) { Archived = archived }
            : Bad(await feed.StrayAsync(total.Lane, stop) ?? edge.Size + 1, LedgerFault.Inserted);
    }

    private LaneVerdict Bad(long position, LedgerFault fault) => new(total.Lane, edge.Size, position, fault);
}
