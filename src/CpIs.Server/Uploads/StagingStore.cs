using CpIs.Audit;
using CpIs.Server.Plans;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Server.Uploads;

/// <summary>Rows between their arrival and their turn, and their removal once nobody may need them.</summary>
internal sealed class StagingStore(NpgsqlDataSource database)
{
    /// <summary>Rows deleted in one commit: a file of two million would take longer than a statement may.</summary>
    public const int DeletedTogether = 10_000;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    /// <summary>Staged rows need not outlive a crash until the file is accepted, which waits for the disk.</summary>
    private const string Unhurried = "select set_config('synchronous_commit', 'off', true)";

    private const string Insert = """
        insert into cpis.upload_row (upload, council, row_no, line, at, place, row_id, nhs_number, who, kind, start_day,
            end_day, removed, fields, issues)
        select $1, $2, u.row_no, u.line, u.at, u.place, u.row_id, u.nhs_number, u.who, u.kind, u.start_day, u.end_day,
            u.removed, u.fields, u.issues::jsonb
        from unnest($3::int[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::date[], $12::date[], $13::text[], $14::text[], $15::text[])
            u (row_no, line, at, place, row_id, nhs_number, who, kind, start_day, end_day, removed, fields, issues)
        where exists (select 1 from cpis.upload o where o.id = $1 and not o.forgotten)
        """;

    private const string Touch = """
        update cpis.upload u set touched = $2 where u.id = $1 and u.state = 'receiving' and not u.forgotten
        """;

    private const string Chunk = """
        select r.row_no, r.line, r.at, r.place, r.row_id, r.nhs_number, r.fields from cpis.upload_row r
        where r.upload = $1 and r.issues is null and r.place > $2 order by r.place limit $3
        """;

    /// <summary>Rows that were taken before, of these plans and these people.</summary>
    private const string Taken = """
        select r.row_no, r.line, r.at, r.place, r.row_id, r.nhs_number, r.fields from cpis.upload_row r
        join cpis.upload_outcome o on o.upload = r.upload and o.row_no = r.row_no
            and o.result not in ('refused', 'skipped')
        where r.upload = $1 and r.issues is null and (r.row_id = any ($2) or r.nhs_number = any ($3))
        order by r.place
        """;

    private const string Forget = """
        update cpis.upload u set forgotten = true where u.id = $1 and u.state = 'receiving'
        """;

    private const string LastRow = """
        select coalesce(max(r.row_no), 0) from cpis.upload_row r where r.upload = $1
        """;

    private const string LastOutcome = """
        select coalesce(max(o.row_no), 0) from cpis.upload_outcome o where o.upload = $1
        """;

    private const string ForgetRows = """
        delete from cpis.upload_row r where r.upload = $1 and r.row_no > $2 and r.row_no <= $3
        """;

    private const string ForgetOutcomes = """
        delete from cpis.upload_outcome o where o.upload = $1 and o.row_no > $2 and o.row_no <= $3
        """;

    private const string ForgetAbsent = "delete from cpis.upload_absent a where a.upload = $1";

    private const string Unaccepted = "delete from cpis.upload u where u.id = $1 and u.forgotten";

    private const string Stale = """
        select id, council from cpis.upload u where u.state = 'receiving' and (u.touched < $1 or u.forgotten)
        """;

    private const string Old = """
        select id, council from cpis.upload u where u.state = 'done' and u.finished < $1 and not u.rows_gone
        """;

    private const string Older = """
        select id, council from cpis.upload u where u.state = 'done' and u.finished < $1 and not u.outcomes_gone
        """;

    private const string MarkGone = "update cpis.upload u set rows_gone = true where u.id = $1";

    private const string MarkForgotten = "update cpis.upload u set outcomes_gone = true where u.id = $1";

    /// <summary>Puts rows down.</summary>
    /// <returns>False when the file is no longer waited for.</returns>
    public async Task<Internal<bool>> AddAsync(
        UploadJob job, IReadOnlyList<StagedRow> rows, DateTimeOffset now, CancellationToken stop)
    {
        using var time = UploadMeter.Time("stage");
        await using var batch = Batch(job.Council);
        batch.BatchCommands.Add(new(Unhurried));
        var touch = new NpgsqlBatchCommand(Touch)
        {
            Parameters = { new() { Value = job.Id }, new() { Value = now.UtcDateTime } },
        };
        batch.BatchCommands.Add(touch);
        batch.BatchCommands.Add(InsertOf(job, rows));
        await batch.ExecuteNonQueryAsync(stop);
        return new(touch.RecordsAffected == 1);
    }

    /// <summary>The next rows to apply, in their order.</summary>
    public Task<Internal<IReadOnlyList<StagedRow>>> NextAsync(UploadJob job, int rowsMax, CancellationToken stop) =>
        RowsAsync(job, new(Chunk)
        {
            Parameters = { new() { Value = job.Id }, new() { Value = job.Reached }, new() { Value = rowsMax } },
        }, stop);

    /// <summary>Rows that were taken before and bear on these keys, in their order.</summary>
    public Task<Internal<IReadOnlyList<StagedRow>>> TakenAsync(
        UploadJob job, SubmissionKeys keys, CancellationToken stop) => RowsAsync(job, new(Taken)
    {
        Parameters = { new() { Value = job.Id }, new() { Value = keys.RowIds }, new() { Value = keys.Numbers } },
    }, stop);

