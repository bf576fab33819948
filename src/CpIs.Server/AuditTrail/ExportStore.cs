using System.Runtime.CompilerServices;
using CpIs.Audit;
using CpIs.Server.Searching;
using Dapper;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Export jobs, and the entries of their files. A file holds no more than stood in the lanes when its job began, so it
/// is the same whenever it is fetched.
/// </summary>
internal sealed class ExportStore(NpgsqlDataSource database)
{
    /// <summary>Entries read from the database at a time.</summary>
    private const int ChunkEntries = 1000;

    /// <summary>Seconds the count of one month may take.</summary>
    private const int CountSeconds = 600;

    /// <summary>Longest that an entry's commit may take and still be in the export after the one it missed.</summary>
    private static readonly TimeSpan CommitMax = TimeSpan.FromHours(1);

    /// <summary>The format of entries that this server renders (docs/audit-log.md).</summary>
    private const int Format = 1;

    private const string Insert = """
        insert into cpis.export_job (id, client, organisation, request, kicked_off, since, until, filter, own)
        select @Id, @Client, @Organisation, @Request, @KickedOff, @Since::timestamptz, @Until, @Filter, @Own::text
        where (select count(*) from cpis.export_job j where j.client = @Client and (j.lasts is null
            or (select count(*) from cpis.export_file f where f.job = j.id) < cardinality(j.months))) < @most
        """;

    private const string Jobs =
        "select id, client, organisation, request, kicked_off, since, until, filter, own, lasts, before, "
        + "months::timestamp[] as months from cpis.export_job ";

    private const string Own = Jobs + "where id = @id and client = @client and organisation = @organisation";

    private const string Open = Jobs + """
        j where j.lasts is null or (select count(*) from cpis.export_file f where f.job = j.id) < cardinality(j.months)
        order by kicked_off
        """;

    private const string Files = """
        select month::timestamp as month, entries, unread from cpis.export_file where job = @id order by month
        """;

    /// <summary>Lane numbers are small and without gaps, so an array by number holds where each lane stands.</summary>
    private const string Lasts = """
        select array_agg(coalesce(b.last, 0) order by n.n) from generate_series(1, (
            select coalesce(max(lane), 1) from ledger.lane)) n(n)
        left join lateral (select last from ledger.batch where lane = n.n order by first desc limit 1) b on true
        """;

    private const string Oldest = "select min(recorded) from ledger.entry e where e.recorded >= @from";

    /// <summary>An export that ended before its own kick-off, by _until, is nobody's beginning.</summary>
    private const string Begin = """
        with begun as (
            update cpis.export_job j
            set lasts = @lasts, months = @months::timestamp[]::date[], before = @before::bigint[]
            where id = @id and lasts is null
            returning client, organisation, kicked_off, until, lasts)
        insert into cpis.export_boundary (client, organisation, kicked_off, lasts)
        select client, organisation, kicked_off, lasts from begun where until = kicked_off on conflict do nothing
        """;

    private const string Before = """
        select lasts from cpis.export_boundary
        where client = @Client and organisation = @Organisation and kicked_off = @Since
        """;

    private const string InFile = """
         and e.position <= coalesce((@lasts::bigint[])[e.lane], 0)
          and (e.recorded >= @since or e.position > coalesce((@before::bigint[])[e.lane], 0)) and
        """;

    private const string Count = """
        insert into cpis.export_file (job, month, entries, unread)
        select @id, @month::timestamp::date, count(*) filter (where e.format = @format),
            count(*) filter (where e.format <> @format) from ledger.entry e where true
        """ + InFile + TrailStore.Filter + " on conflict do nothing";

    private const string Chunk = "select " + TrailStore.Columns + """
         from ledger.entry e where e.format = @format
          and (e.recorded, e.lane, e.position) > (@afterAt, @afterLane, @afterPosition)
        """ + InFile + TrailStore.Filter + " order by e.recorded, e.lane, e.position limit @limit";

    private const string Delete = """
        delete from cpis.export_job where id = @id and client = @client and organisation = @organisation
        """;

    private const string Expire = """
        with old as (delete from cpis.export_boundary where kicked_off < @forget)
        delete from cpis.export_job where kicked_off < @before
        """;

