namespace CpIs.Audit;

/// <summary>
/// Compares the stored tiles of one lane with those its entries give, as a pass over the lane fills them. Proofs are
/// made from tiles, so one that was changed would prove what never was, or deny what is.
/// </summary>
internal sealed class TileCheck(ILedgerFeed feed, LaneTotal total, CancellationToken stop) : IAsyncDisposable
{
    private readonly List<IAsyncEnumerator<LedgerTile>> levels = [];

    /// <summary>False when the stored tile is another, or is not there.</summary>
    internal async Task<bool> AgreeAsync(Tile made)
    {
        while (levels.Count <= made.Level)
        {
            levels.Add(feed.TilesAsync(total.Lane, levels.Count, total.Last, stop).GetAsyncEnumerator(stop));
        }

        var stored = levels[made.Level];
        return await stored.MoveNextAsync() && stored.Current.Index == made.Index
            && stored.Current.Hashes.Span.SequenceEqual(made.Hashes);
    }

    /// <summary>Position of the first entry below a tile.</summary>
    internal static long FirstOf(Tile tile) => (tile.Index << ((tile.Level + 1) * MerkleEdge.TileHeight)) + 1;

    public async ValueTask DisposeAsync()
    {
        foreach (var level in levels)
        {
            await level.DisposeAsync();
        }
    }
}
