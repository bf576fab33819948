using System.Security.Cryptography;
using Npgsql;

namespace CpIs.Audit;

/// <summary>A lane whose rows do not give its recorded root: somebody changed the ledger. It is not used.</summary>
internal sealed class LaneCorrupt(int lane) : Exception("Lane " + lane + " does not give its recorded root.")
{
    internal int Lane { get; } = lane;
}

/// <summary>
/// Rebuilds a lane's edge from its tiles and its last rows, fewer than a tile holds, and compares it with the recorded
/// root, so that no process continues a lane that was tampered with.
/// </summary>
internal static class LaneHead
{
    private const string HeadSql =
        "select last, root from ledger.batch where lane = $1 order by first desc limit 1";

    /// <summary>Of months that left for an archive the leaf hashes are here, the rows are not.</summary>
    private const string ArchivedSql = """
        select b.first, b.leaves from ledger.batch b join ledger.archive a
            on b.recorded >= a.month::timestamp at time zone 'utc'
            and b.recorded < (a.month + interval '1 month') at time zone 'utc'
        where b.lane = $1 and b.first > 0 and b.last > $2 order by b.first
        """;

    private const string TilesSql =
        "select idx, hashes from ledger.tile where lane = $1 and level = $2 and idx >= $3 and idx < $4 order by idx";

    internal static async Task<MerkleEdge> ReadAsync(NpgsqlConnection connection, int lane, CancellationToken stop)
    {
        var (last, root) = await NewestAsync(connection, lane, stop);
        var edge = new MerkleEdge();
        for (var level = TopLevel(last); level >= 0; level--)
        {
            await AppendTilesAsync(connection, lane, level, last, edge, stop);
        }

        var archived = await ArchivedAsync(connection, lane, edge.Size, stop);
        await foreach (var entry in EntryRows.ReadAsync(connection, lane, edge.Size + 1, last, stop))
        {
            AppendArchived(edge, archived, entry.Position);
            if (entry.Position != edge.Size + 1)
            {
                throw new LaneCorrupt(lane);
            }

            edge.Append(entry.LeafHash);
        }

        AppendArchived(edge, archived, last + 1);
        return edge.Size == last && CryptographicOperations.FixedTimeEquals(edge.Root(), root)
            ? edge
            : throw new LaneCorrupt(lane);
    }

    private static async Task<(long Last, byte[] Root)> NewestAsync(
        NpgsqlConnection connection, int lane, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(HeadSql, connection) { Parameters = { new() { Value = lane } } };
        await using var reader = await command.ExecuteReaderAsync(stop);
        return await reader.ReadAsync(stop)
            ? (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1))
            : throw new LaneCorrupt(lane);
    }

    /// <summary>Leaf hashes of archived entries beyond a size, by position.</summary>
    private static async Task<Dictionary<long, byte[]>> ArchivedAsync(
        NpgsqlConnection connection, int lane, long size, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(ArchivedSql, connection)
        {
            Parameters = { new() { Value = lane }, new() { Value = size } },
        };
        await using var reader = await command.ExecuteReaderAsync(stop);
        var leaves = new Dictionary<long, byte[]>();
        while (await reader.ReadAsync(stop))
        {
            var position = reader.GetInt64(0);
            foreach (var leaf in reader.GetFieldValue<byte[]>(1).Chunk(MerkleEdge.HashBytes))
            {
                leaves[position++] = leaf;
            }
        }

        return leaves;
    }

    private static void AppendArchived(MerkleEdge edge, Dictionary<long, byte[]> leaves, long until)
    {
        while (edge.Size + 1 < until && leaves.TryGetValue(edge.Size + 1, out var leaf))
        {
            edge.Append(leaf);
        }
    }

    /// <summary>The highest level of which a tile can be full at this size; -1 when none is.</summary>
    private static int TopLevel(long size)
    {
        var level = -1;
        for (var tiles = size / MerkleEdge.TileHashes; tiles > 0; tiles /= MerkleEdge.TileHashes)
        {
            level++;
        }

        return level;
    }

    /// <summary>Full tiles of this level that no full tile of the level above covers.</summary>
    private static async Task AppendTilesAsync(
        NpgsqlConnection connection, int lane, int level, long size, MerkleEdge edge, CancellationToken stop)
    {
        var height = (level + 1) * MerkleEdge.TileHeight;
        await using var command = new NpgsqlCommand(TilesSql, connection)
        {
            Parameters =
            {
                new() { Value = lane },
                new() { Value = (short)level },
                new() { Value = edge.Size >> height },
                new() { Value = size >> height },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            if (reader.GetInt64(0) != edge.Size >> height)
            {
                throw new LaneCorrupt(lane);
            }

            edge.AppendSubtree(MerkleEdge.Fold(reader.GetFieldValue<byte[]>(1)), height);
        }
    }
}
