using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>The jobs of uploads: begun, accepted, taken in turn, counted, finished, forgotten.</summary>
internal sealed class UploadStore(NpgsqlDataSource database)
{
    private const string Columns = """
        select id, council, submission, dry_run, mode, stated, confirm_end, allow_older, extracted, format, header,
            request, sender, state, received, finished, first_load, reached, read, inserted, changed,
            unchanged, ended, reopened, removed, refused, skipped, kept, absent, verified, file_code,
            file_issues::text as file_issues, outcomes_gone,
            u.cancelled or (u.state <> 'done' and exists (select 1 from cpis.upload_stop s where s.upload = u.id))
                as cancelled
        from cpis.upload u
        """;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    private const string Insert = """
        insert into cpis.upload (id, council, submission, dry_run, mode, stated, confirm_end, allow_older, extracted,
            format, header, request, sender, state, touched)
        select $1, $2, $3, $4, $5, $6::int, $7::int, $8, $9, $10, $11, $12, $13, 'receiving', $14
        where (select count(*) from cpis.upload o where o.council = $2 and o.state not in ('receiving', 'done')) < $15
        """;

    /// <summary>The file itself, as long as it is waited for: nothing can forget it while it is accepted.</summary>
    private const string Here = """
        select 1 from cpis.upload u where u.id = $1 and u.state = 'receiving' and not u.forgotten for update
        """;

    private const string LockCouncil = "select pg_advisory_xact_lock(hashtextextended($1, 20515))";

    private const string Sent = """
        select id, hash from cpis.upload
        where council = $1 and submission = $2 and dry_run = $3 and state <> 'receiving'
        """;

    /// <summary>The newest file that was applied, or that waits to be.</summary>
    private const string Newest = """
        select max(extracted) from cpis.upload u where u.council = $1 and not u.dry_run and u.state <> 'receiving'
            and (u.state <> 'done' or u.file_code in ('CPF02', 'CPF03')) and not u.cancelled
        """;

    private const string Accept = """
        update cpis.upload set state = 'waiting', hash = $2, read = $3, received = $4, touched = $4,
            turn = nextval('cpis.upload_turn')
        where id = $1 and state = 'receiving' and not forgotten
        """;

    private const string Own = Columns + " where u.id = $1 and u.state <> 'receiving'";

    /// <summary>The first file of each council; the others wait for it.</summary>
    private const string Next = Columns + """
         join (select distinct on (o.council) o.id as first from cpis.upload o
            where o.state not in ('receiving', 'done') order by o.council, o.turn) f on f.first = u.id
        order by u.turn limit $1
        """;

    /// <summary>The file's turn, where no other process moved it, and nobody stopped it, meanwhile.</summary>
    private const string Take = """
        select 1 from cpis.upload u where u.id = $1 and u.state = $2 and u.reached = $3
            and not exists (select 1 from cpis.upload_stop s where s.upload = u.id)
        for update
        """;

    private const string Cancel = """
        insert into cpis.upload_stop (upload, council) select u.id, u.council from cpis.upload u
        where u.id = $1 and u.state not in ('receiving', 'done') on conflict do nothing
        """;

    private const string Finish = """
        update cpis.upload u set state = 'done', finished = $2, skipped = u.skipped + $3,
            file_code = $4, file_issues = u.file_issues || $5::jsonb, cancelled = $6
        where u.id = $1 and u.state <> 'done'
        """;

    private const string Advance = """
        update cpis.upload u set state = 'applying', file_code = null where u.id = $1 and u.state = 'ending'
        """;

    private const string Wait = "update cpis.upload u set file_code = $2 where u.id = $1 and u.state <> 'done'";

    /// <summary>Takes a job that is still being received.</summary>
    /// <returns>False when the council has as many files waiting as it may.</returns>
    public async Task<Internal<bool>> BeginAsync(
        UploadJob job, int waitingMax, DateTimeOffset now, CancellationToken stop)
    {
        await using var batch = Batch(job.Council, Command(Insert,
            job.Id, job.Council, job.Submission, job.DryRun, job.Mode, job.Stated, job.ConfirmEnd, job.AllowOlder,
            job.Extracted, job.Format, job.Header, job.Request, job.Sender, now.UtcDateTime, waitingMax));
        await batch.ExecuteNonQueryAsync(stop);
        return new(batch.BatchCommands[1].RecordsAffected == 1);
    }

