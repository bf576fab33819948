using CpIs.Audit;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Server.Plans;

/// <summary>
/// The two halves of a write: lock what stands, and put what shall stand. Both are set-based over arrays, so one plan
/// and hundreds take the same path; what is decided between them is decided in <see cref="Submission"/>.
/// </summary>
internal static class SubmissionStore
{
    /// <summary>
    /// Holds the keys of a submission, new ones included, until the transaction ends; the array is sorted.
    /// </summary>
    private const string LockKeys =
        "select pg_advisory_xact_lock(hashtextextended(k, 20513)) from unnest($1::text[]) k";

    /// <summary>
    /// Key by key, each by the index of its own: with the four asked for in one condition PostgreSQL read all plans of
    /// the council for each submission. Where an id alone finds the row, the council is compared so that no index of
    /// councils serves.
    /// </summary>
    private const string LockPlans = """
        select p.* from unnest(array(
            select o.episode_id from unnest($2::text[]) k cross join lateral (
                select o.episode_id from cpis.plan o where o.council = $1 and o.row_id = k offset 0) o
            union
            select o.episode_id from unnest($3::text[]) k cross join lateral (
                select o.episode_id from cpis.plan o where o.nhs_number = k and o.council = $1 offset 0) o
            union
            select o.episode_id from unnest($4::uuid[]) k cross join lateral (
                select o.episode_id from cpis.plan o where o.episode_id = k and o.council || '' = $1 offset 0) o
            union
            select o.episode_id from unnest($5::uuid[]) k cross join lateral (
                select o.episode_id from cpis.plan o where o.flag_id = k and o.council || '' = $1 offset 0) o
            order by 1)) e
        cross join lateral (
            select p.council, p.row_id, p.nhs_number, p.kind, p.start_day, p.end_day, p.due_day, p.follows_row_id,
                p.removed, p.birth_date, p.deleted, p.status_until,
                p.episode_id, p.episode_version, p.episode_updated, p.episode_status, p.episode,
                p.flag_id, p.flag_version, p.flag_updated, p.flag_status, p.flag, p.closed,
                p.unconfirmed
            from cpis.plan p where p.episode_id = e for update) p
        order by p.row_id, p.closed
        """;

    private const string LockPatients = """
        select council, nhs_number, version, updated, birth_date, family, content_hash, body
        from cpis.patient where council = $1 and nhs_number = any($2) order by nhs_number for update
        """;

    private const string Superseded =
        "select l.asked, l.nhs_number from cpis.linked($1::text[]) l where l.relation = 'replaces'";

    /// <summary>Keeps the versions that are about to be replaced.</summary>
    private const string KeepEpisodes = """
        insert into cpis.version
            (resource_type, resource_id, version, council, nhs_number, status, updated, body, deleted)
        select 'EpisodeOfCare', episode_id::text, episode_version, council, nhs_number, episode_status,
            episode_updated, episode, deleted
        from cpis.plan where council = $1 and episode_id = any($2)
        """;

    private const string KeepFlags = """
        insert into cpis.version
            (resource_type, resource_id, version, council, nhs_number, status, updated, body, deleted)
        select 'Flag', flag_id::text, flag_version, council, nhs_number, flag_status, flag_updated, flag, deleted
        from cpis.plan where council = $1 and flag_id = any($2)
        """;

    private const string KeepPatients = """
        insert into cpis.version (resource_type, resource_id, version, council, nhs_number, status, updated, body)
        select 'Patient', nhs_number, version, council, nhs_number, null, updated, body
        from cpis.patient where council = $1 and nhs_number = any($2)
        """;

    private const string PutPlans = """
        insert into cpis.plan (council, row_id, nhs_number, kind, start_day, end_day, due_day, birth_date,
            follows_row_id, removed, deleted, visible_from, visible_until, status_until,
            episode_id, episode_version, episode_updated, episode_status, episode,
            flag_id, flag_version, flag_updated, flag_status, flag, closed, unconfirmed)
        select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::date[], $8::date[],
            $9::text[], $10::text[], $11::bool[], $12::date[], $13::date[], $14::date[],
            $15::uuid[], $16::int[], $17::timestamptz[], $18::text[], $19::bytea[],
            $20::uuid[], $21::int[], $22::timestamptz[], $23::text[], $24::bytea[], $25::int[],
            $26::bool[]) u
        on conflict (episode_id) do update set
            closed = excluded.closed, unconfirmed = excluded.unconfirmed,
            kind = excluded.kind, start_day = excluded.start_day, end_day = excluded.end_day,
            due_day = excluded.due_day, birth_date = excluded.birth_date,
            follows_row_id = excluded.follows_row_id, removed = excluded.removed,
            deleted = excluded.deleted, visible_from = excluded.visible_from, visible_until = excluded.visible_until,
            status_until = excluded.status_until,
            episode_version = excluded.episode_version, episode_updated = excluded.episode_updated,
            episode_status = excluded.episode_status, episode = excluded.episode,
            flag_version = excluded.flag_version, flag_updated = excluded.flag_updated,
            flag_status = excluded.flag_status, flag = excluded.flag
        """;

