using System.Diagnostics;
using System.Threading.Channels;

namespace CpIs.Audit;

/// <summary>
/// What look-ups and refusals queue while the last commit is in flight. Bounded in entries; nothing is dropped, the
/// caller who finds it full is refused.
/// </summary>
internal sealed class ReadQueue(AuditLogOptions options, TimeProvider clock, LedgerMeter meter)
{
    private readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>();

    private int queued;

    /// <summary>Entries that wait.</summary>
    internal int Queued => Volatile.Read(ref queued);

    internal async Task AppendAsync(Waiting waiting)
    {
        var weight = Weight(waiting);
        if (weight > options.BatchEntriesMax)
        {
            throw new LedgerUnavailable("One disclosure is larger than one commit may be.");
        }

        if (Interlocked.Add(ref queued, weight) > options.QueueEntriesMax)
        {
            Interlocked.Add(ref queued, -weight);
            throw new LedgerUnavailable("The ledger's queue is full.");
        }

        if (!queue.Writer.TryWrite(waiting))
        {
            throw new LedgerUnavailable("The ledger is closed.");
        }

        var since = Stopwatch.GetTimestamp();
        try
        {
            await waiting.Durable.WaitAsync(TimeSpan.FromMilliseconds(options.CommitWaitMs), clock);
        }
        catch (TimeoutException late)
        {
            throw new LedgerUnavailable("The ledger took too long.", late);
        }
        finally
        {
            meter.Committed(since);
        }
    }

    /// <summary>False once the queue is closed and empty.</summary>
    internal ValueTask<bool> WaitAsync(CancellationToken stop) => queue.Reader.WaitToReadAsync(stop);

    /// <summary>All that queued, up to a batch; may find nothing.</summary>
    internal void Take(List<Waiting> batch)
    {
        var entries = 0;
        while (queue.Reader.TryPeek(out var next) && entries + Weight(next) <= options.BatchEntriesMax
            && queue.Reader.TryRead(out var taken))
        {
            entries += Weight(taken);
            batch.Add(taken);
        }

        Interlocked.Add(ref queued, -entries);
    }

    internal void Close() => queue.Writer.TryComplete();

    internal void FailAll(LedgerUnavailable cause)
    {
        while (queue.Reader.TryRead(out var waiting))
        {
            Interlocked.Add(ref queued, -Weight(waiting));
            waiting.Fail(cause);
        }
    }

    /// <summary>Of a look-up the entries are not known before it is answered; nearly always it is one.</summary>
    private static int Weight(Waiting waiting) => waiting.Question is null ? waiting.Entries.Length : 1;
}
