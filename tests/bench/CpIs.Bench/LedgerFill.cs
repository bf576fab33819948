using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// Fills a migrated, empty ledger with several lanes at once; its indexes are built when the rows are in.
/// </summary>
internal static class LedgerFill
{
    public const string Deployment = "bench";

    private const int IndexMemoryMegabytes = 1024;

    private static readonly LanePlan[] Lanes =
    [
        new(1, LaneKind.Read, 40, 24), new(2, LaneKind.Read, 40, 24), new(3, LaneKind.Write, 3, 2),
        new(4, LaneKind.Write, 3, 2), new(5, LaneKind.Upload, 14, 500),
    ];

    private const string IndexesSql = """
        select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as text
        from pg_index where indrelid = 'ledger.entry'::regclass and not indisprimary
        """;

    private const string LanesSql = """
        insert into ledger.lane (lane, kind, created) select l, k, $3 from unnest($1::int[], $2::text[]) as u (l, k)
        """;

    private const string MonthsSql = "select ledger.make_partitions(($1::timestamptz - interval '1 year')::date, 16)";

    public static async Task RunAsync(
        string owner, CheckpointKey key, IReadOnlyList<string> children, int entries, DateTimeOffset end)
    {
        await using var connection = new NpgsqlConnection(owner + ";Command Timeout=0");
        await connection.OpenAsync();
        await using (var months = new NpgsqlCommand(MonthsSql, connection))
        {
            months.Parameters.Add(new() { Value = end.UtcDateTime });
            await months.ExecuteNonQueryAsync();
        }

        var indexes = (await connection.QueryAsync<(string Name, string Text)>(IndexesSql)).AsList();
        foreach (var (name, _) in indexes)
        {
            await RunAsync(connection, "drop index " + name);
        }

        await using (var lanes = new NpgsqlCommand(LanesSql, connection))
        {
            lanes.Parameters.Add(new() { Value = Lanes.Select(lane => lane.Lane).ToArray() });
            lanes.Parameters.Add(new() { Value = Lanes.Select(lane => lane.Kind).ToArray() });
            lanes.Parameters.Add(new() { Value = end.AddYears(-1).UtcDateTime });
            await lanes.ExecuteNonQueryAsync();
        }

        await Parallel.ForEachAsync(Lanes, async (lane, _) =>
        {
            using var fill = new LaneFill(owner, lane, key, children);
            await fill.RunAsync((int)((long)entries * lane.Percent / 100), end);
        });
        await RunAsync(connection, $"set maintenance_work_mem = '{IndexMemoryMegabytes}MB'");
        foreach (var (_, text) in indexes)
        {
            await RunAsync(connection, text);
        }

        await RunAsync(connection, "vacuum (analyze) ledger.entry");
        await RunAsync(connection, "analyze ledger.batch, ledger.tile, ledger.access, ledger.checkpoint");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql) => await connection.ExecuteAsync(sql);
}
