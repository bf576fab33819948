using System.Security.Cryptography;
using Npgsql;

namespace CpIs.Audit;

/// <summary>A lane whose rows do not give its recorded root: somebody changed the ledger. It is parked, not used.</summary>
internal sealed class LaneCorrupt(int lane) : Exception("Lane " + lane + " does not give its recorded root.")
{
    internal int Lane { get; } = lane;
}

/// <summary>
/// Rebuilds a lane's edge from its rows and compares it with the recorded root, so that no process continues a lane
/// that was tampered with.
/// </summary>
internal static class LaneHead
{
    private const string HeadSql =
        "select last, root from ledger.batch where lane = $1 order by first desc limit 1";

    internal static async Task<MerkleEdge> ReadAsync(NpgsqlConnection connection, int lane, CancellationToken stop)
    {
        var (last, root) = await NewestAsync(connection, lane, stop);
        var edge = new MerkleEdge();
        await foreach (var entry in EntryRows.ReadAsync(connection, lane, 1, last, stop))
        {
            if (entry.Position != edge.Size + 1)
            {
                throw new LaneCorrupt(lane);
            }

            edge.Append(entry.LeafHash);
        }

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
}