    /// <summary>False when the client has as many jobs under way as it may.</summary>
    public async Task<Internal<bool>> AddAsync(ExportJob job, int runningJobsMax, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new(await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                job.Id, job.Client, job.Organisation, job.Request, job.KickedOff, job.Since, job.Until, job.Filter,
                job.Own,
                most = runningJobsMax,
            },
            cancellationToken: stop)) == 1);
    }

    /// <summary>A job of this client; of another's there is none.</summary>
    public async Task<Internal<ExportState?>> FindAsync(
        Guid id, string client, string organisation, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var job = await connection.QuerySingleOrDefaultAsync<ExportJob>(
            new CommandDefinition(Own, new { id, client, organisation }, cancellationToken: stop));
        return new(job is null ? null : new ExportState(job, await FilesAsync(connection, id, stop)));
    }

    /// <summary>Jobs with something left to count, of whichever process.</summary>
    public async Task<Internal<IReadOnlyList<ExportState>>> OpenAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var jobs = (await connection.QueryAsync<ExportJob>(new CommandDefinition(Open, cancellationToken: stop)))
            .AsList();
        var states = new List<ExportState>();
        foreach (var job in jobs)
        {
            states.Add(new ExportState(job, await FilesAsync(connection, job.Id, stop)));
        }

        return new(states);
    }

    /// <summary>Settles what the job covers; another process may have done so first.</summary>
    public async Task BeginAsync(ExportJob job, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var lasts = await connection.ExecuteScalarAsync<long[]>(new CommandDefinition(Lasts, cancellationToken: stop));
        var before = job.Since is null ? null : await connection.ExecuteScalarAsync<long[]?>(
            new CommandDefinition(Before, new { job.Client, job.Organisation, job.Since }, cancellationToken: stop));
        var oldest = await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(
            Oldest, new { from = Start(job with { Before = before }) }, cancellationToken: stop));
        await connection.ExecuteAsync(new CommandDefinition(
            Begin,
            new { id = job.Id, lasts, before, months = Months(oldest ?? job.Until, job.Until) },
            cancellationToken: stop));
    }

    /// <summary>Counts one month, which makes it a file.</summary>
    public async Task CountAsync(ExportJob job, DateTime month, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Count, Arguments(job, month), commandTimeout: CountSeconds, cancellationToken: stop));
    }

    /// <summary>The entries of a file, oldest first, a chunk in memory at a time.</summary>
    public Sealed<IAsyncEnumerable<TrailEntry>> Entries(ExportJob job, ExportFile file, CancellationToken stop) =>
        new(ReadAsync(job, file.Month, stop), [], checked((int)Math.Min(file.Entries, int.MaxValue)));

    public async Task<Internal<bool>> DeleteAsync(Guid id, string client, string organisation, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new(await connection.ExecuteAsync(new CommandDefinition(
            Delete, new { id, client, organisation }, cancellationToken: stop)) == 1);
    }

    public async Task ExpireAsync(DateTimeOffset before, DateTimeOffset forget, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Expire, new { before = before.UtcDateTime, forget = forget.UtcDateTime }, cancellationToken: stop));
    }

    private static async Task<List<ExportFile>> FilesAsync(
        NpgsqlConnection connection, Guid id, CancellationToken stop) =>
        (await connection.QueryAsync<ExportFile>(new CommandDefinition(Files, new { id }, cancellationToken: stop)))
            .AsList();

    private static DateTime[] Months(DateTime from, DateTime until)
    {
        var months = new List<DateTime>();
        for (var month = new DateTime(from.Year, from.Month, 1); month < until; month = month.AddMonths(1))
        {
            months.Add(month);
        }

        return [.. months];
    }

    private static DynamicParameters Arguments(ExportJob job, DateTime month)
    {
        var first = DateTime.SpecifyKind(month, DateTimeKind.Utc);
        var question = TrailParameters.Read(SearchRequest.Of(job.Filter, TrailParameters.Terms)) with
        {
            OwnOrganisation = job.Own,
            Within = (Later(first, Start(job)), Earlier(first.AddMonths(1), job.Until)),
        };
        var arguments = new DynamicParameters(question.Arguments());
        arguments.Add("id", job.Id);
        arguments.Add("month", DateTime.SpecifyKind(month, DateTimeKind.Unspecified));
        arguments.Add("lasts", job.Lasts);
        arguments.Add("since", job.Since ?? DateTime.UnixEpoch);
        arguments.Add("before", job.Before);
        arguments.Add("format", Format);
        return arguments;
    }

    /// <summary>Before it nothing can be in the export: a commit does not take so long.</summary>
    private static DateTime Start(ExportJob job) =>
        job.Since is not { } since ? DateTime.UnixEpoch : job.Before is null ? since : since - CommitMax;

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;

    private static DateTime Earlier(DateTime one, DateTime other) => one < other ? one : other;

    private async IAsyncEnumerable<TrailEntry> ReadAsync(
        ExportJob job, DateTime month, [EnumeratorCancellation] CancellationToken stop)
    {
        var arguments = Arguments(job, month);
        arguments.Add("limit", ChunkEntries);
        var (at, lane, position) = (DateTime.UnixEpoch, 0, 0L);
        while (true)
        {
            arguments.Add("afterAt", at);
            arguments.Add("afterLane", lane);
            arguments.Add("afterPosition", position);
            List<TrailEntry> chunk;
            await using (var connection = await database.OpenConnectionAsync(stop))
            {
                chunk = (await connection.QueryAsync<TrailEntry>(
                    new CommandDefinition(Chunk, arguments, cancellationToken: stop))).AsList();
            }

            foreach (var entry in chunk)
            {
                yield return entry;
                (at, lane, position) = (entry.Recorded, entry.Lane, entry.Position);
            }

            if (chunk.Count < ChunkEntries)
            {
                yield break;
            }
        }
    }
}
