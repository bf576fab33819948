using System.Threading.Channels;

namespace CpIs.Audit;

/// <summary>
/// The lanes that submissions rent, one each while they run, so that a blocked row or a lost connection holds up
/// nobody else. A lost lane is replaced while the others go on.
/// </summary>
internal sealed class WriteLanes(AuditLogOptions options, string kind, Func<string, LaneKeeper> keeperOf)
{
    private readonly Channel<Rental> free = Channel.CreateUnbounded<Rental>();
    private int held;

    internal bool Held => Volatile.Read(ref held) > 0;

    /// <summary>Keeps one lane of the set; runs until stopped.</summary>
    internal async Task KeepAsync(CancellationToken stop)
    {
        var keeper = keeperOf(kind);
        while (await keeper.TakeAsync(stop) is { } lane)
        {
            var rental = new Rental(lane);
            Interlocked.Increment(ref held);
            free.Writer.TryWrite(rental);
            await rental.Over;
            Interlocked.Decrement(ref held);
            await lane.DisposeAsync();
        }
    }

    internal async Task<Rental> RentAsync()
    {
        if (free.Reader.TryRead(out var ready))
        {
            return ready;
        }

        using var patience = new CancellationTokenSource(options.CommitWaitMs);
        try
        {
            return await free.Reader.ReadAsync(patience.Token);
        }
        catch (Exception late) when (late is OperationCanceledException or ChannelClosedException)
        {
            throw new LedgerUnavailable("No " + kind + " lane became free in time.", late);
        }
    }

    internal void Return(Rental rental)
    {
        if (rental.Lane.Lost || !free.Writer.TryWrite(rental))
        {
            rental.End();
        }
    }

    /// <summary>Ends the lanes that are free now; a rented one ends when it comes back.</summary>
    internal void Close()
    {
        free.Writer.TryComplete();
        while (free.Reader.TryRead(out var rental))
        {
            rental.End();
        }
    }

    /// <summary>A lane in the hands of one submission at a time.</summary>
    internal sealed class Rental(Lane lane)
    {
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Lane Lane { get; } = lane;

        internal Task Over => over.Task;

        internal void End() => over.TrySetResult();
    }
}
