using System.Collections.Concurrent;
using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// The only way to an answer about a person: it makes the record of the disclosure durable, then opens the envelope.
/// If the record cannot be made, nothing is disclosed and the caller gets <see cref="LedgerUnavailable"/>.
/// </summary>
public sealed class AuditLog : IAsyncDisposable
{
    /// <summary>Times a submission is run when PostgreSQL undid it for a reason that passes.</summary>
    private const int WriteAttemptsMax = 3;

    private readonly AuditLogOptions options;
    private readonly TimeProvider clock;
    private readonly ReadQueue queue;
    private readonly ReadLane[] readLanes;
    private readonly WriteLanes writeLanes;
    private readonly ConcurrentDictionary<int, bool> parked = new();
    private readonly CancellationTokenSource closing = new();
    private readonly List<Task> loops = [];
    private CancellationTokenRegistration stopping;

    public AuditLog(AuditLogOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        this.clock = clock;
        queue = new ReadQueue(options, clock);
        readLanes = [.. Enumerable.Range(0, options.ReadLanes)
            .Select(_ => new ReadLane(options, queue, KeeperOf(LaneKind.Read), clock))];
        writeLanes = new WriteLanes(options, LaneKind.Write, KeeperOf);
    }

    /// <summary>A read lane and at least one write lane are held.</summary>
    public bool Ready => readLanes.Any(lane => lane.Held) && writeLanes.Held;

    /// <summary>
    /// Begins to take lanes and returns; it keeps trying in the background while the database is away. After
    /// <paramref name="stop"/> no further lane is taken; the lanes held go on until the log is disposed.
    /// </summary>
    public Task StartAsync(CancellationToken stop)
    {
        stopping = stop.Register(closing.Cancel);
        foreach (var lane in readLanes)
        {
            loops.Add(lane.RunAsync(closing.Token));
        }

        for (var i = 0; i < options.WriteLanes; i++)
        {
            loops.Add(writeLanes.KeepAsync(closing.Token));
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Records what the envelope would show, one entry for each patient, and opens it when the record is durable.
    /// It sets <c>Found</c>, <c>PlanFound</c> and <c>InHistory</c>. <paramref name="oneEntry"/> is for auditors'
    /// searches and exports: reading the ledger must not grow it faster than it is read.
    /// </summary>
    public async Task<T> OpenAsync<T>(Sealed<T> envelope, AuditEntry entry, bool oneEntry = false)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(entry);
        var entries = Disclosures.Of(envelope.Disclosed, envelope.Found, entry, oneEntry);
        await queue.AppendAsync([.. entries.Select(each => StoredEntry.Of(each, options.Instance))]);
        return envelope.Content;
    }

    /// <summary>Records what discloses nothing: refusals, denials, events of the server.</summary>
    public Task RecordAsync(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return queue.AppendAsync([StoredEntry.Of(entry, options.Instance)]);
    }

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction on a write lane of its own. It may be run again, from the
    /// start, after a deadlock, a lock time-out or a connection lost before the commit. An exception of its own, or
    /// its return without a commit, leaves no trace.
    /// </summary>
    public async Task<T> WriteAsync<T>(string? council, Func<WriteTransaction, Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (var attempt = 1; ; attempt++)
        {
            var rental = await writeLanes.RentAsync();
            var transaction = new WriteTransaction(options, rental.Lane, council, clock);
            try
            {
                var result = await work(transaction);
                await transaction.RollbackAsync();
                return result;
            }
            catch (Exception cause) when (MayRunAgain(cause, transaction) && attempt < WriteAttemptsMax)
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
                writeLanes.Return(rental);
            }
        }
    }

    /// <summary>Commits what is queued, then gives the lanes back.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        writeLanes.Close();
        await stopping.DisposeAsync();
        await closing.CancelAsync();
        await Task.WhenAll(loops);
        closing.Dispose();
    }

    private static bool IsBroken(Exception cause, Lane lane) =>
        cause is NpgsqlException && !Failure.IsCertain(cause)
        && lane.Connection.FullState.HasFlag(System.Data.ConnectionState.Open) is false;

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

    private LaneKeeper KeeperOf(string kind) => new(options, kind, parked);
}
