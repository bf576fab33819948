using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;

namespace CpIs.Audit;

/// <summary>The ledger straight from its database.</summary>
public sealed class LedgerFeed(NpgsqlDataSource database) : ILedgerFeed
{
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

    private const string CheckpointsSql =
        "select note from ledger.checkpoint where lane = $1 and size <= $2 order by size";

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
            yield return new LedgerBatch(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2),
                reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<DateTimeOffset>(4));
        }
    }

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

    public async IAsyncEnumerable<string> CheckpointsAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand(CheckpointsSql);
        command.Parameters.Add(new() { Value = lane });
        command.Parameters.Add(new() { Value = end });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0));
        }
    }
}
