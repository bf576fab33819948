namespace CpIs.Audit;

/// <summary>Entries of one disclosure on their way to a lane, and the caller who waits for them.</summary>
internal class Waiting(StoredEntry[] entries)
{
    private readonly TaskCompletionSource durable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the lane asks the database before there are entries; null when there is nothing to ask.</summary>
    internal virtual LookUp? Question => null;

    internal StoredEntry[] Entries { get; private protected set; } = entries;

    internal Task Durable => durable.Task;

    internal bool IsOver => durable.Task.IsCompleted;

    /// <summary>What became of it; set when it is durable.</summary>
    internal Recorded Recorded { get; private set; }

    /// <summary>Lets the caller go, with its own entries among those of its commit.</summary>
    internal void Complete(PlacedBatch placed, int first)
    {
        var own = first;
        for (var i = 0; i < Entries.Length; i++)
        {
            if (Entries[i].Entry.InHistory == true)
            {
                own = first + i;
                break;
            }
        }

        Recorded = new Recorded(placed.Entries[own].Id, placed.Recorded);
        durable.TrySetResult();
    }

    internal void Fail(LedgerUnavailable cause) => durable.TrySetException(cause);
}
