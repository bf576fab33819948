namespace CpIs.Audit;

/// <summary>An entry with its place in a lane, fixed before the insert because its hash covers the place.</summary>
internal readonly record struct PlacedEntry(StoredEntry Stored, long Position, long? Group, Guid Id);

/// <summary>
/// What one commit will add to a lane: entries with positions, their leaf hashes, and the head that follows. Placing
/// works on a copy of the edge, so a commit that fails leaves the lane where it was.
/// </summary>
internal sealed record PlacedBatch(
    int Lane, long First, byte[] Leaves, byte[] Root, DateTimeOffset Recorded, IReadOnlyList<PlacedEntry> Entries,
    MerkleEdge Edge)
{
    internal long Last => Edge.Size;

    /// <summary>Places the entries one after the other and hashes them.</summary>
    /// <param name="lane">Number of the lane.</param>
    /// <param name="edge">A copy of the lane's edge, which this moves on.</param>
    /// <param name="groups">Entries of one disclosure stand together; each group gets its first position.</param>
    /// <param name="now">One reading of the clock for the batch and all its entries.</param>
    internal static PlacedBatch Of(
        int lane, MerkleEdge edge, IReadOnlyList<StoredEntry[]> groups, DateTimeOffset now)
    {
        var recorded = new DateTimeOffset(
            now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        var first = edge.Size + 1;
        var entries = new List<PlacedEntry>(Count(groups));
        var leaves = new byte[entries.Capacity * MerkleEdge.HashBytes];
        Span<byte> bytes = stackalloc byte[EntryBytes.HeadBytesMax];
        foreach (var group in groups)
        {
            long? together = group.Length > 1 ? edge.Size + 1 : null;
            foreach (var stored in group)
            {
                var id = EntryId.Of(recorded, entries.Count);
                var placed = new PlacedEntry(stored, edge.Size + 1, together, id);
                var length = EntryBytes.WriteHead(bytes, lane, placed.Position, together, placed.Id, recorded);
                var leaf = leaves.AsSpan(entries.Count * MerkleEdge.HashBytes, MerkleEdge.HashBytes);
                EntryBytes.HashLeaf(bytes[..length], stored.Tail, leaf);
                edge.Append(leaf);
                entries.Add(placed);
            }
        }

        return new PlacedBatch(lane, first, leaves, edge.Root(), recorded, entries, edge);
    }

    private static int Count(IReadOnlyList<StoredEntry[]> groups)
    {
        var count = 0;
        foreach (var group in groups)
        {
            count += group.Length;
        }

        return count;
    }
}
