namespace CpIs.Audit;

/// <summary>An entry with its place in a lane, fixed before the insert because its hash covers the place.</summary>
internal readonly record struct PlacedEntry(StoredEntry Stored, long Position, long? Group, Guid Id);

/// <summary>
/// What one commit will add to a lane: entries with positions, and the head that follows. Placing works on a copy of
/// the edge, so a commit that fails leaves the lane where it was.
/// </summary>
internal sealed record PlacedBatch(
    int Lane, long First, long Last, byte[] Root, DateTimeOffset Recorded, IReadOnlyList<PlacedEntry> Entries,
    MerkleEdge Edge)
{
    /// <param name="groups">Entries of one disclosure stand together; each group gets its first position.</param>
    internal static PlacedBatch Of(
        int lane, MerkleEdge head, IReadOnlyList<StoredEntry[]> groups, DateTimeOffset now)
    {
        var recorded = new DateTimeOffset(
            now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        var edge = head.Copy();
        var entries = new List<PlacedEntry>();
        Span<byte> bytes = stackalloc byte[EntryBytes.HeadBytesMax];
        Span<byte> leaf = stackalloc byte[MerkleEdge.HashBytes];
        foreach (var group in groups)
        {
            long? together = group.Length > 1 ? edge.Size + 1 : null;
            foreach (var stored in group)
            {
                var placed = new PlacedEntry(stored, edge.Size + 1, together, Guid.CreateVersion7(recorded));
                var length = EntryBytes.WriteHead(bytes, lane, placed.Position, together, placed.Id, recorded);
                EntryBytes.HashLeaf(bytes[..length], stored.Tail, leaf);
                edge.Append(leaf);
                entries.Add(placed);
            }
        }

        return new PlacedBatch(lane, head.Size + 1, edge.Size, edge.Root(), recorded, entries, edge);
    }
}