    /// <summary>
    /// Forgets a file that was never accepted, as if it had not come. One that was accepted stays, even if its sender
    /// could not be told so.
    /// </summary>
    public async Task ForgetAsync(Guid id, string council, CancellationToken stop)
    {
        await using var forget = Batch(council);
        forget.BatchCommands.Add(OfJob(Forget, id));
        await forget.ExecuteNonQueryAsync(stop);
        if (forget.BatchCommands[^1].RecordsAffected == 1)
        {
            await DeleteAsync(id, council, LastRow, ForgetRows, stop);
            await FinishAsync(id, council, stop, Unaccepted);
        }
    }

    /// <summary>
    /// Deletes what its time is over: files that stopped coming in, rows, and then what became of them.
    /// </summary>
    public async Task ExpireAsync(
        DateTimeOffset stale, DateTimeOffset rows, DateTimeOffset outcomes, CancellationToken stop)
    {
        foreach (var (id, council) in await JobsAsync(Stale, stale, stop))
        {
            await ForgetAsync(id, council, stop);
        }

        foreach (var (id, council) in await JobsAsync(Old, rows, stop))
        {
            await DeleteAsync(id, council, LastRow, ForgetRows, stop);
            await FinishAsync(id, council, stop, MarkGone);
        }

        foreach (var (id, council) in await JobsAsync(Older, outcomes, stop))
        {
            await DeleteAsync(id, council, LastOutcome, ForgetOutcomes, stop);
            await FinishAsync(id, council, stop, ForgetAbsent, MarkForgotten);
        }
    }

    /// <summary>All rows of a file, so many in each commit.</summary>
    private async Task DeleteAsync(Guid id, string council, string last, string delete, CancellationToken stop)
    {
        await using var ask = Batch(council);
        ask.BatchCommands.Add(OfJob(last, id));
        var rows = 0;
        await using (var reader = await ask.ExecuteReaderAsync(stop))
        {
            await reader.NextResultAsync(stop);
            await reader.ReadAsync(stop);
            rows = reader.GetInt32(0);
        }

        for (var from = 0; from < rows; from += DeletedTogether)
        {
            await using var batch = Batch(council);
            batch.BatchCommands.Add(new(delete)
            {
                Parameters =
                {
                    new() { Value = id }, new() { Value = from }, new() { Value = from + DeletedTogether },
                },
            });
            await batch.ExecuteNonQueryAsync(stop);
        }
    }

    private async Task<Internal<IReadOnlyList<StagedRow>>> RowsAsync(
        UploadJob job, NpgsqlBatchCommand question, CancellationToken stop)
    {
        await using var batch = Batch(job.Council);
        batch.BatchCommands.Add(question);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var rows = new List<StagedRow>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(new StagedRow
            {
                RowNo = reader.GetInt32(0),
                Line = reader.GetInt32(1),
                At = reader.GetInt64(2),
                Place = reader.GetString(3),
                RowId = reader.GetString(4),
                Number = reader.GetString(5),
                Fields = reader.GetString(6),
                Row = null,
            });
        }

        return new(rows);
    }

    private async Task FinishAsync(Guid id, string council, CancellationToken stop, params string[] commands)
    {
        await using var batch = Batch(council);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(OfJob(command, id));
        }

        await batch.ExecuteNonQueryAsync(stop);
    }

    private static NpgsqlBatchCommand OfJob(string sql, Guid id) => new(sql) { Parameters = { new() { Value = id } } };

    private static NpgsqlBatchCommand InsertOf(UploadJob job, IReadOnlyList<StagedRow> rows) => new(Insert)
    {
        Parameters =
        {
            new() { Value = job.Id },
            new() { Value = job.Council },
            new() { Value = rows.Select(r => r.RowNo).ToArray() },
            new() { Value = rows.Select(r => r.Line).ToArray() },
            new() { Value = rows.Select(r => r.At).ToArray() },
            new() { Value = rows.Select(r => r.Place).ToArray() },
            new() { Value = rows.Select(r => r.RowId).ToArray() },
            new() { Value = rows.Select(r => r.Number).ToArray() },
            new() { Value = rows.Select(r => r.Row?.Who).ToArray() },
            new() { Value = rows.Select(r => r.Row?.Kind.Name).ToArray() },
            new() { Value = rows.Select(r => r.Row?.Start).ToArray(), NpgsqlDbType = Days },
            new() { Value = rows.Select(r => r.Row?.End).ToArray(), NpgsqlDbType = Days },
            new() { Value = rows.Select(r => r.Row?.Remove).ToArray() },
            new() { Value = rows.Select(r => r.Fields).ToArray() },
            new() { Value = rows.Select(r => r.Issues.Count == 0 ? null : RowIssue.Write(r.Issues)).ToArray() },
        },
    };

    private const NpgsqlDbType Days = NpgsqlDbType.Array | NpgsqlDbType.Date;

    private NpgsqlBatch Batch(string council)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsCouncil) { Parameters = { new() { Value = council } } });
        return batch;
    }

    private async Task<List<(Guid Id, string Council)>> JobsAsync(
        string sql, DateTimeOffset before, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsEvery));
        batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = before.UtcDateTime } } });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var jobs = new List<(Guid, string)>();
        while (await reader.ReadAsync(stop))
        {
            jobs.Add((reader.GetGuid(0), reader.GetString(1)));
        }

        return jobs;
    }
}
