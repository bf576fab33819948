namespace CpIs.Audit;

/// <summary>
/// The loop that makes look-ups durable: it takes whatever queued while the last commit was in flight, commits once,
/// then lets every waiting caller go. It never sleeps for a fuller batch: the commit itself is the wait.
/// </summary>
internal sealed class ReadLane(AuditLogOptions options, ReadQueue queue, LaneKeeper keeper, TimeProvider clock)
{
    private readonly List<Waiting> batch = [];
    private readonly LookUps lookUps = new(options);

    internal bool Held { get; private set; }

    /// <summary>Ends when the queue is closed and empty, or when no lane can be had any more.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        while (await keeper.TakeAsync(stop) is { } lane)
        {
            Held = true;
            var open = true;
            while (!lane.Lost && (open = await queue.WaitAsync(CancellationToken.None)) && !lane.Lost)
            {
                queue.Take(batch);
                await CommitAsync(lane);
                batch.Clear();
            }

            Held = false;
            await lane.DisposeAsync();
            if (!open)
            {
                return;
            }
        }

        queue.FailAll(new LedgerUnavailable("The ledger is closing without a lane."));
    }

    private async Task CommitAsync(Lane lane)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            await lookUps.AnswerAsync(lane, batch);
            batch.RemoveAll(waiting => waiting.IsOver);
            if (batch.Count > 0)
            {
                var placed = lane.Place(Groups(batch), clock.GetUtcNow());
                await lane.AppendAsync(placed);
                Complete(placed);
            }
        }
        catch (Exception cause) when (Failure.IsBadEntry(cause))
        {
            await CommitSinglyAsync(lane);
        }
        catch (Exception cause)
        {
            Lose(lane, cause, batch);
        }
    }

    private void Complete(PlacedBatch placed)
    {
        var first = 0;
        foreach (var waiting in batch)
        {
            waiting.Complete(placed, first);
            first += waiting.Entries.Length;
        }
    }

    /// <summary>One bad entry must fail alone: its neighbours did nothing wrong.</summary>
    private async Task CommitSinglyAsync(Lane lane)
    {
        foreach (var waiting in batch)
        {
            if (lane.Lost)
            {
                waiting.Fail(new LedgerUnavailable("The lane was lost."));
                continue;
            }

            try
            {
                var placed = lane.Place([waiting.Entries], clock.GetUtcNow());
                await lane.AppendAsync(placed);
                waiting.Complete(placed, 0);
            }
            catch (Exception cause) when (Failure.IsBadEntry(cause))
            {
                options.Alarm?.Invoke("An entry was refused by the database: " + Failure.Name(cause));
                waiting.Fail(new LedgerUnavailable("The entry could not be stored.", cause));
            }
            catch (Exception cause)
            {
                Lose(lane, cause, [waiting]);
            }
        }
    }

    private static StoredEntry[][] Groups(List<Waiting> batch)
    {
        var groups = new StoredEntry[batch.Count][];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = batch[i].Entries;
        }

        return groups;
    }

    private void Lose(Lane lane, Exception cause, IReadOnlyList<Waiting> callers)
    {
        lane.Lose();
        options.Alarm?.Invoke("Lane " + lane.Number + " lost: " + Failure.Name(cause));
        var unavailable = new LedgerUnavailable("The record could not be made durable.", cause);
        foreach (var waiting in callers)
        {
            waiting.Fail(unavailable);
        }
    }
}
