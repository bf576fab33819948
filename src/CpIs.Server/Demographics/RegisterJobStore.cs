using System.Runtime.CompilerServices;
using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.Demographics;

/// <summary>The registrar's files: their rows as they came in, the batches taken, and what was refused.</summary>
internal sealed class RegisterJobStore(NpgsqlDataSource database)
{
    /// <summary>Refused rows read from the database at a time.</summary>
    private const int ChunkRows = 1000;

    private const string Begin = """
        insert into cpis.register_job (id, client, organisation, request, sender, header, begun)
        values (@Id, @Client, @Organisation, @Request, @Sender, @Header, @now)
        """;

    private const string Stage = """
        insert into cpis.register_row (job, row_no, line, at, fields, fault)
        select @id, u.* from unnest(@numbers::int[], @lines::int[], @places::bigint[], @fields::text[],
            @faults::text[]) u
        """;

    private const string Here = "select 1 from cpis.register_job where id = $1 for update";

    private const string Accept = "update cpis.register_job set received = $2, rows = $3 where id = $1";

    private const string Jobs = """
        select j.id, j.client, j.organisation, j.request, j.sender, j.header, j.received, j.rows, j.cancelled,
            coalesce(sum(s.inserted), 0)::int as inserted, coalesce(sum(s.changed), 0)::int as changed,
            coalesce(sum(s.unchanged), 0)::int as unchanged, coalesce(sum(s.refused), 0)::int as refused,
            coalesce(sum(s.skipped), 0)::int as skipped
        from cpis.register_job j left join cpis.register_step s on s.job = j.id
        """;

    private const string Own = Jobs + """
         where j.id = @id and j.client = @client and j.organisation = @organisation and j.received is not null
        group by j.id
        """;

    private const string Open = Jobs + """
         where j.received is not null group by j.id having coalesce(sum(s.rows), 0) < j.rows
        order by j.received, j.id limit 1
        """;

    private const string Batch = """
        select row_no, line, at, fields, fault from cpis.register_row
        where job = @id and row_no > @after order by row_no limit @most
        """;

    private const string Step = """
        insert into cpis.register_step (job, first, rows, inserted, changed, unchanged, refused, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """;

    private const string Cancel = """
        update cpis.register_job set cancelled = true
        where id = @id and client = @client and organisation = @organisation and received is not null
        """;

    private const string Skip = """
        insert into cpis.register_step (job, first, rows, inserted, changed, unchanged, refused, skipped, at)
        values (@id, @first, @left, 0, 0, 0, 0, @left, @now)
        """;

    private const string Refuse = """
        insert into cpis.register_refusal (job, row_no, code, reason)
        select $1, u.* from unnest($2::int[], $3::text[], $4::text[]) u
        """;

    private const string Refusals = """
        select f.row_no, f.code, f.reason, r.line, r.at, r.fields from cpis.register_refusal f
        join cpis.register_row r on r.job = f.job and r.row_no = f.row_no
        where f.job = @id and f.row_no > @after order by f.row_no limit @most
        """;

    private const string Forget = "delete from cpis.register_job where id = @id and received is null";

    private const string Expire = """
        delete from cpis.register_job where begun < @old or (received is null and begun < @silent)
        """;

