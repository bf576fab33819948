using System.Data;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Encounters;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// The councils' subscriptions: read for whoever asks, and written in the transaction that records it. What the sender
/// notes of them stands in <see cref="SenderStore"/>.
/// </summary>
internal sealed class SubscriptionStore(NpgsqlDataSource database)
{
    internal const string Columns = """
        s.id, s.council, s.client, s.version, s.updated, s.topic, s.kinds, s.reason, s.ends_at, s.endpoint, s.headers,
        s.payload, s.content, s.heartbeat_s, s.timeout_s, s.max_count, s.digest_min, s.root, s.status, s.error,
        s.activated, s.events, s.delivered, s.handshake_due, s.events_due, s.heartbeat_due, s.failures,
        s.failing_since, s.parked
        """;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";
    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    private const string One = "select " + Columns + " from cpis.subscription s where s.id = $1";
    private const string All = "select " + Columns + " from cpis.subscription s order by s.id";

    private const string Stands = "select " + Columns + " from cpis.subscription s where s.id = $1 for update";

    private const string CountOfCouncil = "select count(*) from cpis.subscription where council = $1";

    private const string Put = """
        insert into cpis.subscription (id, council, client, version, updated, topic, kinds, reason, ends_at, endpoint,
            headers, payload, content, heartbeat_s, timeout_s, max_count, digest_min, root, status, activated,
            handshake_due)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        on conflict (id) do update set client = excluded.client, version = excluded.version,
            updated = excluded.updated, topic = excluded.topic, kinds = excluded.kinds, reason = excluded.reason,
            ends_at = excluded.ends_at, endpoint = excluded.endpoint, headers = excluded.headers,
            payload = excluded.payload, content = excluded.content, heartbeat_s = excluded.heartbeat_s,
            timeout_s = excluded.timeout_s, max_count = excluded.max_count, digest_min = excluded.digest_min,
            root = excluded.root, status = excluded.status, activated = excluded.activated,
            handshake_due = excluded.handshake_due, error = null, failures = 0, failing_since = null, parked = false,
            events_due = case when subscription.delivered < subscription.events then excluded.updated end,
            heartbeat_due = null, claim = null, claimed_until = null
        """;

    private const string Delete = "delete from cpis.subscription where id = $1";

    private const string Events = """
        select n.subscription, n.number, n.made, n.nhs_number, n.refs, n.versions, n.bodies
        from cpis.notice n where n.subscription = $1 and n.number between $2 and $3 order by n.number limit $4
        """;

    /// <summary>One subscription; null content when absent or not the asker's.</summary>
    /// <param name="council">Whose; null for the registrar, who sees every council's.</param>
    /// <param name="id">Logical id.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task<Sealed<SubscriptionRow?>> ReadAsync(string? council, Guid id, CancellationToken stop)
    {
        var row = (await RowsAsync(council, EncounterStore.Command(One, id), stop)).SingleOrDefault();
        return new(row, row is null ? [] : [Shown(row)], row is null ? 0 : 1);
    }

    /// <summary>The same for the server's own work: whose notices are asked for, before they are.</summary>
    public async Task<Internal<SubscriptionRow?>> FindAsync(string council, Guid id, CancellationToken stop) =>
        new((await RowsAsync(council, EncounterStore.Command(One, id), stop)).SingleOrDefault());

    /// <summary>Those that meet a condition, all of them: a council has a handful.</summary>
    public async Task<Sealed<IReadOnlyList<SubscriptionRow>>> SearchAsync(
        string? council, Predicate<SubscriptionRow> condition, CancellationToken stop)
    {
        var rows = (await RowsAsync(council, new(All), stop)).FindAll(condition);
        return new(rows, [.. rows.Select(Shown)], rows.Count);
    }

