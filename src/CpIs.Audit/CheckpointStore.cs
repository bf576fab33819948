using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Audit;

/// <summary>The checkpoints as the database keeps them, and what signing asks of it.</summary>
internal sealed class CheckpointStore(NpgsqlDataSource database)
{
    private const string NewestSql = """
        select c.note from ledger.lane l cross join lateral (
            select note from ledger.checkpoint where lane = l.lane order by size desc limit 1) c
        """;

    private const string DurableSql = "select set_config('synchronous_commit', 'on', true)";

    private const string SaveSql = """
        insert into ledger.checkpoint (lane, size, note)
        select * from unnest($1::int[], $2::bigint[], $3::bytea[]) on conflict do nothing
        """;

    /// <summary>A lane whose lock is held has a living writer, which signs it itself.</summary>
    private const string OrphansSql = """
        select l.lane from ledger.lane l
        cross join lateral (select last from ledger.batch where lane = l.lane order by first desc limit 1) b
        left join lateral (select size from ledger.checkpoint where lane = l.lane order by size desc limit 1) c on true
        where b.last > coalesce(c.size, 0) and l.lane <> all ($1) and not exists (
            select 1 from pg_locks k join pg_database d on d.oid = k.database
            where k.locktype = 'advisory' and d.datname = current_database() and k.classid = $2 and k.objid = l.lane)
        order by l.lane
        """;

    internal async IAsyncEnumerable<string> NewestAsync()
    {
        await using var command = database.CreateCommand(NewestSql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            yield return Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0));
        }
    }

    /// <summary>
    /// Waits for the standby, and so for everything the notes speak of: a note about entries that a fail-over lost
    /// would accuse an honest database.
    /// </summary>
    internal async Task SaveAsync(IReadOnlyDictionary<SignedCheckpoint, string> notes)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(DurableSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(SaveSql)
        {
            Parameters =
            {
                Column(NpgsqlDbType.Integer, notes.Keys.Select(checkpoint => checkpoint.Lane)),
                Column(NpgsqlDbType.Bigint, notes.Keys.Select(checkpoint => checkpoint.Size)),
                Column(NpgsqlDbType.Bytea, notes.Values.Select(Encoding.UTF8.GetBytes)),
            },
        });
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Lanes with entries that no checkpoint covers, but for those named.</summary>
    internal async Task<IReadOnlyList<int>> OrphansAsync(int[] except)
    {
        await using var command = database.CreateCommand(OrphansSql);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = except });
        command.Parameters.Add(new NpgsqlParameter<uint>
        {
            NpgsqlDbType = NpgsqlDbType.Oid,
            TypedValue = LaneLease.LockClass,
        });
        await using var reader = await command.ExecuteReaderAsync();
        var orphans = new List<int>();
        while (await reader.ReadAsync())
        {
            orphans.Add(reader.GetInt32(0));
        }

        return orphans;
    }

    internal Task<IReadOnlyList<byte[]>?> ConsistencyAsync(int lane, long from, long to) =>
        new LedgerProofs(database).ConsistencyAsync(lane, from, to, CancellationToken.None);

    private static NpgsqlParameter<T[]> Column<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = values.ToArray() };
}
