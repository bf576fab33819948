using CpIs.Audit;
using CpIs.Server.Encounters;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// R3: unborn plans that lapse within fourteen days, or did lately, turned into notices; and the end of notices that
/// were told long ago.
/// </summary>
internal sealed class LapseStore(NoticeDatabase database)
{
    /// <summary>Days before the lapse of an open unborn plan on which its council is told.</summary>
    public const int AheadDays = 14;

    /// <summary>Days after a lapse for which it is still told: longer than a server is ever away.</summary>
    private const int LateDaysMax = 30;

    /// <summary>
    /// Days that a notice is kept once it was taken, for a council that asks again; longer than both.
    /// </summary>
    public const int KeptDaysMax = 60;

    private const string Begin = """
        select set_config('cpis.telling', 'every-council', true), set_config('cpis.reads', 'every-council', true)
        """;

    /// <summary>Waits for the follower, whose numbers must not be taken at the same time.</summary>
    private const string Lock = "select pg_advisory_xact_lock(20516)";

    private const string Subscriptions = "select " + SubscriptionStore.Columns + """
         from cpis.subscription s where s.activated is not null and s.status <> 'off' and s.topic = 'plan-lapse'
        order by s.id
        """;

    private const string Lapsing = "select " + PlanStore.Columns + """
         from cpis.plan p
        where p.kind = 'unborn' and p.end_day is null and p.removed is null and not p.deleted
            and p.visible_until > $1 and p.visible_until <= $2 and p.visible_from <= $3
            and exists (select 1 from cpis.subscription s where s.council = p.council and s.topic = 'plan-lapse'
                and s.activated is not null and s.status <> 'off'
                and (p.visible_until > $3 or s.activated::date <= p.visible_until))
        order by p.visible_until, p.council, p.row_id
        """;

    private const string Patients = """
        select c.council, c.nhs_number, c.version, c.updated, c.birth_date, c.family, c.content_hash, c.body
        from cpis.patient c join unnest($1::text[], $2::text[]) u (council, nhs_number)
            on c.council = u.council and c.nhs_number = u.nhs_number
        """;

    /// <summary>What nobody pushes counts as told when it was made.</summary>
    private const string Forget = """
        delete from cpis.notice n using cpis.subscription s
        where s.id = n.subscription and n.made < $1 and (s.endpoint is null or n.number <= s.delivered)
        """;

    /// <summary>Makes the notices of lapses that were not told, and forgets old ones.</summary>
    public async Task<Internal<int>> TellAsync(DateOnly today, DateTimeOffset now,
        Func<Followed, IReadOnlyList<NewNotice>> decide, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var (subscriptions, plans) = await FindAsync(connection, today, now, stop);
        var made = new Internal<int>(0);
        if (plans.Count > 0)
        {
            made = await NoticeInsertStore.PutAsync(connection, decide(new()
            {
                Lines = [], Subscriptions = subscriptions, Links = [], Plans = plans,
                Patients = await PatientsAsync(connection, plans, stop), Folded = new HashSet<Guid>(),
                Encounters = new Dictionary<(Guid, int), byte[]>(),
            }), now, stop);
        }

        await transaction.CommitAsync(stop);
        return made;
    }

    private static async Task<(List<SubscriptionRow> Subscriptions, List<PlanRow> Plans)> FindAsync(
        NpgsqlConnection connection, DateOnly today, DateTimeOffset now, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(Begin));
        batch.BatchCommands.Add(new(Lock));
        batch.BatchCommands.Add(EncounterStore.Command(Forget, now.AddDays(-KeptDaysMax).UtcDateTime));
        batch.BatchCommands.Add(new(Subscriptions));
        batch.BatchCommands.Add(EncounterStore.Command(
            Lapsing, today.AddDays(-LateDaysMax), today.AddDays(AheadDays), today));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        await reader.NextResultAsync(stop);
        var subscriptions = await SubscriptionStore.ReadAllAsync(reader);
        await reader.NextResultAsync(stop);
        return (subscriptions, await PlanStore.RowsAsync(reader, stop));
    }

    private static async Task<List<PatientRow>> PatientsAsync(
        NpgsqlConnection connection, List<PlanRow> plans, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(EncounterStore.Command(Patients, plans.Select(p => p.Facts.Council).ToArray(),
            plans.Select(p => p.Facts.NhsNumber.Digits()).ToArray()));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return await PlanStore.PatientsAsync(reader, stop);
    }
}
