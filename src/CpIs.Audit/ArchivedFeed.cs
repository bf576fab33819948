using System.Runtime.CompilerServices;

namespace CpIs.Audit;

/// <summary>
/// A ledger whose old months were moved to files: what the database no longer holds is read from them, and what it
/// does hold is read from it.
/// </summary>
public sealed class ArchivedFeed(ILedgerFeed held, IReadOnlyList<EntryArchive> archives) : ILedgerFeed
{
    private readonly Dictionary<int, long> supplied = [];

    public Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop) => held.TotalsAsync(stop);

    public IAsyncEnumerable<LedgerBatch> BatchesAsync(int lane, long end, CancellationToken stop) =>
        held.BatchesAsync(lane, end, stop);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        int lane, long start, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var rows = held.EntriesAsync(lane, start, end, stop).GetAsyncEnumerator(stop);
        var more = await rows.MoveNextAsync();
        foreach (var archive in archives.Where(a => a.First(lane) <= end).OrderBy(a => a.First(lane)))
        {
            await foreach (var entry in archive.EntriesAsync(lane, start, end, stop))
            {
                var position = EntryBytes.PositionOf(entry.Span);
                for (; more && EntryBytes.PositionOf(rows.Current.Span) < position; more = await rows.MoveNextAsync())
                {
                    yield return rows.Current;
                }

                if (!more || EntryBytes.PositionOf(rows.Current.Span) != position)
                {
                    supplied[lane] = Archived(lane) + 1;
                    yield return entry;
                }
            }
        }

        for (; more; more = await rows.MoveNextAsync())
        {
            yield return rows.Current;
        }
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ClaimsAsync(int lane, long position, CancellationToken stop) =>
        held.ClaimsAsync(lane, position, stop);

    public Task<long?> StrayAsync(int lane, CancellationToken stop) => held.StrayAsync(lane, stop);

    public IAsyncEnumerable<LedgerTile> TilesAsync(int lane, int level, long end, CancellationToken stop) =>
        held.TilesAsync(lane, level, end, stop);

    public IAsyncEnumerable<string> CheckpointsAsync(int lane, long end, CancellationToken stop) =>
        held.CheckpointsAsync(lane, end, stop);

    public long Archived(int lane) => supplied.GetValueOrDefault(lane);
}
