using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>
/// The questions that only the whole file can answer, asked before its first row is applied: rows that contradict each
/// other, and how many plans would end. One transaction, so that a file is judged wholly or not yet.
/// </summary>
internal sealed class JudgeStore(NpgsqlDataSource database)
{
    /// <summary>Seconds one question may take of a file of two million rows.</summary>
    private const int QuestionSeconds = 600;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    /// <summary>Without a measure of the file just come in the questions below may take hours.</summary>
    private const string Measure = "select cpis.measure_upload_rows()";

    private const string Lock = "select 1 from cpis.upload u where u.id = $1 and u.state = 'waiting' for update";

    // Each of the three sorts the file once and names rows by their key. Joined with itself, a file of twenty thousand
    // rows took two minutes: PostgreSQL knows nothing yet of rows that have just come.
    private const string Duplicates = """
        update cpis.upload_row r set issues = coalesce(r.issues, '[]') || $2::jsonb
        where r.upload = $1 and r.row_no = any (array(
            select o.row_no from (
                select o.row_no, count(*) over (partition by o.row_id) as times
                from cpis.upload_row o where o.upload = $1 and o.row_id is not null) o
            where o.times > 1))
        """;

    private const string TwoPeople = """
        update cpis.upload_row r set issues = coalesce(r.issues, '[]') || $2::jsonb
        where r.upload = $1 and r.row_no = any (array(
            select o.row_no from (
                select o.row_no, min(o.who) over of_number <> max(o.who) over of_number as differ
                from cpis.upload_row o where o.upload = $1 and o.who is not null
                window of_number as (partition by o.nhs_number)) o
            where o.differ))
        """;

    /// <summary>Two open plans of one kind for one child in the same days; mothers may have several unborn.</summary>
    private const string Overlaps = """
        update cpis.upload_row r set issues = coalesce(r.issues, '[]') || $2::jsonb
        where r.upload = $1 and r.row_no = any (array(
            select o.row_no from (
                select o.row_no, o.start_day, coalesce(o.end_day, 'infinity') as until,
                    max(coalesce(o.end_day, 'infinity')) over (of_kind rows between unbounded preceding
                        and 1 preceding) as before, lead(o.start_day) over of_kind as next
                from cpis.upload_row o
                where o.upload = $1 and o.issues is null and o.kind <> 'unborn' and o.removed is null
                    and (o.end_day is null or o.end_day > $3)
                window of_kind as (partition by o.nhs_number, o.kind order by o.start_day, o.row_no)) o
            where o.start_day < o.before or o.next < o.until))
        """;

    private const string Facts = """
        select (select count(*) from cpis.upload_row r where r.upload = $1 and r.row_id is null)::int,
            not exists (select 1 from cpis.upload u where u.council = $2 and u.state = 'done' and not u.dry_run
                and u.inserted + u.changed + u.unchanged > 0)
        """;

    /// <summary>Current plans by kind, and those that end: named to end, or, in a snapshot, not named.</summary>
    private const string Endings = """
        select p.kind, count(*)::int, (count(*) filter (where case when r.row_id is null then $4
            else r.issues is null and (r.removed is not null or coalesce(r.end_day <= $3, false)) end))::int
        from cpis.plan p left join lateral (
            select o.row_id, o.issues, o.removed, o.end_day from cpis.upload_row o
            where o.upload = $1 and o.row_id = p.row_id limit 1) r on true
        where p.council = $2 and p.closed = 0 and not p.deleted and p.removed is null
            and p.episode_status in ('active', 'planned') and p.start_day <= $3
            and (p.end_day is null or p.end_day > $3)
        group by p.kind order by p.kind
        """;

    private const string RefuseRows = """
        with refused as (
            insert into cpis.upload_outcome (upload, row_no, council, line, at, row_id, result, issues, fields)
            select r.upload, r.row_no, r.council, r.line, r.at, r.row_id, 'refused', r.issues, r.fields
            from cpis.upload_row r where r.upload = $1 and r.issues is not null
            returning row_id)
        select count(*)::int, (count(*) filter (where exists (select 1 from cpis.plan p where p.council = $2
            and p.row_id = refused.row_id and p.closed = 0 and not p.deleted and p.removed is null)))::int from refused
        """;

    /// <summary>A file that is refused whole: its other rows, so that each has a line that says so.</summary>
    private const string RefuseOthers = """
        insert into cpis.upload_outcome (upload, row_no, council, line, at, row_id, result, issues, fields)
        select r.upload, r.row_no, r.council, r.line, r.at, r.row_id, 'refused', $2::jsonb, r.fields
        from cpis.upload_row r where r.upload = $1 and r.issues is null
        """;