    public async Task BeginAsync(RegisterJob job, DateTimeOffset now, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Begin,
            new { job.Id, job.Client, job.Organisation, job.Request, job.Sender, job.Header, now = now.UtcDateTime },
            cancellationToken: stop));
    }

    public async Task StageAsync(Guid id, IReadOnlyList<RegisterStaged> rows, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Stage,
            new
            {
                id,
                numbers = rows.Select(r => r.RowNo).ToArray(),
                lines = rows.Select(r => r.Line).ToArray(),
                places = rows.Select(r => r.At).ToArray(),
                fields = rows.Select(r => r.Fields).ToArray(),
                faults = rows.Select(r => r.Fault).ToArray(),
            },
            cancellationToken: stop));
    }

    /// <summary>
    /// Whether a file that came in was not given up meanwhile; until the end of the transaction nobody can any more.
    /// </summary>
    public static async Task<Internal<bool>> HoldAsync(WriteTransaction write, Guid id)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(Command(Here, id));
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        return new(await reader.ReadAsync());
    }

    /// <summary>From the commit that records it, the file is there.</summary>
    public static NpgsqlBatchCommand Accepted(Guid id, int rows, DateTimeOffset now) =>
        Command(Accept, id, now.UtcDateTime, rows);

    /// <summary>A file of this client; of another's there is none.</summary>
    public async Task<Internal<RegisterJob?>> FindAsync(
        Guid id, string client, string organisation, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new(await connection.QuerySingleOrDefaultAsync<RegisterJob>(
            new CommandDefinition(Own, new { id, client, organisation }, cancellationToken: stop)));
    }

    /// <summary>The file to work on; null when all are done.</summary>
    public async Task<Internal<RegisterJob?>> NextAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new(await connection.QuerySingleOrDefaultAsync<RegisterJob>(
            new CommandDefinition(Open, cancellationToken: stop)));
    }

    public async Task<Internal<IReadOnlyList<RegisterStaged>>> BatchAsync(
        RegisterJob job, int most, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new([.. await connection.QueryAsync<RegisterStaged>(
            new CommandDefinition(Batch, new { id = job.Id, after = job.Judged, most }, cancellationToken: stop))]);
    }

    /// <summary>What the commit of a batch says of it.</summary>
    public static NpgsqlBatchCommand[] Took(
        RegisterJob job,
        IReadOnlyList<RegisterAnswer> answers,
        IReadOnlyList<RegisterRefusal> refused,
        DateTimeOffset now)
    {
        int Count(RegisterOutcome outcome) => answers.Count(a => a.Outcome == outcome);
        var step = Command(Step, job.Id, job.Judged + 1, answers.Count, Count(RegisterOutcome.Inserted),
            Count(RegisterOutcome.Changed), Count(RegisterOutcome.Unchanged), Count(RegisterOutcome.Refused),
            now.UtcDateTime);
        return refused.Count == 0 ? [step] :
        [
            step,
            Command(Refuse, job.Id, refused.Select(r => r.RowNo).ToArray(), refused.Select(r => r.Code).ToArray(),
                refused.Select(r => r.Reason).ToArray()),
        ];
    }

    /// <summary>Stops a file after its current batch.</summary>
    public async Task CancelAsync(RegisterJob job, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Cancel, new { id = job.Id, job.Client, job.Organisation }, cancellationToken: stop));
    }

    /// <summary>The last step of a stopped file: where a batch was faster, this one finds its place taken.</summary>
    public async Task SkipAsync(RegisterJob job, DateTimeOffset now, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Skip, new { id = job.Id, first = job.Judged + 1, left = job.Rows - job.Judged, now = now.UtcDateTime },
            cancellationToken: stop));
    }

    /// <summary>The refused rows of a file, read as they are sent.</summary>
    public Sealed<IAsyncEnumerable<RegisterRefusal>> Refused(RegisterJob job, CancellationToken stop) =>
        new(RefusedAsync(job, stop), [], job.Refused);

    /// <summary>
    /// Forgets a file that was never accepted. One that was accepted stays, even if its sender could not be told so.
    /// </summary>
    public async Task ForgetAsync(Guid id, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(Forget, new { id }, cancellationToken: stop));
    }

    public async Task ExpireAsync(DateTimeOffset old, DateTimeOffset silent, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            Expire, new { old = old.UtcDateTime, silent = silent.UtcDateTime }, cancellationToken: stop));
    }

    private async IAsyncEnumerable<RegisterRefusal> RefusedAsync(
        RegisterJob job, [EnumeratorCancellation] CancellationToken stop)
    {
        var after = 0;
        for (var read = ChunkRows; read == ChunkRows;)
        {
            read = 0;
            await using var connection = await database.OpenConnectionAsync(stop);
            foreach (var row in await connection.QueryAsync<RegisterRefusal>(new CommandDefinition(
                Refusals, new { id = job.Id, after, most = ChunkRows }, cancellationToken: stop)))
            {
                (read, after) = (read + 1, row.RowNo);
                yield return row;
            }
        }
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