    /// <summary>What stands against a file, under a lock that makes a council's files stand in one line.</summary>
    public static async Task<Internal<Precedence>> LockAsync(WriteTransaction write, UploadJob job)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(LockCouncil) { Parameters = { new() { Value = job.Council } } });
        batch.BatchCommands.Add(new(Sent)
        {
            Parameters =
            {
                new() { Value = job.Council }, new() { Value = job.Submission }, new() { Value = job.DryRun },
            },
        });
        batch.BatchCommands.Add(new(Newest) { Parameters = { new() { Value = job.Council } } });
        batch.BatchCommands.Add(new(Here) { Parameters = { new() { Value = job.Id } } });
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i <= WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        var first = await reader.ReadAsync() ? (Guid?)reader.GetGuid(0) : null;
        var hash = first is null ? null : reader.GetFieldValue<byte[]>(1);
        await reader.NextResultAsync();
        var newest = await reader.ReadAsync() && !await reader.IsDBNullAsync(0)
            ? reader.GetFieldValue<DateTimeOffset>(0) : (DateTimeOffset?)null;
        await reader.NextResultAsync();
        return new(new(first, hash, newest, await reader.ReadAsync()));
    }

    /// <summary>The command that puts a received file into its council's line.</summary>
    public static NpgsqlBatchCommand Accepted(Guid id, byte[] hash, int read, DateTimeOffset now) => new(Accept)
    {
        Parameters =
        {
            new() { Value = id }, new() { Value = hash }, new() { Value = read }, new() { Value = now.UtcDateTime },
        },
    };

    /// <summary>A file of this council; of another's there is none.</summary>
    public async Task<Internal<UploadJob?>> FindAsync(Guid id, string council, CancellationToken stop)
    {
        await using var batch = Batch(council, Command(Own, id));
        return new((await JobsAsync(batch, stop)).SingleOrDefault());
    }

    /// <summary>Files whose turn it is, one of each council.</summary>
    public async Task<Internal<IReadOnlyList<UploadJob>>> NextAsync(int most, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsEvery));
        batch.BatchCommands.Add(Command(Next, most));
        return new(await JobsAsync(batch, stop));
    }

    /// <summary>
    /// Holds the job until the transaction, already begun, ends; false when it has gone on.
    /// </summary>
    public static async Task<Internal<bool>> TakeAsync(WriteTransaction write, UploadJob job)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(Take)
        {
            Parameters = { new() { Value = job.Id }, new() { Value = job.State }, new() { Value = job.Reached } },
        });
        await using var reader = await batch.ExecuteReaderAsync();
        return new(await reader.ReadAsync());
    }

    /// <summary>Stops a file after its current batch.</summary>
    public async Task CancelAsync(Guid id, string council, CancellationToken stop)
    {
        await using var batch = Batch(council, Command(Cancel, id));
        await batch.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Ends a job; <paramref name="left"/> rows nobody came to are skipped.</summary>
    public async Task FinishAsync(
        UploadJob job, string code, int left, string issues, DateTimeOffset now, CancellationToken stop)
    {
        await using var batch = Batch(job.Council, Command(Finish, job.Id, now.UtcDateTime, left, code, issues,
            job.Cancelled));
        await batch.ExecuteNonQueryAsync(stop);
    }

    /// <summary>What a snapshot left out has ended; its rows come next.</summary>
    public async Task ApplyNowAsync(UploadJob job, CancellationToken stop)
    {
        await using var batch = Batch(job.Council, Command(Advance, job.Id));
        await batch.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Says why a job does not move.</summary>
    public async Task SayAsync(UploadJob job, string code, CancellationToken stop)
    {
        await using var batch = Batch(job.Council, Command(Wait, job.Id, code));
        await batch.ExecuteNonQueryAsync(stop);
    }

    private static async Task<IReadOnlyList<UploadJob>> JobsAsync(NpgsqlBatch batch, CancellationToken stop)
    {
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var parse = reader.GetRowParser<UploadJob>();
        var jobs = new List<UploadJob>();
        while (await reader.ReadAsync(stop))
        {
            jobs.Add(parse(reader));
        }

        return jobs;
    }

    private static NpgsqlBatchCommand Command(string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }

    private NpgsqlBatch Batch(string council, NpgsqlBatchCommand command)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(Command(AsCouncil, council));
        batch.BatchCommands.Add(command);
        return batch;
    }
}

/// <summary>What a council sent before: the same submission, and the newest file.</summary>
/// <param name="First">The job that the same submission made.</param>
/// <param name="Hash">Of its bytes.</param>
/// <param name="Newest">When the newest file was extracted.</param>
/// <param name="Here">Whether the file itself is still waited for.</param>
internal sealed record Precedence(Guid? First, byte[]? Hash, DateTimeOffset? Newest, bool Here);
