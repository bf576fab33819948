namespace CpIs.Audit;

/// <summary>One commit of a lane as it was recorded: where it stands, its leaf hashes and the root it led to.</summary>
public sealed record LedgerBatch(
    long First, long Last, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> Leaves, DateTimeOffset Recorded);

/// <summary>A full tile of one level of a lane's tree: 256 hashes.</summary>
public readonly record struct LedgerTile(long Index, ReadOnlyMemory<byte> Hashes);

/// <summary>
/// One lane at one moment: how many entries claim it, the last position its batches give, which must be as many, and
/// the largest size the database holds a checkpoint of.
/// </summary>
public sealed record LaneTotal(int Lane, long Entries, long Last, long SignedSize);

/// <summary>
/// Where a <see cref="Checker"/> gets the ledger from: a connection for whoever runs the database, HTTP for an auditor.
/// Ranges include both ends. Canonical bytes are those of docs/audit-log.md.
/// </summary>
public interface ILedgerFeed
{
    /// <summary>Every lane that has a batch or an entry, in order, as of one moment.</summary>
    Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop);

    /// <summary>Batches in order, without the empty one that begins a lane.</summary>
    IAsyncEnumerable<LedgerBatch> BatchesAsync(int lane, long end, CancellationToken stop);

    /// <summary>Entries of the lane's batches by position. Each is valid until the next is asked for.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(int lane, long start, long end, CancellationToken stop);

    /// <summary>Entries that claim this position, wherever they are filed.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ClaimsAsync(int lane, long position, CancellationToken stop);

    /// <summary>The lowest position of an entry that no batch covers; null when there is none.</summary>
    Task<long?> StrayAsync(int lane, CancellationToken stop);

    /// <summary>Stored tiles of a level in order, those that are full at size <paramref name="end"/>.</summary>
    IAsyncEnumerable<LedgerTile> TilesAsync(int lane, int level, long end, CancellationToken stop);

    /// <summary>Signed notes of the lane by size.</summary>
    IAsyncEnumerable<string> CheckpointsAsync(int lane, long end, CancellationToken stop);

    /// <summary>Entries of a lane that came from an archive so far: the database does not count them.</summary>
    long Archived(int lane) => 0;
}
