using CpIs.Audit;
using CpIs.Server.AuditTrail;
using CpIs.Server.Encounters;
using CpIs.Server.Patients;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// Follows the ledger lane by lane and turns entries into numbered notices: entries read, notices made and positions
/// moved in one transaction, so each entry is told exactly once. One follower at a time, whichever server it is in.
/// </summary>
internal sealed class FollowerStore(NoticeDatabase database)
{
    /// <summary>Commits of a lane that are read at a time.</summary>
    private const int BatchesMax = 50;

    /// <summary>Earlier looks of one person at one child that are asked for.</summary>
    private const int AccessesMax = 1000;

    private const string Begin = """
        select set_config('cpis.telling', 'every-council', true), set_config('cpis.reads', 'every-council', true),
            set_config('cpis.attendances', 'every-organisation', true)
        """;

    private const string Lock = "select pg_try_advisory_xact_lock(20516)";

    private const string Behind = """
        select l.lane, coalesce(p.position, 0), b.last from ledger.lane l
        left join cpis.notice_position p on p.lane = l.lane
        cross join lateral (select max(x.last) as last from (
            select last from ledger.batch where lane = l.lane and last > coalesce(p.position, 0)
            order by last limit $1) x) b
        where b.last is not null
        """;

    private const string Subscriptions = "select " + SubscriptionStore.Columns + """
         from cpis.subscription s where s.activated is not null and s.status <> 'off' order by s.id
        """;

    /// <summary>Entries are found through their batch, since that carries the partition key.</summary>
    private const string Lines = """
        select e.* from unnest($1::int[], $2::bigint[], $3::bigint[]) u (lane, after, until)
        join ledger.batch b on b.lane = u.lane and b.last > u.after and b.last <= u.until and b.first > 0
        cross join lateral (
            select n.entry_id, n.recorded, coalesce(n.in_history, false), coalesce(n.resource_type, ''),
                n.resource_id, coalesce(n.resource_version, 0), n.reason, n.disclosed, n.nhs_number,
                coalesce(n.agent_user_id, n.agent_subject, n.client_id, ''), n.agent_user_id is not null,
                n.agent_name, n.agent_role, coalesce(n.organisation, ''), n.organisation_name, n.interaction,
                n.action, n.setting
            from ledger.entry n
            where n.recorded = b.recorded and n.lane = b.lane and n.position between b.first and b.last
                and n.outcome = 0 and n.nhs_number is not null and (n.in_history
                    or (n.kind = 'rest' and n.resource_type = 'Encounter' and n.plan_found
                        and n.interaction in ('create', 'update'))
                    or (n.resource_type = 'Patient' and n.reason = any ($4)))
            order by n.position offset 0) e
        order by e.recorded, b.lane, b.first
        """;

    private const string Links = "select l.asked, l.nhs_number, l.relation, l.steps from cpis.linked($1::text[]) l";

    private const string Plans = "select " + PlanStore.Columns + """
         from cpis.plan p
        where p.nhs_number = any (array(select l.nhs_number from cpis.linked($1::text[]) l))
            and not p.deleted and p.removed is null
        order by p.council, p.row_id, p.closed
        """;

    private const string Patients = """
        select council, nhs_number, version, updated, birth_date, family, content_hash, body
        from cpis.patient where nhs_number = any (array(select l.nhs_number from cpis.linked($1::text[]) l))
        """;

    private const string Earlier = """
        select u.entry_id, a.entry_id, a.recorded
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
            as u (entry_id, nhs_number, author, org, recorded)
        cross join lateral (
            select x.entry_id, x.recorded from ledger.access x
            where x.nhs_number = u.nhs_number and x.author = u.author and x.org = u.org
                and (x.recorded, x.entry_id) < (u.recorded, u.entry_id)
            order by x.recorded desc, x.entry_id desc limit $6) a
        """;