    /// <summary>Numbered notices of one subscription of a council, for a council that asks for them.</summary>
    /// <param name="row">Which.</param>
    /// <param name="from">First number.</param>
    /// <param name="until">Last number.</param>
    /// <param name="content">How much of them will be shown.</param>
    /// <param name="countMax">Notices at the most.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task<Sealed<IReadOnlyList<Notice>>> EventsAsync(
        SubscriptionRow row, long from, long until, string content, int countMax, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(AsCouncil, row.Council));
        batch.BatchCommands.Add(EncounterStore.Command(Events, row.Id, from, until, countMax));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return NoticeRows.Seal(await NoticeRows.ReadAsync(reader), row.Council, content);
    }

    /// <summary>Locks the row that an update or a deletion is about, and counts those of the council.</summary>
    public static async Task<Internal<(SubscriptionRow? Row, int Held)>> LockAsync(
        WriteTransaction write, string council, Guid id)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(Stands, id));
        batch.BatchCommands.Add(EncounterStore.Command(CountOfCouncil, council));
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        var row = (await ReadAllAsync(reader)).SingleOrDefault();
        await reader.NextResultAsync();
        await reader.ReadAsync();
        return new((row, (int)reader.GetInt64(0)));
    }

    public static NpgsqlBatchCommand PutCommand(SubscriptionRow row) => EncounterStore.Command(Put,
        row.Id, row.Council, row.Client, row.Version, row.Updated.UtcDateTime, row.Wish.Topic.Name,
        row.Wish.Kinds.Select(k => k.Name).ToArray(), row.Wish.Reason, row.Wish.End?.UtcDateTime,
        row.Wish.Endpoint?.OriginalString, row.Wish.Headers.ToArray(), row.Wish.Payload, row.Wish.Content,
        row.Wish.HeartbeatSeconds, row.Wish.TimeoutSeconds, row.Wish.CountMax, row.Wish.DigestMinutes, row.Root,
        row.Status, row.Activated?.UtcDateTime, row.HandshakeDue?.UtcDateTime);

    public static NpgsqlBatchCommand DeleteCommand(Guid id) => EncounterStore.Command(Delete, id);

    internal static async Task<List<SubscriptionRow>> ReadAllAsync(NpgsqlDataReader reader)
    {
        var rows = new List<SubscriptionRow>();
        while (await reader.ReadAsync())
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    private async Task<List<SubscriptionRow>> RowsAsync(
        string? council, NpgsqlBatchCommand command, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(council is null ? new(AsEvery) : EncounterStore.Command(AsCouncil, council));
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return await ReadAllAsync(reader);
    }

    private static Disclosed Shown(SubscriptionRow row) =>
        new("Subscription", row.Id.ToString(), row.Version, null, row.Council, false);

    private static SubscriptionRow Row(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        Council = reader.GetString(1),
        Client = reader.GetString(2),
        Version = reader.GetInt32(3),
        Updated = reader.GetFieldValue<DateTimeOffset>(4),
        Wish = new()
        {
            Topic = Topic.Of(reader.GetString(5)) ?? throw new DataException("A stored topic is none."),
            Kinds = [.. reader.GetFieldValue<string[]>(6).Select(k => PlanKind.Of(k)!)],
            Reason = reader.GetString(7),
            End = Instant(reader, 8),
            Endpoint = reader.IsDBNull(9) ? null : new Uri(reader.GetString(9)),
            Headers = reader.GetFieldValue<string[]>(10),
            Payload = reader.GetString(11),
            Content = reader.GetString(12),
            HeartbeatSeconds = Number(reader, 13),
            TimeoutSeconds = Number(reader, 14),
            CountMax = Number(reader, 15),
            DigestMinutes = Number(reader, 16),
        },
        Root = reader.GetString(17),
        Status = reader.GetString(18),
        Error = reader.IsDBNull(19) ? null : reader.GetString(19),
        Activated = Instant(reader, 20),
        Events = reader.GetInt64(21),
        Delivered = reader.GetInt64(22),
        HandshakeDue = Instant(reader, 23),
        EventsDue = Instant(reader, 24),
        HeartbeatDue = Instant(reader, 25),
        Failures = reader.GetInt32(26),
        FailingSince = Instant(reader, 27),
        Parked = reader.GetBoolean(28),
    };

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int at) =>
        reader.IsDBNull(at) ? null : reader.GetFieldValue<DateTimeOffset>(at);

    private static int? Number(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetInt32(at);
}
