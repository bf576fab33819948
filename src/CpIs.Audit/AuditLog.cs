using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// The only way to an answer about a person: it makes the record of the disclosure durable, then opens the envelope.
/// If the record cannot be made, nothing is disclosed and the caller gets <see cref="LedgerUnavailable"/>.
/// </summary>
public sealed class AuditLog : IAsyncDisposable
{
    /// <summary>Connections for signing and for making months ahead.</summary>
    private const int UpkeepConnectionsMax = 3;

    private readonly AuditLogOptions options;
    private readonly TimeProvider clock;
    private readonly LedgerMeter meter;
    private readonly ReadQueue queue;
    private readonly ReadLane[] readLanes;
    private readonly WriteLanes writeLanes;
    private readonly WriteLanes uploadLanes;
    private readonly WriteLanes noticeLanes;
    private readonly LaneRegister lanes = new();
    private readonly NpgsqlDataSource database;
    private readonly CancellationTokenSource closing = new();
    private readonly List<Task> loops = [];
    private readonly CancellationTokenSource signingStop = new();
    private readonly CheckpointKeys? keys;
    private CancellationTokenRegistration stopping;
    private Task signing = Task.CompletedTask;

    public AuditLog(AuditLogOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        this.clock = clock;
        meter = new LedgerMeter(() => queue?.Queued ?? 0, LanesHeld);
        queue = new ReadQueue(options, clock, meter);
        readLanes = [.. Enumerable.Range(0, options.ReadLanes)
            .Select(_ => new ReadLane(options, queue, KeeperOf(LaneKind.Read), clock))];
        writeLanes = new WriteLanes(options, LaneKind.Write, KeeperOf, clock, meter);
        uploadLanes = new WriteLanes(options, LaneKind.Upload, KeeperOf, clock, meter);
        noticeLanes = new WriteLanes(options, LaneKind.Notice, KeeperOf, clock, meter);
        var text = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = "cpis-ledger",
            MaxPoolSize = UpkeepConnectionsMax,
            CancellationTimeout = -1,
        };
        database = new NpgsqlSlimDataSourceBuilder(text.ConnectionString).EnableArrays().Build();
        keys = CheckpointKeys.Of(options);
    }

    /// <summary>A read lane and at least one write lane are held.</summary>
    public bool Ready => readLanes.Any(lane => lane.Held) && writeLanes.Held;

    /// <summary>
    /// The keys that signed these lanes, as signed-note writes them, the present one first; none when nothing is
    /// signed.
    /// </summary>
    public IEnumerable<string> KeysOf(IEnumerable<int> numbers) => keys is null ? []
        : from number in numbers
          from verifier in keys.Verifiers
          select verifier.Text(SignedCheckpoint.OriginOf(options.Deployment, number));

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

        Keep(writeLanes, options.WriteLanes);
        Keep(uploadLanes, options.UploadLanes);
        Keep(noticeLanes, options.NoticeLanes);
        loops.Add(new MonthsAhead(options, database, clock).RunAsync(closing.Token));
        if (Signer() is { } signer)
        {
            signing = signer.RunAsync(signingStop.Token);
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
        var entries = Disclosures.Of(envelope.Disclosed, envelope.Found, entry, oneEntry, options.Instance);
        await queue.AppendAsync(new Waiting(entries));
        Tell(entries);
        return envelope.Content;
    }

    /// <summary>
    /// As <see cref="OpenAsync{T}"/>, on the lane of notices: what is told in bulk, and can wait, holds up no look-up.
    /// </summary>
    public async Task<T> OpenAsideAsync<T>(Sealed<T> envelope, AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(entry);
        var entries = Disclosures.Of(envelope.Disclosed, envelope.Found, entry, oneEntry: false, options.Instance);
        return await noticeLanes.RunAsync(null, async write =>
        {
            await write.CommitAsync([entries]);
            return envelope.Content;
        });
    }

    /// <summary>
    /// As <see cref="OpenAsync{T}"/>, but the lane itself asks: one read for all who wait, then the one commit.
    /// </summary>
    public async Task<T> LookUpAsync<TKey, T>(
        LookUp<TKey, T> question, TKey key, AuditEntry entry, bool oneEntry = false) =>
        (await LookUpRecordedAsync(question, key, entry, oneEntry)).Content;

    /// <summary>As <see cref="LookUpAsync{TKey,T}"/>, and tells which entry it became.</summary>
    public async Task<(T Content, Recorded Recorded)> LookUpRecordedAsync<TKey, T>(
        LookUp<TKey, T> question, TKey key, AuditEntry entry, bool oneEntry = false)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(entry);
        var asking = new LookUp<TKey, T>.Asking(question, key, entry, oneEntry);
        await queue.AppendAsync(asking);
        Tell(asking.Entries);
        return (asking.Content, asking.Recorded);
    }

    /// <summary>Records what discloses nothing: refusals, denials, events of the server.</summary>
    public Task RecordAsync(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return queue.AppendAsync(new Waiting([StoredEntry.Of(entry, options.Instance)]));
    }

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction on a write lane of its own. It may be run again, from the
    /// start, after a deadlock, a lock time-out or a connection lost before the commit. An exception of its own, or
    /// its return without a commit, leaves no trace.
    /// </summary>
    public Task<T> WriteAsync<T>(string? council, Func<WriteTransaction, Task<T>> work) =>
        writeLanes.RunAsync(council, work);

    /// <summary>As <see cref="WriteAsync{T}"/>, on the upload lane: an upload holds up no submission.</summary>
    public Task<T> UploadAsync<T>(string? council, Func<WriteTransaction, Task<T>> work) =>
        uploadLanes.RunAsync(council, work);

    /// <summary>Commits what is queued, then gives the lanes back.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        writeLanes.Close();
        uploadLanes.Close();
        noticeLanes.Close();
        await stopping.DisposeAsync();
        await closing.CancelAsync();
        await Task.WhenAll(loops);
        await signingStop.CancelAsync();
        await signing;
        await database.DisposeAsync();
        signingStop.Dispose();
        closing.Dispose();
        meter.Dispose();
    }

    private void Tell(StoredEntry[] entries)
    {
        foreach (var stored in entries)
        {
            options.Shown?.Invoke(stored.Entry);
        }
    }

    private void Keep(WriteLanes kind, int count)
    {
        for (var i = 0; i < count; i++)
        {
            loops.Add(kind.KeepAsync(closing.Token));
        }
    }

    private IEnumerable<(string Kind, int Held)> LanesHeld()
    {
        yield return (LaneKind.Read, readLanes?.Count(lane => lane.Held) ?? 0);
        foreach (var lanesOf in (WriteLanes?[])[writeLanes, uploadLanes, noticeLanes])
        {
            if (lanesOf is not null)
            {
                yield return (lanesOf.Kind, lanesOf.Count);
            }
        }
    }

    private CheckpointSigner? Signer() => keys is null ? null
        : new CheckpointSigner(options, keys, lanes, new CheckpointStore(database), clock);

    private LaneKeeper KeeperOf(string kind) => new(options, kind, lanes);
}
