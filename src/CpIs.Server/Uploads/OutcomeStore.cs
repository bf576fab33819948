using System.Runtime.CompilerServices;
using CpIs.Audit;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>What became of rows: written in the commit that applies them, read when a council asks.</summary>
internal sealed class OutcomeStore(NpgsqlDataSource database)
{
    /// <summary>Rows read from the database at a time.</summary>
    private const int ChunkRows = 1000;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string Insert = """
        insert into cpis.upload_outcome (upload, council, row_no, line, at, row_id, result, versions, issues, fields)
        select $1, $2, u.row_no, u.line, u.at, u.row_id, u.result, string_to_array(u.versions, ' '), u.issues::jsonb,
            u.fields
        from unnest($3::int[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
            u (row_no, line, at, row_id, result, versions, issues, fields)
        """;

    private const string Count = """
        update cpis.upload u set reached = $2, inserted = inserted + $3, changed = changed + $4,
            unchanged = unchanged + $5, ended = ended + $6, reopened = reopened + $7, removed = removed + $8,
            refused = refused + $9, skipped = skipped + $10, kept = kept + $11, verified = verified + $12,
            file_code = null
        where u.id = $1
        """;

    private const string Take = """
        select 1 from cpis.upload u
        where u.id = $1 and u.state = 'applying' and u.reached = $2 for update
        """;

    private const string Chunk = """
        select o.row_no, o.line, o.at, o.row_id, o.result, o.versions, o.issues::text, o.fields
        from cpis.upload_outcome o
        where o.upload = $1 and o.result = any ($2) and o.row_no > $3 order by o.row_no limit $4
        """;

    private const string Absent = """
        insert into cpis.upload_absent (upload, council, row_id, nhs_number, kind, start_day)
        select $1, $2, u.* from unnest($3::text[], $4::text[], $5::text[], $6::date[]) u
        """;

    private const string CountAbsent = "update cpis.upload u set absent = u.absent + $2 where u.id = $1";

    private const string AbsentChunk = """
        select a.row_id, a.nhs_number, a.kind, a.start_day from cpis.upload_absent a
        where a.upload = $1 and a.row_id > $2 order by a.row_id limit $3
        """;

    private const string LeftOut = """
        select a.row_id from cpis.upload_absent a where a.upload = $1 and a.nhs_number = any ($2)
        """;

    /// <summary>Plans that stand although the file's row about them was refused.</summary>
    private const string Standing = "select " + PlanStore.Columns + """
         from cpis.plan p where p.council = $1 and p.closed = 0 and not p.deleted and p.removed is null
            and not p.unconfirmed and p.row_id in (
                select o.row_id from cpis.upload_outcome o where o.upload = $2 and o.result = 'refused')
        order by p.row_id limit $3 for update
        """;

    private static readonly string[] Results =
        ["inserted", "changed", "unchanged", "ended", "reopened", "removed", "refused", "skipped"];

    /// <summary>The commands that say what became of rows, for the commit that applies them.</summary>
    public static NpgsqlBatchCommand[] Write(UploadJob job, IReadOnlyList<RowOutcome> rows, string reached) =>
    [
        Command(Insert,
        [
            job.Id, job.Council, rows.Select(r => r.RowNo).ToArray(), rows.Select(r => r.Line).ToArray(),
            rows.Select(r => r.At).ToArray(), rows.Select(r => r.RowId).ToArray(),
            rows.Select(r => r.Became).ToArray(), rows.Select(r => string.Join(' ', r.Versions)).ToArray(),
            rows.Select(r => r.Issues.Count == 0 ? null : RowIssue.Write(r.Issues)).ToArray(),
            rows.Select(r => r.Fields).ToArray(),
        ]),
        Command(Count, [job.Id, reached, .. Results.Select(result => (object)rows.Count(r => r.Became == result)),
            rows.Count(r => r.Kept), rows.Count(r => r.Verified)]),
    ];

    /// <summary>The commands that say which plans a snapshot left out.</summary>
    public static NpgsqlBatchCommand[] WriteAbsent(UploadJob job, IReadOnlyList<AbsentPlan> plans) =>
    [
        Command(Absent,
        [
            job.Id, job.Council, plans.Select(p => p.RowId).ToArray(), plans.Select(p => p.Number).ToArray(),
            plans.Select(p => p.Kind).ToArray(), plans.Select(p => p.Start).ToArray(),
        ]),
        Command(CountAbsent, [job.Id, plans.Count]),
    ];