    private const string Encounters = """
        select e.id, e.version, e.body from unnest($1::uuid[], $2::int[]) u (id, version)
        join cpis.encounter e on e.id = u.id and e.version = u.version
        union all
        select v.id, v.version, v.body from unnest($1::uuid[], $2::int[]) u (id, version)
        join cpis.encounter_version v on v.id = u.id and v.version = u.version
        """;

    private const string Move = """
        insert into cpis.notice_position (lane, position) select * from unnest($1::int[], $2::bigint[])
        on conflict (lane) do update set position = excluded.position
        """;

    /// <summary>Follows the ledger one stretch further.</summary>
    /// <param name="reasons">Reasons of the entries that tell of a change to a number.</param>
    /// <param name="decide">What is told of the entries that were found.</param>
    /// <param name="now">The clock's time.</param>
    /// <param name="stop">Undoes it.</param>
    /// <returns>Lanes that moved; 0 when nothing is new, or another follower is at work.</returns>
    public async Task<Internal<int>> FollowAsync(
        string[] reasons, Func<Followed, IReadOnlyList<NewNotice>> decide, DateTimeOffset now, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var (lanes, subscriptions) = await BeginAsync(connection, stop);
        if (lanes.Count == 0)
        {
            return new(0);
        }

        // The lanes' ends were read first: an entry before them that came before any subscription is of no concern.
        if (subscriptions.Count > 0)
        {
            var lines = await LinesAsync(connection, lanes, reasons, stop);
            if (lines.Count > 0)
            {
                var notices = decide(await AboutAsync(connection, lines, subscriptions, stop));
                await NoticeInsertStore.PutAsync(connection, notices, now, stop);
            }
        }

        await using var move = Batch(connection, EncounterStore.Command(Move,
            lanes.Select(l => l.Lane).ToArray(), lanes.Select(l => l.Until).ToArray()));
        await move.ExecuteNonQueryAsync(stop);
        await transaction.CommitAsync(stop);
        return new(lanes.Count);
    }

    private static async Task<(List<Stretch> Lanes, List<SubscriptionRow> Subscriptions)> BeginAsync(
        NpgsqlConnection connection, CancellationToken stop)
    {
        await using (var begin = Batch(connection, new(Begin), new(Lock)))
        await using (var held = await begin.ExecuteReaderAsync(stop))
        {
            await held.NextResultAsync(stop);
            if (!await held.ReadAsync(stop) || !held.GetBoolean(0))
            {
                return ([], []);
            }
        }

        await using var batch = Batch(connection, EncounterStore.Command(Behind, BatchesMax), new(Subscriptions));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var lanes = new List<Stretch>();
        while (await reader.ReadAsync(stop))
        {
            lanes.Add(new(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        await reader.NextResultAsync(stop);
        return (lanes, await SubscriptionStore.ReadAllAsync(reader));
    }

    private static async Task<List<LedgerLine>> LinesAsync(
        NpgsqlConnection connection, List<Stretch> lanes, string[] reasons, CancellationToken stop)
    {
        await using var batch = Batch(connection, EncounterStore.Command(Lines, lanes.Select(l => l.Lane).ToArray(),
            lanes.Select(l => l.After).ToArray(), lanes.Select(l => l.Until).ToArray(), reasons));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var lines = new List<LedgerLine>();
        while (await reader.ReadAsync(stop))
        {
            lines.Add(Line(reader));
        }

        return lines;
    }

    private static async Task<Followed> AboutAsync(NpgsqlConnection connection, List<LedgerLine> lines,
        List<SubscriptionRow> subscriptions, CancellationToken stop)
    {
        string[] numbers = [.. lines.Select(l => l.NhsNumber).Distinct()];
        var looks = lines.FindAll(l => l.InHistory);
        var reports = lines.FindAll(l => l.ResourceType == "Encounter");
        await using var batch = Batch(connection,
            EncounterStore.Command(Links, [numbers]), EncounterStore.Command(Plans, [numbers]),
            EncounterStore.Command(Patients, [numbers]), EarlierCommand(looks),
            EncounterStore.Command(Encounters, reports.Select(r => Guid.Parse(r.ResourceId!)).ToArray(),
                reports.Select(r => r.ResourceVersion).ToArray()));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var links = await LinksAsync(reader);
        await reader.NextResultAsync(stop);
        var plans = await PlanStore.RowsAsync(reader, stop);
        await reader.NextResultAsync(stop);
        var patients = await PlanStore.PatientsAsync(reader, stop);
        await reader.NextResultAsync(stop);
        var folded = await FoldedAsync(reader, looks);
        await reader.NextResultAsync(stop);
        return new()
        {
            Lines = lines, Subscriptions = subscriptions, Links = links, Plans = plans, Patients = patients,
            Folded = folded, Encounters = await EncountersAsync(reader),
        };
    }

    private static NpgsqlBatchCommand EarlierCommand(List<LedgerLine> looks) => EncounterStore.Command(Earlier,
        looks.Select(l => l.EntryId).ToArray(), looks.Select(l => l.NhsNumber).ToArray(),
        looks.Select(l => l.Access.Author).ToArray(), looks.Select(l => l.Access.Organisation).ToArray(),
        looks.Select(l => l.At.UtcDateTime).ToArray(), AccessesMax);

    private static async Task<List<LinkedNumber>> LinksAsync(NpgsqlDataReader reader)
    {
        var links = new List<LinkedNumber>();
        while (await reader.ReadAsync())
        {
            links.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3)));
        }

        return links;
    }