    private const string Go = """
        update cpis.upload u set state = $2, first_load = $3, refused = $4, kept = $5, file_issues = $6::jsonb
        where u.id = $1
        """;

    private const string Stop = """
        update cpis.upload u set state = 'done', refused = u.read, kept = $3, file_code = 'CPF04', finished = $4,
            file_issues = $2::jsonb
        where u.id = $1
        """;

    private static readonly RowIssue Twice = RowIssue.NotLoaded("duplicate-row",
        "The file has this row_id more than once: none of these rows was taken.", Columns.RowId);

    private static readonly RowIssue Two = RowIssue.NotLoaded("two-people-one-number",
        "Rows of this NHS number differ in name or birth date: none of them was taken.", Columns.NhsNumber);

    private static readonly RowIssue Guarded = RowIssue.NotLoaded("guard",
        "Nothing of this file was taken, because more plans would have ended than may end unconfirmed.");

    private static readonly RowIssue Overlap = RowIssue.NotLoaded("overlap",
        "The file has two plans of this kind for this child in the same days: neither was taken.");

    /// <summary>Judges a waiting file; where another process did so first, nothing is done.</summary>
    public async Task JudgeAsync(UploadJob job, DateOnly today, DateTimeOffset now, CancellationToken stop)
    {
        using var time = UploadMeter.Time("judge");
        await using var connection = await database.OpenConnectionAsync(stop);
        await using (var measure = Batch(connection, new NpgsqlBatchCommand(Measure)))
        {
            await measure.ExecuteNonQueryAsync(stop);
        }

        await using var transaction = await connection.BeginTransactionAsync(stop);
        if (!await LockAsync(connection, job, stop))
        {
            return;
        }

        var (unreadable, first) = await ContradictionsAsync(connection, job, today, stop);
        var why = WhyNothingEnds(job, unreadable);
        var ending = job.Snapshot && why is null;
        var kinds = await EndingsAsync(connection, job, today, ending, stop);
        var (refused, kept) = await RefusedAsync(connection, job, stop);
        var guarded = EndingGuard.Refusal(kinds, job.ConfirmEnd);
        var command = guarded is null
            ? Command(Go, job.Id, ending ? "ending" : "applying", first, refused, kept,
                RowIssue.Write(why is null ? [] : [new RowIssue("", "nothing-ended", why)]))
            : Command(Stop, job.Id, RowIssue.Write([new RowIssue(UploadCodes.NoneLoaded, "guard", guarded)]), kept,
                now.UtcDateTime);
        await using var batch = guarded is null ? Batch(connection, command)
            : Batch(connection, Command(RefuseOthers, job.Id, RowIssue.Write([Guarded])), command);
        await batch.ExecuteNonQueryAsync(stop);
        await transaction.CommitAsync(stop);
    }

    private static string? WhyNothingEnds(UploadJob job, int unreadable) =>
        !job.Snapshot ? null
        : unreadable > 0
            ? "Plans that the file leaves out were not ended: some of its rows have no row_id that can be read."
        : job.Stated != job.Read
            ? "Plans that the file leaves out were not ended: it has another number of rows than the parameter rows."
        : null;

    private static async Task<bool> LockAsync(NpgsqlConnection connection, UploadJob job, CancellationToken stop)
    {
        await using var batch = Batch(connection, Command(AsCouncil, job.Council), Command(Lock, job.Id));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return await reader.ReadAsync(stop);
    }

    private static async Task<(int Unreadable, bool First)> ContradictionsAsync(
        NpgsqlConnection connection, UploadJob job, DateOnly today, CancellationToken stop)
    {
        await using var batch = Batch(connection,
            Command(Duplicates, job.Id, RowIssue.Write([Twice])),
            Command(TwoPeople, job.Id, RowIssue.Write([Two])),
            Command(Overlaps, job.Id, RowIssue.Write([Overlap]), today),
            Command(Facts, job.Id, job.Council));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        return (reader.GetInt32(0), reader.GetBoolean(1));
    }

    private static async Task<IReadOnlyList<KindEndings>> EndingsAsync(
        NpgsqlConnection connection, UploadJob job, DateOnly today, bool ending, CancellationToken stop)
    {
        await using var batch = Batch(connection, Command(Endings, job.Id, job.Council, today, ending));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var kinds = new List<KindEndings>();
        while (await reader.ReadAsync(stop))
        {
            kinds.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2)));
        }

        return kinds;
    }

    private static async Task<(int Refused, int Kept)> RefusedAsync(
        NpgsqlConnection connection, UploadJob job, CancellationToken stop)
    {
        await using var batch = Batch(connection, Command(RefuseRows, job.Id, job.Council));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    private static NpgsqlBatch Batch(NpgsqlConnection connection, params NpgsqlBatchCommand[] commands)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = QuestionSeconds };
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