    /// <summary>
    /// Locks some of the plans that stand although their row was refused and are not marked yet, in the transaction's
    /// first round trip.
    /// </summary>
    public static Task<Internal<IReadOnlyList<PlanRow>>> StandingAsync(
        WriteTransaction write, UploadJob job, int plansMax) =>
        PlanStore.TakeAsync(write, Command(Standing, [job.Council, job.Id, plansMax]));

    /// <summary>
    /// Says what became of rows where nothing is applied with it: all refused or skipped, or a dry run. Nothing is
    /// said when the job has gone on without it.
    /// </summary>
    public async Task SaveAsync(
        UploadJob job, IReadOnlyList<RowOutcome> rows, string reached, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await using (var take = Batch(connection, Command(AsCouncil, [job.Council]),
            Command(Take, [job.Id, job.Reached])))
        await using (var reader = await take.ExecuteReaderAsync(stop))
        {
            await reader.NextResultAsync(stop);
            if (!await reader.ReadAsync(stop))
            {
                return;
            }
        }

        await using var write = Batch(connection, Write(job, rows, reached));
        await write.ExecuteNonQueryAsync(stop);
        await transaction.CommitAsync(stop);
    }

    /// <summary>Rows of a file by what became of them, a chunk in memory at a time.</summary>
    public Sealed<IAsyncEnumerable<RowOutcome>> Rows(UploadJob job, string[] results, int count,
        CancellationToken stop) => new(RowsAsync(job, results, stop), [], count);

    /// <summary>Plans that a snapshot ended.</summary>
    public Sealed<IAsyncEnumerable<AbsentPlan>> AbsentPlans(UploadJob job, CancellationToken stop) =>
        new(AbsentAsync(job, stop), [], job.Absent);

    /// <summary>Plans of these people that the snapshot left out.</summary>
    public async Task<Internal<IReadOnlySet<string>>> LeftOutAsync(
        UploadJob job, string[] numbers, CancellationToken stop)
    {
        await using var batch = Batch(job, Command(LeftOut, [job.Id, numbers]));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var plans = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(stop))
        {
            plans.Add(reader.GetString(0));
        }

        return new(plans);
    }

    private async IAsyncEnumerable<RowOutcome> RowsAsync(
        UploadJob job, string[] results, [EnumeratorCancellation] CancellationToken stop)
    {
        var last = 0;
        for (var read = ChunkRows; read == ChunkRows;)
        {
            read = 0;
            await using var batch = Batch(job, Command(Chunk, [job.Id, results, last, ChunkRows]));
            await using var reader = await batch.ExecuteReaderAsync(stop);
            await reader.NextResultAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                (read, last) = (read + 1, reader.GetInt32(0));
                yield return new RowOutcome
                {
                    RowNo = last,
                    Line = reader.GetInt32(1),
                    At = reader.GetInt64(2),
                    RowId = Text(reader, 3),
                    Became = reader.GetString(4),
                    Versions = reader.GetFieldValue<string[]>(5),
                    Issues = RowIssue.Read(Text(reader, 6)),
                    Fields = Text(reader, 7),
                };
            }
        }
    }

    private async IAsyncEnumerable<AbsentPlan> AbsentAsync(
        UploadJob job, [EnumeratorCancellation] CancellationToken stop)
    {
        var last = "";
        for (var read = ChunkRows; read == ChunkRows;)
        {
            read = 0;
            await using var batch = Batch(job, Command(AbsentChunk, [job.Id, last, ChunkRows]));
            await using var reader = await batch.ExecuteReaderAsync(stop);
            await reader.NextResultAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                (read, last) = (read + 1, reader.GetString(0));
                yield return new AbsentPlan(
                    last, reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateOnly>(3));
            }
        }
    }

    private static string? Text(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    private NpgsqlBatch Batch(UploadJob job, NpgsqlBatchCommand question)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(Command(AsCouncil, [job.Council]));
        batch.BatchCommands.Add(question);
        return batch;
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

    private static NpgsqlBatchCommand Command(string sql, object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}

/// <summary>A plan that a snapshot left out and so ended, as ended.csv lists it.</summary>
internal sealed record AbsentPlan(string RowId, string Number, string Kind, DateOnly Start);
