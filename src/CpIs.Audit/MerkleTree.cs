namespace CpIs.Audit;

/// <summary>
/// Proofs about an RFC 6962 tree: which parts a proof names, and whether a proof holds. Anybody with an
/// implementation of the RFC can check ours. https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3
/// </summary>
public static class MerkleTree
{
    /// <summary>Leaves [start, end) whose subtree's hash is one step of a proof.</summary>
    internal readonly record struct Range(long Start, long End);

    /// <summary>The leaf stands at <paramref name="index"/>: the entry's position less one.</summary>
    public static bool VerifyInclusion(
        ReadOnlySpan<byte> leafHash, long index, long size, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index < 0 || index >= size || leafHash.Length != MerkleEdge.HashBytes || !AreHashes(proof))
        {
            return false;
        }

        var (node, last) = (index, size - 1);
        var hash = leafHash.ToArray();
        foreach (var step in proof)
        {
            if (last == 0)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                MerkleEdge.HashNode(step, hash, hash);
                (node, last) = SkipRightEdge(node, last);
            }
            else
            {
                MerkleEdge.HashNode(hash, step, hash);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && root.SequenceEqual(hash);
    }

    /// <summary>The tree of size <paramref name="to"/> begins with the tree of size <paramref name="from"/>.</summary>
    public static bool VerifyConsistency(
        long from, long to, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> fromRoot, ReadOnlySpan<byte> toRoot)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (from < 0 || to < from || !AreHashes(proof))
        {
            return false;
        }

        if (from == 0 || from == to)
        {
            return proof.Count == 0 && (from == 0 ? IsEmptyRoot(fromRoot) : fromRoot.SequenceEqual(toRoot));
        }

        // When the old tree is perfect its root is the first step, and is not sent.
        var isPerfect = (from & (from - 1)) == 0;
        if (!isPerfect && proof.Count == 0)
        {
            return false;
        }

        var first = isPerfect ? fromRoot.ToArray() : proof[0];
        return Climb(from - 1, to - 1, first, proof, isPerfect ? 0 : 1, fromRoot, toRoot);
    }

    /// <summary>PATH(m, D[n]) of RFC 6962, as ranges, from the leaf upwards.</summary>
    internal static List<Range> InclusionRanges(long index, long size)
    {
        var ranges = new List<Range>();
        var (start, end) = (0L, size);
        while (end - start > 1)
        {
            var middle = start + Split(end - start);
            if (index < middle)
            {
                ranges.Add(new Range(middle, end));
                end = middle;
            }
            else
            {
                ranges.Add(new Range(start, middle));
                start = middle;
            }
        }

        ranges.Reverse();
        return ranges;
    }

    /// <summary>PROOF(m, D[n]) of RFC 6962, as ranges, in the order they are sent.</summary>
    internal static List<Range> ConsistencyRanges(long from, long to)
    {
        var ranges = new List<Range>();
        if (from == 0 || from == to)
        {
            return ranges;
        }

        var (start, end) = (0L, to);
        while (from != end)
        {
            var middle = start + Split(end - start);
            if (from <= middle)
            {
                ranges.Add(new Range(middle, end));
                end = middle;
            }
            else
            {
                ranges.Add(new Range(start, middle));
                start = middle;
            }
        }

        if (start > 0)
        {
            ranges.Add(new Range(start, end));
        }

        ranges.Reverse();
        return ranges;
    }

    /// <summary>The largest power of two below the number of leaves.</summary>
    internal static long Split(long leaves) => 1L << (63 - (int)long.LeadingZeroCount(leaves - 1));

    private static bool Climb(
        long node, long last, byte[] first, IReadOnlyList<byte[]> proof, int next,
        ReadOnlySpan<byte> fromRoot, ReadOnlySpan<byte> toRoot)
    {
        while ((node & 1) == 1)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        var (old, grown) = (first.ToArray(), first.ToArray());
        for (var i = next; i < proof.Count; i++)
        {
            if (last == 0)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                MerkleEdge.HashNode(proof[i], old, old);
                MerkleEdge.HashNode(proof[i], grown, grown);
                (node, last) = SkipRightEdge(node, last);
            }
            else
            {
                MerkleEdge.HashNode(grown, proof[i], grown);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && fromRoot.SequenceEqual(old) && toRoot.SequenceEqual(grown);
    }

    /// <summary>On the right edge a node may have no sibling for some levels.</summary>
    private static (long Node, long Last) SkipRightEdge(long node, long last)
    {
        while ((node & 1) == 0 && node != 0)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        return (node, last);
    }

    private static bool IsEmptyRoot(ReadOnlySpan<byte> root) => root.SequenceEqual(new MerkleEdge().Root());

    private static bool AreHashes(IReadOnlyList<byte[]> proof) =>
        proof.All(hash => hash.Length == MerkleEdge.HashBytes);
}