    private const string PutPatients = """
        insert into cpis.patient (council, nhs_number, version, updated, birth_date, family, content_hash, body)
        select $1, u.* from unnest($2::text[], $3::int[], $4::timestamptz[], $5::date[], $6::text[], $7::bytea[],
            $8::bytea[]) u
        on conflict (council, nhs_number) do update set version = excluded.version, updated = excluded.updated,
            birth_date = excluded.birth_date, family = excluded.family, content_hash = excluded.content_hash,
            body = excluded.body
        """;

    /// <summary>Locks and reads, in the transaction's first round trip.</summary>
    public static async Task<Internal<HeldRows>> LockAsync(WriteTransaction write, string council, SubmissionKeys keys)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(Command(LockKeys, [keys.Locks(council)]));
        batch.BatchCommands.Add(Command(LockPlans, council, keys.RowIds, keys.Numbers, keys.EpisodeIds, keys.FlagIds));
        batch.BatchCommands.Add(Command(LockPatients, council, keys.Numbers));
        batch.BatchCommands.Add(Command(Superseded, [keys.Numbers]));
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i <= WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        var plans = await PlanStore.RowsAsync(reader, CancellationToken.None);
        await reader.NextResultAsync();
        var patients = await PlanStore.PatientsAsync(reader, CancellationToken.None);
        await reader.NextResultAsync();
        var superseded = new HashSet<(string, string)>();
        while (await reader.ReadAsync())
        {
            superseded.Add((reader.GetString(0), reader.GetString(1)));
        }

        return new(new(plans, patients, superseded));
    }

    /// <summary>The commands that put the decided rows, for the round trip that commits.</summary>
    public static NpgsqlBatchCommand[] Put(
        string council, IReadOnlyList<PatientRow> patients, IReadOnlyList<(PlanRow? Stood, PlanRow Row)> plans)
    {
        var commands = new List<NpgsqlBatchCommand>();
        var replaced = patients.Where(p => p.Version > 1).Select(p => p.NhsNumber).ToArray();
        if (replaced.Length > 0)
        {
            commands.Add(Command(KeepPatients, council, replaced));
        }

        if (patients.Count > 0)
        {
            commands.Add(PatientsCommand(council, patients));
        }

        var episodes = plans.Where(p => p.Stood is not null && p.Stood.Episode.Version != p.Row.Episode.Version)
            .Select(p => p.Row.Episode.Id).ToArray();
        if (episodes.Length > 0)
        {
            commands.Add(Command(KeepEpisodes, council, episodes));
        }

        var flags = plans.Where(p => p.Stood is not null && p.Stood.Flag.Version != p.Row.Flag.Version)
            .Select(p => p.Row.Flag.Id).ToArray();
        if (flags.Length > 0)
        {
            commands.Add(Command(KeepFlags, council, flags));
        }

        if (plans.Count > 0)
        {
            commands.Add(PlansCommand(council, [.. plans.Select(p => p.Row)]));
        }

        return [.. commands];
    }

    private static NpgsqlBatchCommand PatientsCommand(string council, IReadOnlyList<PatientRow> rows) => Command(
        PutPatients,
        council,
        rows.Select(r => r.NhsNumber).ToArray(),
        rows.Select(r => r.Version).ToArray(),
        rows.Select(r => r.Updated.UtcDateTime).ToArray(),
        rows.Select(r => r.BirthDate).ToArray(),
        rows.Select(r => r.Family).ToArray(),
        rows.Select(r => r.ContentHash).ToArray(),
        rows.Select(r => r.Body).ToArray());

    private static NpgsqlBatchCommand PlansCommand(string council, PlanRow[] rows) => Command(
        PutPlans,
        [
            council,
            rows.Select(r => r.Facts.RowId).ToArray(),
            rows.Select(r => r.Facts.NhsNumber.Digits()).ToArray(),
            rows.Select(r => r.Facts.Kind.Name).ToArray(),
            rows.Select(r => r.Facts.Start).ToArray(),
            rows.Select(r => r.Facts.End).ToArray(),
            rows.Select(r => r.Facts.Due).ToArray(),
            rows.Select(r => r.BirthDate).ToArray(),
            rows.Select(r => r.Facts.FollowsRowId).ToArray(),
            rows.Select(r => r.Facts.Removed).ToArray(),
            rows.Select(r => r.Deleted).ToArray(),
            rows.Select(r => r.Days.VisibleFrom).ToArray(),
            rows.Select(r => r.Days.VisibleUntil).ToArray(),
            rows.Select(r => r.StatusUntil).ToArray(),
            .. Columns(rows, r => r.Episode),
            .. Columns(rows, r => r.Flag),
            rows.Select(r => r.Closed).ToArray(),
            rows.Select(r => r.Unconfirmed).ToArray(),
        ]);

    private static object[] Columns(PlanRow[] rows, Func<PlanRow, ResourceState> half) =>
    [
        rows.Select(r => half(r).Id).ToArray(),
        rows.Select(r => half(r).Version).ToArray(),
        rows.Select(r => half(r).Updated.UtcDateTime).ToArray(),
        rows.Select(r => half(r).Status).ToArray(),
        rows.Select(r => half(r).Body).ToArray(),
    ];

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(value is DateTime[]
                ? new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz }
                : new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
