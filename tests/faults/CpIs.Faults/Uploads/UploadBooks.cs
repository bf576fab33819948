using Npgsql;

namespace CpIs.Faults.Uploads;

/// <summary>A job of the database, with the request that its entries name.</summary>
internal sealed record BookedJob(
    Guid Id, string Council, string Submission, string State, int Read, int Judged, Guid Request);

/// <summary>What became of a row, as the database has it.</summary>
internal sealed record BookedRow(Guid Job, int RowNo, string? RowId, string Became, IReadOnlyList<string> Versions);

/// <summary>A plan as it stands.</summary>
internal sealed record BookedPlan(string Council, string RowId, string Number, DateOnly Start, DateOnly? End,
    string Episode, string Flag);

/// <summary>What the database holds of the uploads of a run.</summary>
internal sealed class UploadBooks
{
    private const string JobsSql = """
        select id, council, submission, state, read,
            inserted + changed + unchanged + ended + reopened + removed + refused + skipped,
            (sender::jsonb ->> 'RequestId')::uuid
        from cpis.upload order by council, turn
        """;

    private const string RowsSql = "select upload, row_no, row_id, result, versions from cpis.upload_outcome";

    private const string EntriesSql = """
        select request_id, disclosed from ledger.entry
        where kind = 'upload' and outcome = 0 and action in ('C', 'U') and resource_type is not null
        """;

    private const string PlansSql = """
        select council, row_id, nhs_number, start_day, end_day,
            format('EpisodeOfCare/%s/_history/%s', episode_id, episode_version),
            format('Flag/%s/_history/%s', flag_id, flag_version)
        from cpis.plan where not deleted and removed is null
        """;

    private const string AmountsSql = """
        select (select count(*) from cpis.version) + (select count(*) from cpis.plan)
            + (select count(*) from cpis.patient) + (select count(*) from cpis.upload_outcome)
            + (select count(*) from ledger.entry where kind = 'upload' and action in ('C', 'U')
                and resource_type is not null)
        """;

    private const string ProgressSql = """
        select coalesce(sum(inserted + changed + unchanged + ended + reopened + removed + refused + skipped), 0)::bigint
                + coalesce(sum(read) filter (where state in ('applying', 'done')), 0)::bigint,
            coalesce(max(extract(epoch from touched)) filter (where state = 'receiving'), 0)::float8,
            count(*) filter (where state in ('waiting', 'ending', 'applying')),
            coalesce(string_agg(state, ' ' order by state)
                filter (where state <> 'done' and touched > now() - interval '5 s'
                    or state in ('waiting', 'ending', 'applying')), '')
        from cpis.upload
        """;

    public required IReadOnlyList<BookedJob> Jobs { get; init; }

    public required ILookup<Guid, BookedRow> Rows { get; init; }

    public required ILookup<Guid, IReadOnlyList<string>> Entries { get; init; }

    public required IReadOnlyList<BookedPlan> Plans { get; init; }

    public static async Task<UploadBooks> ReadAsync(string connection, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        return new UploadBooks
        {
            Jobs = await AskAsync(database, JobsSql, r => new BookedJob(r.GetGuid(0), r.GetString(1), r.GetString(2),
                r.GetString(3), r.GetInt32(4), r.GetInt32(5), r.GetGuid(6)), stop),
            Rows = (await AskAsync(database, RowsSql, r => new BookedRow(r.GetGuid(0), r.GetInt32(1),
                r.IsDBNull(2) ? null : r.GetString(2), r.GetString(3), r.GetFieldValue<string[]>(4)), stop))
                .ToLookup(row => row.Job),
            Entries = (await AskAsync(database, EntriesSql, r => (Request: Guid.Parse(r.GetString(0)),
                Versions: (IReadOnlyList<string>)r.GetFieldValue<string[]>(1)), stop))
                .ToLookup(entry => entry.Request, entry => entry.Versions),
            Plans = await AskAsync(database, PlansSql, r => new BookedPlan(r.GetString(0), r.GetString(1),
                r.GetString(2), r.GetFieldValue<DateOnly>(3), r.IsDBNull(4) ? null : r.GetFieldValue<DateOnly>(4),
                r.GetString(5), r.GetString(6)), stop),
        };
    }

    /// <summary>How much there is of all that an upload may make.</summary>
    public static async Task<long> AmountAsync(string connection, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        return (await AskAsync(database, AmountsSql, r => r.GetInt64(0), stop)).Single();
    }

    /// <summary>How far all files have come.</summary>
    public static async Task<UploadProgress> ProgressAsync(string connection, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        return (await AskAsync(database, ProgressSql, r => new UploadProgress(
            r.GetInt64(0), r.GetDouble(1), r.GetInt64(2), r.GetString(3)), stop)).Single();
    }

    private static async Task<IReadOnlyList<T>> AskAsync<T>(
        NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop)
    {
#pragma warning disable CA2100 // The texts above.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync(stop);
        var all = new List<T>();
        while (await rows.ReadAsync(stop))
        {
            all.Add(read(rows));
        }

        return all;
    }
}

/// <summary>How far the files of a run have come.</summary>
/// <param name="Applied">Rows that are decided, and files that are judged: it grows while work is done.</param>
/// <param name="Received">When the last row of a file that is coming in was put down, in seconds.</param>
/// <param name="Open">Files that wait or move.</param>
/// <param name="States">Of all files that are not done.</param>
internal sealed record UploadProgress(long Applied, double Received, long Open, string States);
