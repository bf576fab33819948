using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Replays;

/// <summary>Answers to writes, kept for as long as their clients may ask for them again.</summary>
internal sealed class RememberedStore(NpgsqlDataSource database)
{
    /// <summary>Rows forgotten in one statement.</summary>
    private const int ForgottenMax = 5000;

    private const string AsCaller = "select set_config('cpis.caller', $1, true)";

    /// <summary>Whoever sends the same request meanwhile waits here until its first answer is known.</summary>
    private const string Lock = "select pg_advisory_xact_lock(hashtextextended($1, 20521))";

    private const string Held = """
        select asked, answer, body from cpis.remembered where caller = $1 and request = $2 and at > $3
        """;

    private const string Keep = """
        insert into cpis.remembered (caller, request, asked, at, answer, body) values ($1, $2, $3, $4, $5, $6)
        on conflict (caller, request) do update set asked = excluded.asked, at = excluded.at,
            answer = excluded.answer, body = excluded.body
        """;

    private const string AsForgetting = "select set_config('cpis.forgets', 'every-caller', true)";

    private const string Forget = """
        delete from cpis.remembered where ctid = any (array(
            select ctid from cpis.remembered where at <= $1 order by at limit $2))
        """;

    /// <summary>Holds the request until the transaction ends, and reads what it was answered.</summary>
    /// <param name="write">The transaction, not begun.</param>
    /// <param name="key">Whose request it is.</param>
    /// <param name="since">Older answers are forgotten.</param>
    public static async Task<Internal<HeldAnswer?>> TakeAsync(
        WriteTransaction write, RequestKey key, DateTimeOffset since) =>
        new(await write.AskFirstAsync(
            [
                Command(AsCaller, key.Caller),
                Command(Lock, key.Lock),
                Command(Held, key.Caller, key.Request, since.UtcDateTime),
            ],
            async reader =>
            {
                await reader.NextResultAsync();
                await reader.NextResultAsync();
                return await reader.ReadAsync()
                    ? new HeldAnswer(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1),
                        await reader.IsDBNullAsync(2) ? null : reader.GetFieldValue<byte[]>(2))
                    : null;
            }));

    /// <summary>The command that keeps an answer, for the transaction that commits its change.</summary>
    public static NpgsqlBatchCommand Put(RequestKey key, byte[] asked, byte[] answer, byte[]? body,
        DateTimeOffset at) =>
        Command(Keep, key.Caller, key.Request, asked, at.UtcDateTime, answer, body);

    /// <summary>Forgets some of what is older; how many.</summary>
    public async Task<Internal<int>> ForgetAsync(DateTimeOffset until, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsForgetting));
        batch.BatchCommands.Add(Command(Forget, until.UtcDateTime, ForgottenMax));
        await batch.ExecuteNonQueryAsync(stop);
        return new((int)batch.BatchCommands[1].RecordsAffected);
    }

    private static NpgsqlBatchCommand Command(string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(value is null
                ? new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea }
                : new NpgsqlParameter { Value = value });
        }

        return command;
    }
}

/// <summary>What a request was answered, as it is kept.</summary>
internal sealed record HeldAnswer(byte[] Asked, byte[] Answer, byte[]? Body);

/// <summary>A request that its client can send again: who it is, and the id it gave.</summary>
/// <param name="Caller">Client, person and organisation: another's answer is nobody's to see.</param>
/// <param name="Request">X-Request-ID; in a batch with the place of the entry.</param>
internal sealed record RequestKey(string Caller, string Request)
{
    public string Lock => Caller + "\n" + Request;
}
