using CpIs.Audit;
using CpIs.Server.Encounters;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// What the sender asks and notes: which subscriptions are due, held by one sender at a time, and how each delivery
/// went. A hold runs out by the database's clock, so a sender that died is followed by another; one that was thought
/// dead and is not can note nothing any more.
/// </summary>
internal sealed class SenderStore(NoticeDatabase database)
{
    /// <summary>Seconds a receiver is given for its answer when its subscription does not say.</summary>
    public const int TimeoutSecondsDefault = 10;

    /// <summary>Seconds beyond the receiver's own for which a hold lasts: recording, and a busy database.</summary>
    private const int HoldSeconds = 20;

    /// <summary>Failures in a row after which the subscription itself says so.</summary>
    private const int FailuresToErrorMin = 5;

    private const string AsTeller = "select set_config('cpis.telling', 'every-council', true)";
    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string Claim = """
        update cpis.subscription s set claim = $1,
            claimed_until = clock_timestamp() + make_interval(secs => coalesce(s.timeout_s, $5) + $6)
        where s.id in (
            select d.id from cpis.subscription d
            where d.status <> 'off' and not d.parked and d.endpoint is not null and d.id <> all ($4)
                and (d.ends_at is null or d.ends_at > $2)
                and coalesce(d.handshake_due, least(d.events_due, d.heartbeat_due)) <= $2
                and (d.claimed_until is null or d.claimed_until < clock_timestamp())
            order by coalesce(d.handshake_due, least(d.events_due, d.heartbeat_due)) limit $3
            for update skip locked)
        returning
        """ + " " + SubscriptionStore.Columns;

    private const string Next = """
        select n.subscription, n.number, n.made, n.nhs_number, n.refs, n.versions, n.bodies
        from cpis.notice n where n.subscription = $1 and n.number > $2 order by n.number limit $3
        """;

    private const string Answered = """
        update cpis.subscription s set status = 'active', activated = coalesce(s.activated, $3), handshake_due = null,
            version = s.version + 1, updated = $3, error = null, failures = 0, failing_since = null,
            events_due = case when s.delivered < s.events then $3 end,
            heartbeat_due = $3 + make_interval(secs => s.heartbeat_s),
            claimed_until = clock_timestamp() + make_interval(secs => coalesce(s.timeout_s, $4) + $5)
        where s.id = $1 and s.claim = $2 returning
        """ + " " + SubscriptionStore.Columns;

    private const string Taken = """
        update cpis.subscription s set delivered = greatest(s.delivered, $6), error = null, failures = 0,
            failing_since = null, version = s.version + (s.status = 'error')::int,
            updated = case when s.status = 'error' then $3 else s.updated end,
            status = case when s.status = 'error' then 'active' else s.status end,
            events_due = case when s.events > $6 then $3 end,
            heartbeat_due = $3 + make_interval(secs => s.heartbeat_s),
            claimed_until = clock_timestamp() + make_interval(secs => coalesce(s.timeout_s, $4) + $5)
        where s.id = $1 and s.claim = $2 returning
        """ + " " + SubscriptionStore.Columns;

    /// <summary>A heartbeat was taken: what waits for its digest goes on waiting.</summary>
    private const string Beaten = """
        update cpis.subscription s set error = null, failures = 0, failing_since = null,
            version = s.version + (s.status = 'error')::int,
            updated = case when s.status = 'error' then $3 else s.updated end,
            status = case when s.status = 'error' then 'active' else s.status end,
            heartbeat_due = $3 + make_interval(secs => s.heartbeat_s),
            claimed_until = clock_timestamp() + make_interval(secs => coalesce(s.timeout_s, $4) + $5)
        where s.id = $1 and s.claim = $2 returning
        """ + " " + SubscriptionStore.Columns;

    private const string Failed = """
        update cpis.subscription s set failures = s.failures + 1, failing_since = coalesce(s.failing_since, $3),
            error = $4, parked = coalesce(s.failing_since, $3) <= $6,
            version = s.version + (s.status <> 'error' and s.failures + 1 >= $7)::int,
            updated = case when s.status <> 'error' and s.failures + 1 >= $7 then $3 else s.updated end,
            status = case when s.failures + 1 >= $7 then 'error' else s.status end,
            handshake_due = case when s.handshake_due is not null then $5::timestamptz end,
            events_due = case when s.events_due is not null then $5::timestamptz end,
            heartbeat_due = case when s.heartbeat_due is not null then $5::timestamptz end,
            claim = null, claimed_until = null
        where s.id = $1 and s.claim = $2 returning
        """ + " " + SubscriptionStore.Columns;