    /// <summary>Of the looks, those that are repeats.</summary>
    private static async Task<HashSet<Guid>> FoldedAsync(NpgsqlDataReader reader, List<LedgerLine> looks)
    {
        var earlier = looks.ToDictionary(l => l.EntryId, _ => new List<AccessLine>());
        var byId = looks.ToDictionary(l => l.EntryId, l => l.Access);
        while (await reader.ReadAsync())
        {
            var of = reader.GetGuid(0);
            earlier[of].Add(byId[of] with
            {
                EntryId = reader.GetGuid(1), Recorded = reader.GetFieldValue<DateTimeOffset>(2),
            });
        }

        return [.. looks.Where(l => !AccessHistory.Stands(earlier[l.EntryId], l.Access)).Select(l => l.EntryId)];
    }

    private static async Task<Dictionary<(Guid, int), byte[]>> EncountersAsync(NpgsqlDataReader reader)
    {
        var bodies = new Dictionary<(Guid, int), byte[]>();
        while (await reader.ReadAsync())
        {
            bodies[(reader.GetGuid(0), reader.GetInt32(1))] = reader.GetFieldValue<byte[]>(2);
        }

        return bodies;
    }

    private static LedgerLine Line(NpgsqlDataReader reader)
    {
        var (id, at) = (reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1));
        return new()
        {
            EntryId = id,
            At = at,
            InHistory = reader.GetBoolean(2),
            ResourceType = reader.GetString(3),
            ResourceId = Text(reader, 4),
            ResourceVersion = reader.GetInt32(5),
            Reason = Text(reader, 6),
            Disclosed = reader.GetFieldValue<string[]>(7),
            ByPerson = reader.GetBoolean(10),
            Access = new(reader.GetString(8), id, at, reader.GetString(9), reader.GetString(13),
                new(Text(reader, 15), Text(reader, 16), Text(reader, 11), Text(reader, 12), Text(reader, 14),
                    Text(reader, 17))),
        };
    }

    private static NpgsqlBatch Batch(NpgsqlConnection connection, params NpgsqlBatchCommand[] commands)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    private static string? Text(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);

    /// <summary>Positions of a lane that this pass reads.</summary>
    private sealed record Stretch(int Lane, long After, long Until);
}
