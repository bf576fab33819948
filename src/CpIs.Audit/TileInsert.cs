using Npgsql;
using NpgsqlTypes;

namespace CpIs.Audit;

/// <summary>The tiles that a batch filled, written in the batch's own commit.</summary>
internal static class TileInsert
{
    private const string Sql = """
        insert into ledger.tile (lane, level, idx, hashes)
        select $1, u.level, u.idx, u.hashes
        from unnest($2::smallint[], $3::bigint[], $4::bytea[]) as u (level, idx, hashes)
        """;

    /// <summary>Null when the batch filled none, as most do.</summary>
    internal static NpgsqlBatchCommand? Of(PlacedBatch batch)
    {
        var tiles = batch.Edge.Full;
        return tiles.Count == 0 ? null : new NpgsqlBatchCommand(Sql)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = batch.Lane },
                Column(NpgsqlDbType.Smallint, tiles.Select(tile => (short)tile.Level)),
                Column(NpgsqlDbType.Bigint, tiles.Select(tile => tile.Index)),
                Column(NpgsqlDbType.Bytea, tiles.Select(tile => tile.Hashes)),
            },
        };
    }

    private static NpgsqlParameter<T[]> Column<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = values.ToArray() };
}
