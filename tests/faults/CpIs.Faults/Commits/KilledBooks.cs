using Npgsql;

namespace CpIs.Faults.Commits;

/// <summary>An entry of one request.</summary>
internal sealed record BookedChange(Guid Id, int Status, string? Reason, IReadOnlyList<string> Disclosed);

/// <summary>What the database holds of single writes.</summary>
internal sealed class KilledBooks(string connection) : IAsyncDisposable
{
    /// <summary>Without those of a file's rows, which are applied later: they name its request too.</summary>
    private const string EntriesSql = """
        select entry_id, status, reason, disclosed from ledger.entry
        where request_id = $1 and outcome = 0 and (kind <> 'upload' or status = 202)
        order by recorded, lane, position
        """;

    private const string VersionsSql = """
        select coalesce(max(version), 0), count(*) from (
            select episode_version as version from cpis.plan where episode_id::text = $1
            union all select flag_version from cpis.plan where flag_id::text = $1
            union all select version from cpis.patient where nhs_number = $1 and council = $2
            union all select version from cpis.version where resource_id = $1 and council = $2
            union all select version from cpis.encounter where id::text = $1
            union all select version from cpis.encounter_version where id::text = $1
            union all select version from cpis.subscription where id::text = $1
            union all select version from cpis.organization where id = $1
            union all select version from cpis.organization_version where id = $1) v
        """;

    private const string JobsSql =
        "select id::text from cpis.upload where submission = $1 and state <> 'receiving'";

    /// <summary>How often each attendance was told, and how often each row of a file became a plan.</summary>
    private const string OutcomesSql = """
        select 'attendance ' || u.source, count(n.number) from unnest($1::text[]) u (source)
        left join cpis.notice n on n.source = u.source group by 1
        union all
        select 'row ' || u.number, count(p.episode_id) from unnest($2::text[]) u (number)
        left join cpis.plan p on p.nhs_number = u.number and p.episode_version = 1 group by 1
        """;

    private readonly NpgsqlDataSource database = NpgsqlDataSource.Create(connection);

    public Task<List<BookedChange>> EntriesAsync(Guid request, CancellationToken stop) =>
        database.ReadAsync(EntriesSql, [request.ToString()], row => new BookedChange(row.GetGuid(0), row.GetInt32(1),
            row.IsDBNull(2) ? null : row.GetString(2), row.GetFieldValue<string[]>(3)), stop);

    /// <summary>The newest version of a resource, and how many of it are kept.</summary>
    public async Task<(int Newest, long Kept)> VersionsAsync(string organisation, string id, CancellationToken stop) =>
        (await database.ReadAsync(
            VersionsSql, [id, organisation], row => (row.GetInt32(0), row.GetInt64(1)), stop)).Single();

    /// <summary>Files that were accepted under a name.</summary>
    public Task<List<string>> JobsAsync(string submission, CancellationToken stop) =>
        database.ReadAsync(JobsSql, [submission], row => row.GetString(0), stop);

    public Task<List<(string What, long Times)>> OutcomesAsync(
        string[] sources, string[] numbers, CancellationToken stop) =>
        database.ReadAsync(OutcomesSql, [sources, numbers], row => (row.GetString(0), row.GetInt64(1)), stop);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
