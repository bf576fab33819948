using System.Threading.Channels;

namespace CpIs.Audit;

/// <summary>Entries of one disclosure on their way to a lane, and the caller who waits for them.</summary>
internal sealed class Waiting(StoredEntry[] entries)
{
    private readonly TaskCompletionSource durable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal StoredEntry[] Entries { get; } = entries;

    internal Task Durable => durable.Task;

    internal void Complete() => durable.TrySetResult();

    internal void Fail(LedgerUnavailable cause) => durable.TrySetException(cause);
}

/// <summary>
/// What look-ups and refusals queue while the last commit is in flight. Bounded in entries; nothing is dropped, the
/// caller who finds it full is refused.
/// </summary>
internal sealed class ReadQueue(AuditLogOptions options, TimeProvider clock)
{
    private readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>();

    private int queued;

    internal async Task AppendAsync(StoredEntry[] entries)
    {
        if (entries.Length > options.BatchEntriesMax)
        {
            throw new LedgerUnavailable("One disclosure is larger than one commit may be.");
        }

        if (Interlocked.Add(ref queued, entries.Length) > options.QueueEntriesMax)
        {
            Interlocked.Add(ref queued, -entries.Length);
            throw new LedgerUnavailable("The ledger's queue is full.");
        }

        var waiting = new Waiting(entries);
        if (!queue.Writer.TryWrite(waiting))
        {
            throw new LedgerUnavailable("The ledger is closed.");
        }

        try
        {
            await waiting.Durable.WaitAsync(TimeSpan.FromMilliseconds(options.CommitWaitMs), clock);
        }
        catch (TimeoutException late)
        {
            throw new LedgerUnavailable("The ledger took too long.", late);
        }
    }

    /// <summary>False once the queue is closed and empty.</summary>
    internal ValueTask<bool> WaitAsync(CancellationToken stop) => queue.Reader.WaitToReadAsync(stop);

    /// <summary>All that queued, up to a batch; may find nothing.</summary>
    internal void Take(List<Waiting> batch)
    {
        var entries = 0;
        while (queue.Reader.TryPeek(out var next) && entries + next.Entries.Length <= options.BatchEntriesMax
            && queue.Reader.TryRead(out var taken))
        {
            entries += taken.Entries.Length;
            batch.Add(taken);
        }

        Interlocked.Add(ref queued, -entries);
    }

    internal void Close() => queue.Writer.TryComplete();

    internal void FailAll(LedgerUnavailable cause)
    {
        while (queue.Reader.TryRead(out var waiting))
        {
            Interlocked.Add(ref queued, -waiting.Entries.Length);
            waiting.Fail(cause);
        }
    }
}
