using System.Data;
using CpIs.Audit;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Server.Versions;

/// <summary>
/// Questions to the versions of a council's own resources: replaced ones stand in one table for all types, current ones
/// in their own. Newest first, by key, so a page costs the same wherever it lies.
/// </summary>
internal sealed class VersionStore(NpgsqlDataSource database, PlanStore plans)
{
    private const string OldVersions = """
        select v.resource_id as id, v.version, v.updated, v.deleted, v.nhs_number, v.body, null::date as status_until
        from cpis.version v where v.council = $1
        """;

    private const string OfFlags = OldVersions + """
         and v.resource_type = 'Flag' and ($2::text is null or v.resource_id = $2)
        union all
        select p.flag_id::text, p.flag_version, p.flag_updated, p.deleted, p.nhs_number, p.flag, p.status_until
        from cpis.plan p where p.council = $1 and ($2::text is null or p.flag_id = $2::uuid)
        """;

    private const string OfEpisodes = OldVersions + """
         and v.resource_type = 'EpisodeOfCare' and ($2::text is null or v.resource_id = $2)
        union all
        select p.episode_id::text, p.episode_version, p.episode_updated, p.deleted, p.nhs_number, p.episode,
            p.status_until
        from cpis.plan p where p.council = $1 and ($2::text is null or p.episode_id = $2::uuid)
        """;

    private const string OfPatients = OldVersions + """
         and v.resource_type = 'Patient' and ($2::text is null or v.resource_id = $2)
        union all
        select p.nhs_number, p.version, p.updated, false, p.nhs_number, p.body, null
        from cpis.patient p where p.council = $1 and ($2::text is null or p.nhs_number = $2)
        """;

    private const string OfOrganizations = """
        select v.id, v.version, v.updated, v.deleted, null::text as nhs_number, v.body, null::date as status_until
        from cpis.organization_version v where $1::text is null and ($2::text is null or v.id = $2)
        union all
        select o.id, o.version, o.updated, o.deleted, null, o.body, null
        from cpis.organization o where $1::text is null and ($2::text is null or o.id = $2)
        """;

    /// <summary>
    /// _at: a version was the current one from when it was made until the next was; so it must be made before the span
    /// ends, and its successor, probed by key, not before the span begins.
    /// </summary>
    private const string Asked = """
        ) a where ($3::timestamptz is null or a.updated >= $3)
            and ($5::timestamptz is null or a.updated < $5)
            and ($4::timestamptz is null or not (
        """;

    private const string OldSuccessor = """
        exists (select 1 from cpis.version n where n.council = $1 and n.resource_id = a.id
            and n.version = a.version + 1 and n.updated <= $4 and n.resource_type =
        """;

    private const string FlagReplaced = OldSuccessor + """
         'Flag') or exists (select 1 from cpis.plan n where n.council = $1 and n.flag_id = a.id::uuid
            and n.flag_version = a.version + 1 and n.flag_updated <= $4)))
        """;

    private const string EpisodeReplaced = OldSuccessor + """
         'EpisodeOfCare') or exists (select 1 from cpis.plan n where n.council = $1 and n.episode_id = a.id::uuid
            and n.episode_version = a.version + 1 and n.episode_updated <= $4)))
        """;

    private const string PatientReplaced = OldSuccessor + """
         'Patient') or exists (select 1 from cpis.patient n where n.council = $1 and n.nhs_number = a.id
            and n.version = a.version + 1 and n.updated <= $4)))
        """;

    private const string OrganizationReplaced = """
        exists (select 1 from cpis.organization_version n where n.id = a.id and n.version = a.version + 1
            and n.updated <= $4) or exists (select 1 from cpis.organization n where n.id = a.id
            and n.version = a.version + 1 and n.updated <= $4)))
        """;

    private const string Count = "select count(*) from (";

    private const string After = """
         and ($6::timestamptz is null or (a.updated, a.id, a.version) < ($6, $7, $8))
        order by a.updated desc, a.id desc, a.version desc limit $9
        """;

    private const string CountFlags = Count + OfFlags + Asked + FlagReplaced;
    private const string CountEpisodes = Count + OfEpisodes + Asked + EpisodeReplaced;
    private const string CountPatients = Count + OfPatients + Asked + PatientReplaced;
    private const string CountOrganizations = Count + OfOrganizations + Asked + OrganizationReplaced;

    private const string PageFlags = One + OfFlags + Asked + FlagReplaced + After;
    private const string PageEpisodes = One + OfEpisodes + Asked + EpisodeReplaced + After;
    private const string PagePatients = One + OfPatients + Asked + PatientReplaced + After;
    private const string PageOrganizations = One + OfOrganizations + Asked + OrganizationReplaced + After;

    private const string One =
        "select a.id, a.version, a.updated, a.deleted, a.nhs_number, a.body, a.status_until from (";

