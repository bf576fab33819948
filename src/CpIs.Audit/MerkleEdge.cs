using System.Numerics;
using System.Security.Cryptography;

namespace CpIs.Audit;

/// <summary>256 neighbouring hashes of one level of a lane's tree, kept for ever. https://c2sp.org/tlog-tiles</summary>
internal sealed record Tile(int Level, long Index, byte[] Hashes);

/// <summary>
/// The right edge of an RFC 6962 tree: the roots of its perfect subtrees, largest first, and the hashes of tiles that
/// are not full yet. Enough to append and to know the root, whatever the size.
/// https://www.rfc-editor.org/rfc/rfc6962#section-2.1
/// </summary>
internal sealed class MerkleEdge
{
    internal const int HashBytes = 32;
    internal const int TileHashes = 256;
    internal const int TileBytes = TileHashes * HashBytes;

    /// <summary>Levels of the tree in one level of tiles.</summary>
    internal const int TileHeight = 8;

    private const int SubtreesMax = 64;

    private readonly byte[] subtrees = new byte[SubtreesMax * HashBytes];
    private readonly List<byte[]> open = [];
    private readonly List<Tile> full = [];

    internal long Size { get; private set; }

    /// <summary>Tiles that became full since this edge was copied, or since they were forgotten.</summary>
    internal IReadOnlyList<Tile> Full => full;

    private int Count => BitOperations.PopCount((ulong)Size);

    /// <summary>Makes <paramref name="to"/> equal to this edge, reusing its memory.</summary>
    internal void CopyTo(MerkleEdge to)
    {
        to.Size = Size;
        to.full.Clear();
        subtrees.AsSpan(0, Count * HashBytes).CopyTo(to.subtrees);
        for (var level = 0; level < open.Count; level++)
        {
            open[level].AsSpan(0, OpenCount(level) * HashBytes).CopyTo(to.Open(level));
        }
    }

    internal void ForgetFull() => full.Clear();

    internal void Append(ReadOnlySpan<byte> leafHash) => AppendSubtree(leafHash, 0);

    /// <summary>Adds a perfect subtree of 2^height leaves; the size must be a multiple of that.</summary>
    internal void AppendSubtree(ReadOnlySpan<byte> hash, int height)
    {
        if ((Size & ((1L << height) - 1)) != 0)
        {
            throw new ArgumentException("A subtree must start at a multiple of its size.", nameof(height));
        }

        var count = Count;
        var size = Size;
        hash.CopyTo(At(count));
        Remember(At(count), size, height);
        for (var grown = height; ((size >> grown) & 1) == 1; grown++)
        {
            count--;
            HashNode(At(count), At(count + 1), At(count));
            Remember(At(count), size, grown + 1);
        }

        Size += 1L << height;
    }

    internal byte[] Root()
    {
        if (Size == 0)
        {
            return SHA256.HashData(ReadOnlySpan<byte>.Empty);
        }

        var root = At(Count - 1).ToArray();
        for (var i = Count - 2; i >= 0; i--)
        {
            HashNode(At(i), root, root);
        }

        return root;
    }

    /// <summary>RFC 6962 node: SHA-256 of a one byte, the left and the right hash.</summary>
    internal static void HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> hash)
    {
        Span<byte> node = stackalloc byte[1 + (2 * HashBytes)];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + HashBytes)..]);
        SHA256.HashData(node, hash);
    }

    /// <summary>Root of the perfect tree over hashes, whose number is a power of two.</summary>
    internal static byte[] Fold(ReadOnlySpan<byte> hashes)
    {
        var nodes = hashes.ToArray();
        for (var count = nodes.Length / HashBytes; count > 1; count /= 2)
        {
            for (var i = 0; i < count; i += 2)
            {
                var pair = nodes.AsSpan(i * HashBytes, 2 * HashBytes);
                HashNode(pair[..HashBytes], pair[HashBytes..], nodes.AsSpan(i / 2 * HashBytes, HashBytes));
            }
        }

        return nodes[..HashBytes];
    }

    private void Remember(ReadOnlySpan<byte> hash, long sizeBefore, int height)
    {
        if (height % TileHeight != 0)
        {
            return;
        }

        var level = height / TileHeight;
        var index = sizeBefore >> height;
        var tile = Open(level);
        hash.CopyTo(tile.AsSpan((int)(index % TileHashes) * HashBytes));
        if (index % TileHashes == TileHashes - 1)
        {
            full.Add(new Tile(level, index / TileHashes, tile.ToArray()));
        }
    }

    private int OpenCount(int level) => (int)((Size >> (level * TileHeight)) % TileHashes);

    private byte[] Open(int level)
    {
        while (open.Count <= level)
        {
            open.Add(new byte[TileBytes]);
        }

        return open[level];
    }

    private Span<byte> At(int index) => subtrees.AsSpan(index * HashBytes, HashBytes);
}