    private const string Release =
        "update cpis.subscription set claim = null, claimed_until = null where id = $1 and claim = $2";

    private readonly Guid self = Guid.NewGuid();

    /// <summary>Takes hold of subscriptions that are due, longest first.</summary>
    public async Task<Internal<List<SubscriptionRow>>> ClaimAsync(
        DateTimeOffset now, int countMax, Guid[] busy, CancellationToken stop) => new(await RowsAsync(
            EncounterStore.Command(Claim, self, now.UtcDateTime, countMax, busy, TimeoutSecondsDefault, HoldSeconds),
            stop));

    /// <summary>The notices that come next, sealed: telling a council is a disclosure.</summary>
    public async Task<Sealed<IReadOnlyList<Notice>>> NextAsync(
        SubscriptionRow row, int countMax, CancellationToken stop)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(AsCouncil, row.Council));
        batch.BatchCommands.Add(EncounterStore.Command(Next, row.Id, row.Delivered, countMax));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return NoticeRows.Seal(await NoticeRows.ReadAsync(reader), row.Council, row.Wish.Content);
    }

    /// <summary>The receiver answered the handshake.</summary>
    /// <returns>The subscription as it stands; null when it is no longer this sender's.</returns>
    public Task<Internal<SubscriptionRow?>> AnsweredAsync(Guid id, DateTimeOffset now, CancellationToken stop) =>
        NoteAsync(EncounterStore.Command(Answered, id, self, now.UtcDateTime, TimeoutSecondsDefault, HoldSeconds),
            stop);

    /// <summary>The receiver took the notices up to a number.</summary>
    public Task<Internal<SubscriptionRow?>> TakenAsync(
        Guid id, long number, DateTimeOffset now, CancellationToken stop) => NoteAsync(EncounterStore.Command(
            Taken, id, self, now.UtcDateTime, TimeoutSecondsDefault, HoldSeconds, number), stop);

    /// <summary>The receiver took a heartbeat.</summary>
    public Task<Internal<SubscriptionRow?>> BeatenAsync(Guid id, DateTimeOffset now, CancellationToken stop) =>
        NoteAsync(EncounterStore.Command(Beaten, id, self, now.UtcDateTime, TimeoutSecondsDefault, HoldSeconds), stop);

    /// <summary>The receiver did not take it; the hold ends.</summary>
    /// <param name="id">The subscription.</param>
    /// <param name="why">What it did instead.</param>
    /// <param name="now">The clock's time.</param>
    /// <param name="again">When it is tried again.</param>
    /// <param name="given">A receiver that has failed since before this is given up.</param>
    /// <param name="stop">Ends the wait.</param>
    public Task<Internal<SubscriptionRow?>> FailedAsync(Guid id, string why, DateTimeOffset now, DateTimeOffset again,
        DateTimeOffset given, CancellationToken stop) => NoteAsync(EncounterStore.Command(Failed, id, self,
            now.UtcDateTime, why, again.UtcDateTime, given.UtcDateTime, FailuresToErrorMin), stop);

    /// <summary>Nothing is due: lets go of it.</summary>
    public async Task ReleaseAsync(Guid id, CancellationToken stop)
    {
        await using var batch = Batch(EncounterStore.Command(Release, id, self));
        await batch.ExecuteNonQueryAsync(stop);
    }

    private async Task<Internal<SubscriptionRow?>> NoteAsync(NpgsqlBatchCommand command, CancellationToken stop) =>
        new((await RowsAsync(command, stop)).SingleOrDefault());

    private async Task<List<SubscriptionRow>> RowsAsync(NpgsqlBatchCommand command, CancellationToken stop)
    {
        await using var batch = Batch(command);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return await SubscriptionStore.ReadAllAsync(reader);
    }

    private NpgsqlBatch Batch(NpgsqlBatchCommand command)
    {
        var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(new(AsTeller));
        batch.BatchCommands.Add(command);
        return batch;
    }
}
