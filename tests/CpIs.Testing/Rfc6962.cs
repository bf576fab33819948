using System.Security.Cryptography;

namespace CpIs.Testing;

/// <summary>
/// Trees and proofs by the recursive definitions of RFC 6962, as an outsider might write them down from the RFC. Shares
/// no code with the ledger, so that the two can disagree.
/// </summary>
internal static class Rfc6962
{
    /// <summary>MTH of RFC 6962, as written there.</summary>
    internal static byte[] Root(IReadOnlyList<byte[]> leaves)
    {
        if (leaves.Count == 0)
        {
            return SHA256.HashData([]);
        }

        if (leaves.Count == 1)
        {
            return leaves[0];
        }

        var k = Below(leaves.Count);
        return SHA256.HashData([1, .. Root([.. leaves.Take(k)]), .. Root([.. leaves.Skip(k)])]);
    }

    /// <summary>PATH(m, D[n]) of RFC 6962, as written there.</summary>
    internal static IEnumerable<byte[]> Path(int m, byte[][] leaves)
    {
        if (leaves.Length == 1)
        {
            return [];
        }

        var k = Below(leaves.Length);
        return m < k
            ? Path(m, leaves[..k]).Append(Root(leaves[k..]))
            : Path(m - k, leaves[k..]).Append(Root(leaves[..k]));
    }

    /// <summary>SUBPROOF(m, D[n], b) of RFC 6962, as written there.</summary>
    internal static IEnumerable<byte[]> Proof(int m, byte[][] leaves, bool whole)
    {
        if (m == leaves.Length)
        {
            return whole ? [] : [Root(leaves)];
        }

        var k = Below(leaves.Length);
        return m <= k
            ? Proof(m, leaves[..k], whole).Append(Root(leaves[k..]))
            : Proof(m - k, leaves[k..], false).Append(Root(leaves[..k]));
    }

    /// <summary>The root a path leads to, going down the definition instead of up the bits.</summary>
    internal static byte[] RootOfPath(int m, int n, byte[] leaf, byte[][] path)
    {
        if (n == 1)
        {
            return leaf;
        }

        var k = Below(n);
        return m < k
            ? SHA256.HashData([1, .. RootOfPath(m, k, leaf, path[..^1]), .. path[^1]])
            : SHA256.HashData([1, .. path[^1], .. RootOfPath(m - k, n - k, leaf, path[..^1])]);
    }

    /// <summary>
    /// The roots of the first <paramref name="m"/> and of all <paramref name="n"/> leaves that a consistency proof
    /// leads to; null when the proof is too short or too long for them.
    /// </summary>
    internal static (byte[] Old, byte[] Grown)? RootsOfProof(int m, int n, byte[] old, byte[][] proof)
    {
        var rest = new Stack<byte[]>(proof);
        return Roots(m, n, old, rest, true) is { } roots && rest.Count == 0 ? roots : null;
    }

    /// <summary>Goes down SUBPROOF(m, D[n], b), taking the steps of the proof from its end.</summary>
    private static (byte[] Old, byte[] Grown)? Roots(int m, int n, byte[] old, Stack<byte[]> rest, bool whole)
    {
        if (m == n)
        {
            return whole ? (old, old) : rest.TryPop(out var own) ? (own, own) : null;
        }

        if (!rest.TryPop(out var other))
        {
            return null;
        }

        var k = Below(n);
        return m <= k
            ? Roots(m, k, old, rest, whole) is { } left ? (left.Old, Node(left.Grown, other)) : null
            : Roots(m - k, n - k, old, rest, false) is { } right
                ? (Node(other, right.Old), Node(other, right.Grown)) : null;
    }

    private static byte[] Node(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);

    private static int Below(int n)
    {
        var k = 1;
        while (k * 2 < n)
        {
            k *= 2;
        }

        return k;
    }
}
