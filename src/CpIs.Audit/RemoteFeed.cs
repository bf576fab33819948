using System.Runtime.CompilerServices;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// The ledger from another machine, for an auditor who has no connection to the database: <paramref name="open"/>
/// fetches the answer to a question such as <c>3/entries?start=1&amp;end=500</c>.
/// </summary>
public sealed class RemoteFeed(Func<string, CancellationToken, Task<Stream>> open) : ILedgerFeed
{
    public async Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop)
    {
        var totals = new List<LaneTotal>();
        await foreach (var frame in AskAsync("lanes", 0, 0, 0, stop))
        {
            totals.Add(FeedFrames.Total(frame.Span));
        }

        return totals;
    }

    public async IAsyncEnumerable<LedgerBatch> BatchesAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var frame in AskAsync("batches", lane, 1, end, stop))
        {
            yield return FeedFrames.Batch(frame.Span);
        }
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        int lane, long start, long end, CancellationToken stop) => AskAsync("entries", lane, start, end, stop);

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ClaimsAsync(int lane, long position, CancellationToken stop) =>
        AskAsync("claims", lane, position, position, stop);

    public async Task<long?> StrayAsync(int lane, CancellationToken stop)
    {
        long? stray = null;
        await foreach (var frame in AskAsync("stray", lane, 0, 0, stop))
        {
            stray = FeedFrames.Long(frame.Span, 0);
        }

        return stray;
    }

    public async IAsyncEnumerable<LedgerTile> TilesAsync(
        int lane, int level, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var frame in AskAsync("tiles", lane, level, end, stop))
        {
            yield return FeedFrames.Tile(frame.Span);
        }
    }

    public async IAsyncEnumerable<string> CheckpointsAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var frame in AskAsync("checkpoints", lane, 0, end, stop))
        {
            yield return Encoding.UTF8.GetString(frame.Span);
        }
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> AskAsync(
        string what, int lane, long start, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var answer = await open(FeedFrames.Question(what, lane, start, end), stop);
        await using var buffered = new BufferedStream(answer, 64 * 1024);
        await foreach (var frame in FeedFrames.ReadAsync(buffered, stop))
        {
            yield return frame;
        }
    }
}
