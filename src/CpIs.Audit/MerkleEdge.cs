using System.Numerics;
using System.Security.Cryptography;

namespace CpIs.Audit;

/// <summary>
/// The right edge of an RFC 6962 tree: the roots of its perfect subtrees, largest first. Enough to append and to know
/// the root, whatever the size. https://www.rfc-editor.org/rfc/rfc6962#section-2.1
/// </summary>
internal sealed class MerkleEdge
{
    internal const int HashBytes = 32;

    private const int SubtreesMax = 64;

    private readonly byte[] subtrees = new byte[SubtreesMax * HashBytes];

    private int Count => BitOperations.PopCount((ulong)Size);

    internal long Size { get; private set; }

    internal MerkleEdge Copy()
    {
        var copy = new MerkleEdge { Size = Size };
        subtrees.AsSpan(0, Count * HashBytes).CopyTo(copy.subtrees);
        return copy;
    }

    internal void Append(ReadOnlySpan<byte> leafHash) => AppendSubtree(leafHash, 0);

    /// <summary>Adds a perfect subtree of 2^height leaves; the size must be a multiple of that.</summary>
    internal void AppendSubtree(ReadOnlySpan<byte> hash, int height)
    {
        if ((Size & ((1L << height) - 1)) != 0)
        {
            throw new ArgumentException("A subtree must start at a multiple of its size.", nameof(height));
        }

        var count = Count;
        hash.CopyTo(At(count));
        for (var rest = Size >> height; (rest & 1) == 1; rest >>= 1)
        {
            count--;
            HashNode(At(count), At(count + 1), At(count));
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

    private Span<byte> At(int index) => subtrees.AsSpan(index * HashBytes, HashBytes);
}