    private const string OnePatient = One + OfPatients + ") a where a.version = $3";
    private const string OneOrganization = One + OfOrganizations + ") a where a.version = $3";

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    /// <summary>A page of a council's history; every version of it is disclosed.</summary>
    public async Task<Sealed<VersionPage>> AskAsync(
        string type, OrganizationRow owner, VersionQuestion question, DateOnly today, CancellationToken stop)
    {
        var council = owner.Ods;
        var page = type switch
        {
            "Flag" => await PageAsync(PageFlags, CountFlags, council, question, stop),
            "EpisodeOfCare" => await PageAsync(PageEpisodes, CountEpisodes, council, question, stop),
            _ => await PageAsync(PagePatients, CountPatients, council, question, stop),
        };
        var rows = new List<VersionRow>(page.Rows.Count);
        foreach (var row in page.Rows)
        {
            rows.Add(row.StatusUntil <= today ? await AnewAsync(type, owner, row, today, stop) : row);
        }

        return new(page with { Rows = rows }, [.. rows.Select(r =>
            new Disclosed(type, r.Id, r.Version, r.NhsNumber, council, true))], page.Total);
    }

    /// <summary>A page of the organisations' history, which is about nobody.</summary>
    public async Task<Internal<VersionPage>> OrganizationsAsync(VersionQuestion question, CancellationToken stop) =>
        new(await PageAsync(PageOrganizations, CountOrganizations, null, question, stop));

    /// <summary>One version of a council's record of a person.</summary>
    public async Task<Sealed<VersionRow?>> PatientAsync(
        string council, string number, int version, CancellationToken stop)
    {
        var row = await OneAsync(OnePatient, council, number, version, stop);
        return row is null ? new(null, [], 0)
            : new(row, [new Disclosed("Patient", number, version, number, council, true)], 1);
    }

    /// <summary>One version of an organisation.</summary>
    public async Task<Internal<VersionRow?>> OrganizationAsync(string id, int version, CancellationToken stop) =>
        new(await OneAsync(OneOrganization, null, id, version, stop));

    /// <summary>R0: a current version past the day until which its status is true is never served stale.</summary>
    private async Task<VersionRow> AnewAsync(
        string type, OrganizationRow owner, VersionRow row, DateOnly today, CancellationToken stop)
    {
        var view = type == "Flag" ? PlanView.Flag : PlanView.Episode;
        var plan = (await plans.FindAsync(view, owner.Ods, Guid.Parse(row.Id), stop)).Value;
        return plan is null || plan.State(view).Version != row.Version ? row
            : row with { Body = plan.AsOf(today, owner.Name).State(view).Body };
    }

    private async Task<VersionPage> PageAsync(
        string paged, string counted, string? council, VersionQuestion question, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsCouncil) { Parameters = { new() { Value = council ?? "" } } });
        batch.BatchCommands.Add(Command(counted, council, question));
        var rows = Command(paged, council, question);
        rows.Parameters.Add(Value(question.After?.Updated, NpgsqlDbType.TimestampTz));
        rows.Parameters.Add(Value(question.After?.Id, NpgsqlDbType.Text));
        rows.Parameters.Add(Value(question.After?.Version, NpgsqlDbType.Integer));
        rows.Parameters.Add(new() { Value = question.Limit + 1 });
        batch.BatchCommands.Add(rows);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        var total = (int)reader.GetInt64(0);
        await reader.NextResultAsync(stop);
        var found = await RowsAsync(reader, stop);
        return new([.. found.Take(question.Limit)], total, found.Count > question.Limit && question.Limit > 0);
    }

    private async Task<VersionRow?> OneAsync(
        string sql, string? council, string id, int version, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsCouncil) { Parameters = { new() { Value = council ?? "" } } });
        batch.BatchCommands.Add(new(sql)
        {
            Parameters =
            {
                Value(council, NpgsqlDbType.Text), Value(id, NpgsqlDbType.Text), Value(version, NpgsqlDbType.Integer),
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return (await RowsAsync(reader, stop)).SingleOrDefault();
    }

    private static async Task<List<VersionRow>> RowsAsync(NpgsqlDataReader reader, CancellationToken stop)
    {
        var rows = new List<VersionRow>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetFieldValue<DateTimeOffset>(2),
                reader.GetBoolean(3), reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetFieldValue<byte[]>(5))
            {
                StatusUntil = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateOnly>(6),
            });
        }

        return rows;
    }

    private static NpgsqlBatchCommand Command(string sql, string? council, VersionQuestion question) => new(sql)
    {
        Parameters =
        {
            Value(council, NpgsqlDbType.Text),
            Value(question.Id, NpgsqlDbType.Text),
            Value(question.Since, NpgsqlDbType.TimestampTz),
            Value(question.AtFrom, NpgsqlDbType.TimestampTz),
            Value(question.AtUntil, NpgsqlDbType.TimestampTz),
        },
    };

    private static NpgsqlParameter Value(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
