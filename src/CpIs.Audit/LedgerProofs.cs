using Npgsql;

namespace CpIs.Audit;

/// <summary>That one entry stands in a lane of a given size: what an outsider needs beside the signed root.</summary>
public sealed record InclusionProof(int Lane, long Position, long Size, byte[] LeafHash, IReadOnlyList<byte[]> Hashes);

/// <summary>
/// Makes proofs from tiles and leaf hashes, without reading an entry, so they hold after a month's entries have been
/// archived.
/// </summary>
public sealed class LedgerProofs(NpgsqlDataSource database)
{
    private const string TileSql = "select hashes from ledger.tile where lane = $1 and level = $2 and idx = $3";

    private const string LeavesSql = """
        select first, leaves from ledger.batch where lane = $1 and first > 0 and last >= $2 and first <= $3
        order by first
        """;

    /// <summary>Null when the lane has no such size or position.</summary>
    public async Task<InclusionProof?> InclusionAsync(int lane, long position, long size, CancellationToken stop)
    {
        if (position < 1 || position > size)
        {
            return null;
        }

        await using var connection = await database.OpenConnectionAsync(stop);
        var tree = new Reading(connection, lane, size, stop);
        var leaf = await tree.RangeAsync(new MerkleTree.Range(position - 1, position));
        var hashes = await tree.RangesAsync(MerkleTree.InclusionRanges(position - 1, size));
        return leaf is null || hashes is null ? null : new InclusionProof(lane, position, size, leaf, hashes);
    }

    /// <summary>That the larger lane begins with the smaller; null when it was never that large.</summary>
    public async Task<IReadOnlyList<byte[]>?> ConsistencyAsync(int lane, long from, long to, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        await using var connection = await database.OpenConnectionAsync(stop);
        return await new Reading(connection, lane, to, stop).RangesAsync(MerkleTree.ConsistencyRanges(from, to));
    }

    /// <summary>
    /// The first <paramref name="width"/> hashes of a tile, 32 bytes each; null when the lane was never that large.
    /// https://c2sp.org/tlog-tiles
    /// </summary>
    public async Task<byte[]?> TileAsync(int lane, int level, long index, int width, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var first = index * MerkleEdge.TileHashes;
        var height = MerkleEdge.TileHeight * level;
        var tree = new Reading(connection, lane, (first + width) << height, stop);
        var hashes = await tree.RangesAsync([.. Enumerable.Range(0, width)
            .Select(i => new MerkleTree.Range((first + i) << height, (first + i + 1) << height))]);
        return hashes is null ? null : [.. hashes.SelectMany(hash => hash)];
    }

    /// <summary>One proof's look at one lane; what it read is kept, since the steps of a proof share tiles.</summary>
    private sealed class Reading(NpgsqlConnection connection, int lane, long size, CancellationToken stop)
    {
        private readonly Dictionary<(int Level, long Index), byte[]?> tiles = [];

        internal async Task<IReadOnlyList<byte[]>?> RangesAsync(List<MerkleTree.Range> ranges)
        {
            var hashes = new List<byte[]>();
            foreach (var range in ranges)
            {
                if (await RangeAsync(range) is not { } hash)
                {
                    return null;
                }

                hashes.Add(hash);
            }

            return hashes;
        }

        /// <summary>Folds the perfect subtrees of a range, from the right.</summary>
        internal async Task<byte[]?> RangeAsync(MerkleTree.Range range)
        {
            var (start, end) = (range.Start, range.End);
            var leaves = end - start;
            if ((leaves & (leaves - 1)) == 0)
            {
                return await NodeAsync((int)long.Log2(leaves), start / leaves);
            }

            var middle = start + MerkleTree.Split(leaves);
            return Join(
                await RangeAsync(new MerkleTree.Range(start, middle)),
                await RangeAsync(new MerkleTree.Range(middle, end)));
        }

        private static byte[]? Join(byte[]? left, byte[]? right)
        {
            if (left is null || right is null)
            {
                return null;
            }

            var hash = new byte[MerkleEdge.HashBytes];
            MerkleEdge.HashNode(left, right, hash);
            return hash;
        }

        private async Task<byte[]?> NodeAsync(int height, long index)
        {
            var level = height / MerkleEdge.TileHeight;
            var within = height % MerkleEdge.TileHeight;
            var first = index << within;
            var tile = await TileAsync(level, first / MerkleEdge.TileHashes);
            if (tile is null)
            {
                return height == 0
                    ? null
                    : Join(await NodeAsync(height - 1, index * 2), await NodeAsync(height - 1, (index * 2) + 1));
            }

            var at = (int)(first % MerkleEdge.TileHashes) * MerkleEdge.HashBytes;
            return MerkleEdge.Fold(tile.AsSpan(at, MerkleEdge.HashBytes << within));
        }

        private async Task<byte[]?> TileAsync(int level, long index)
        {
            if (tiles.TryGetValue((level, index), out var known))
            {
                return known;
            }

            await using var command = new NpgsqlCommand(TileSql, connection)
            {
                Parameters = { new() { Value = lane }, new() { Value = (short)level }, new() { Value = index } },
            };
            var tile = await command.ExecuteScalarAsync(stop) as byte[];
            return tiles[(level, index)] = tile ?? (level == 0 ? await OpenTileAsync(index) : null);
        }

        /// <summary>The tile that is not full yet, from the batches; what it lacks is beyond the lane's end.</summary>
        private async Task<byte[]?> OpenTileAsync(long index)
        {
            var from = (index * MerkleEdge.TileHashes) + 1;
            var to = Math.Min(from + MerkleEdge.TileHashes - 1, size);
            var tile = new byte[MerkleEdge.TileBytes];
            var end = 0L;
            await using var command = new NpgsqlCommand(LeavesSql, connection)
            {
                Parameters = { new() { Value = lane }, new() { Value = from }, new() { Value = to } },
            };
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                var first = reader.GetInt64(0);
                var leaves = reader.GetFieldValue<byte[]>(1);
                for (var i = 0; i < leaves.Length / MerkleEdge.HashBytes; i++)
                {
                    end = first + i;
                    if (end >= from && end <= to)
                    {
                        leaves.AsSpan(i * MerkleEdge.HashBytes, MerkleEdge.HashBytes)
                            .CopyTo(tile.AsSpan((int)(end - from) * MerkleEdge.HashBytes));
                    }
                }
            }

            return end >= to ? tile : null;
        }
    }
}
