using System.Data;
using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// The lanes that submissions rent, one each while they run, so that a blocked row or a lost connection holds up
/// nobody else. A lost lane is replaced while the others go on.
/// </summary>
internal sealed class WriteLanes(
    AuditLogOptions options, string kind, Func<string, LaneKeeper> keeperOf, TimeProvider clock, LedgerMeter? meter =
        null)
{
    /// <summary>Times a submission is run when PostgreSQL undid it for a reason that passes.</summary>
    private const int AttemptsMax = 3;

    private readonly Channel<Rental> free = Channel.CreateUnbounded<Rental>();
    private int held;

    internal string Kind => kind;

    /// <summary>Lanes held.</summary>
    internal int Count => Volatile.Read(ref held);

    internal bool Held => Count > 0;

    /// <summary>Keeps one lane of the set; runs until stopped.</summary>
    internal async Task KeepAsync(CancellationToken stop)
    {
        var keeper = keeperOf(kind);
        while (await keeper.TakeAsync(stop) is { } lane)
        {
            var rental = new Rental(lane);
            Interlocked.Increment(ref held);
            if (!free.Writer.TryWrite(rental))
            {
                // Taken while the log was closing: nobody will rent it, so nobody else would end it.
                rental.End();
            }

            await rental.Over;
            Interlocked.Decrement(ref held);
            await lane.DisposeAsync();
        }
    }

    /// <summary>Runs the work, again where that is safe; what it leaves undone is undone.</summary>
    internal async Task<T> RunAsync<T>(string? council, Func<WriteTransaction, Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (var attempt = 1; ; attempt++)
        {
            var since = Stopwatch.GetTimestamp();
            var rental = await RentAsync();
            meter?.Rented(kind, since);
            var transaction = new WriteTransaction(options, rental.Lane, council, clock);
            try
            {
                var result = await work(transaction);
                await transaction.RollbackAsync();
                return result;
            }
            catch (Exception cause) when (MayRunAgain(cause, transaction) && attempt < AttemptsMax)
            {
                await EndAsync(transaction, rental.Lane, cause);
            }
            catch (Exception cause) when (!transaction.Committed && IsOurs(cause, rental.Lane))
            {
                await EndAsync(transaction, rental.Lane, cause);
                throw new LedgerUnavailable("The change could not be made.", cause);
            }
            catch (Exception cause)
            {
                await EndAsync(transaction, rental.Lane, cause);
                throw;
            }
            finally
            {
                Return(rental);
            }
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

    private async Task<Rental> RentAsync()
    {
        if (free.Reader.TryRead(out var ready) && !ready.Lane.Lost)
        {
            return ready;
        }

        ready?.End();
        using var patience = new CancellationTokenSource(options.CommitWaitMs);
        try
        {
            while (true)
            {
                var next = await free.Reader.ReadAsync(patience.Token);
                if (!next.Lane.Lost)
                {
                    return next;
                }

                next.End();
            }
        }
        catch (Exception late) when (late is OperationCanceledException or ChannelClosedException)
        {
            throw new LedgerUnavailable("No " + kind + " lane became free in time.", late);
        }
    }

    private void Return(Rental rental)
    {
        if (rental.Lane.Lost || !free.Writer.TryWrite(rental))
        {
            rental.End();
        }
    }

    private static bool IsBroken(Exception cause, Lane lane) =>
        cause is NpgsqlException && !Failure.IsCertain(cause)
        && lane.Connection.FullState.HasFlag(ConnectionState.Open) is false;

    /// <summary>Before the commit was sent nothing changed, so a broken connection is no reason to give up.</summary>
    private static bool MayRunAgain(Exception cause, WriteTransaction transaction) =>
        !transaction.Committed
        && (Failure.IsRetryable(cause) || (!transaction.Sent && cause is NpgsqlException && !Failure.IsCertain(cause)));

    private static bool IsOurs(Exception cause, Lane lane) =>
        IsBroken(cause, lane) || Failure.IsLostHead(cause) || Failure.IsRetryable(cause);

    private static async Task EndAsync(WriteTransaction transaction, Lane lane, Exception cause)
    {
        if (Failure.IsLostHead(cause) || IsBroken(cause, lane))
        {
            transaction.Lose(cause);
        }

        await transaction.RollbackAsync();
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
