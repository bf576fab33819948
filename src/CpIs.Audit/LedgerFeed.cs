using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;

namespace CpIs.Audit;

/// <summary>The ledger straight from its database.</summary>
public sealed class LedgerFeed(NpgsqlDataSource database) : ILedgerFeed
{
    /// <summary>
    /// Bytes fetched from the socket at a time. A row is small, and each wait for the next few costs more than they do.
    /// </summary>
    private const int ReadBytes = 512 * 1024;

    private const string TotalsSql = """
        select lane, coalesce(e.entries, 0), coalesce(b.last, 0), coalesce(c.size, 0)
        from (select lane, count(*) as entries from ledger.entry group by lane) e
        full join (select lane, max(last) as last from ledger.batch group by lane) b using (lane)
        full join (select lane, max(size) as size from ledger.checkpoint group by lane) c using (lane)
        order by lane
        """;

    private const string BatchesSql = """
        select first, last, root, leaves, recorded from ledger.batch
        where lane = $1 and first > 0 and last <= $2 order by first
        """;

    private const string StraySql = """
        select min(e.position) from ledger.entry e left join lateral (
            select last, recorded from ledger.batch
            where lane = e.lane and first <= e.position and first > 0 order by first desc limit 1) b on true
        where e.lane = $1 and (b.recorded is distinct from e.recorded or b.last < e.position)
        """;

    private const string TilesSql =
        "select idx, hashes from ledger.tile where lane = $1 and level = $2 and idx < $3 order by idx";

    private const string CheckpointsSql =
        "select note from ledger.checkpoint where lane = $1 and size <= $2 order by size";

    /// <summary>Connections for whoever reads all of it.</summary>
    public static NpgsqlDataSource Source(string connectionString) => new NpgsqlSlimDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(connectionString)
        {
            ReadBufferSize = ReadBytes,
            SocketReceiveBufferSize = ReadBytes,
        }.ConnectionString).Build();

    public async Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand(TotalsSql);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(stop);
        var totals = new List<LaneTotal>();
        while (await reader.ReadAsync(stop))
        {
            totals.Add(new LaneTotal(
                reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2),
                reader.GetInt64(3)));
        }

        return totals;
    }

    public async IAsyncEnumerable<LedgerBatch> BatchesAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand(BatchesSql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = lane });
        command.Parameters.Add(new() { Value = end });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return Batch(reader);
        }
    }

    internal static LedgerBatch Batch(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3),
        row.GetFieldValue<DateTimeOffset>(4));

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        int lane, long start, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await foreach (var row in EntryRows.ReadAsync(connection, lane, start, end, stop))
        {
            yield return row.Canonical;
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ClaimsAsync(
        int lane, long position, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await foreach (var row in EntryRows.ReadClaimsAsync(connection, lane, position, stop))
        {
            yield return row.Canonical;
        }
    }

    public async Task<long?> StrayAsync(int lane, CancellationToken stop)
    {
        await using var command = database.CreateCommand(StraySql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = lane });
        return await command.ExecuteScalarAsync(stop) as long?;
    }

    public async IAsyncEnumerable<LedgerTile> TilesAsync(
        int lane, int level, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand(TilesSql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = lane });
        command.Parameters.Add(new() { Value = (short)level });
        command.Parameters.Add(new() { Value = end >> ((level + 1) * MerkleEdge.TileHeight) });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return new LedgerTile(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
        }
    }

    public async IAsyncEnumerable<string> CheckpointsAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand(CheckpointsSql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = lane });
        command.Parameters.Add(new() { Value = end });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0));
        }
    }
}
