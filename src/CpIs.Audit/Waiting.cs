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

    internal void Complete() => durable.TrySetResult();

    internal void Fail(LedgerUnavailable cause) => durable.TrySetException(cause);
}
