using System.Security.Cryptography;
using CpIs.Testing;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class MerkleTreeTests
{
    private const int SizeMax = 40;

    private static readonly byte[][] Leaves =
        [.. Enumerable.Range(0, SizeMax).Select(i => SHA256.HashData([0, (byte)i]))];

    [Fact]
    public void The_edge_gives_the_root_of_the_definition_at_every_size()
    {
        var edge = new MerkleEdge();
        for (var size = 0; size < SizeMax; size++)
        {
            edge.Root().Should().Equal(Rfc6962.Root(Leaves[..size]), $"size {size}");
            edge.Append(Leaves[size]);
        }
    }

    [Fact]
    public void Every_entry_of_every_tree_proves_its_place_to_us_and_to_the_definition()
    {
        for (var size = 1; size <= SizeMax; size++)
        {
            var root = Rfc6962.Root(Leaves[..size]);
            for (var index = 0; index < size; index++)
            {
                var proof = Hashes(MerkleTree.InclusionRanges(index, size));
                proof.Should().BeEquivalentTo(
                    Rfc6962.Path(index, Leaves[..size]), rules => rules.WithStrictOrdering());
                MerkleTree.VerifyInclusion(Leaves[index], index, size, proof, root).Should().BeTrue();
                Rfc6962.RootOfPath(index, size, Leaves[index], [.. proof]).Should().Equal(root);
            }
        }
    }

    [Fact]
    public void Every_tree_proves_that_it_begins_with_every_smaller_one()
    {
        for (var to = 1; to <= SizeMax; to++)
        {
            for (var from = 1; from <= to; from++)
            {
                var proof = Hashes(MerkleTree.ConsistencyRanges(from, to));
                proof.Should().BeEquivalentTo(
                    Rfc6962.Proof(from, Leaves[..to], true), rules => rules.WithStrictOrdering());
                MerkleTree.VerifyConsistency(from, to, proof, Root(from), Root(to)).Should().BeTrue($"{from} to {to}");
                var (old, grown) = Rfc6962.RootsOfProof(from, to, Root(from), proof)!.Value;
                old.Should().Equal(Root(from));
                grown.Should().Equal(Root(to));
            }
        }
    }

    [Fact]
    public void No_forged_inclusion_proof_is_believed()
    {
        var refused = 0;
        for (var size = 2; size <= 17; size += 3)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = Hashes(MerkleTree.InclusionRanges(index, size));
                foreach (var forged in Forgeries(proof))
                {
                    MerkleTree.VerifyInclusion(Leaves[index], index, size, forged, Root(size)).Should().BeFalse();
                    refused++;
                }

                var other = (index + 1) % size;
                MerkleTree.VerifyInclusion(Leaves[other], index, size, proof, Root(size)).Should().BeFalse();
                MerkleTree.VerifyInclusion(Leaves[index], other, size, proof, Root(size)).Should().BeFalse();
                MerkleTree.VerifyInclusion(Leaves[index], index, size, proof, Root(size - 1)).Should().BeFalse();
                MerkleTree.VerifyInclusion(Leaves[index], -1, size, proof, Root(size)).Should().BeFalse();
                MerkleTree.VerifyInclusion(Leaves[index], size, size, proof, Root(size)).Should().BeFalse();
                refused += 5;
            }
        }

        refused.Should().BeGreaterThan(50);
    }

    [Fact]
    public void No_forged_consistency_proof_is_believed()
    {
        var refused = 0;
        for (var to = 3; to <= 17; to += 2)
        {
            for (var from = 1; from < to; from++)
            {
                var proof = Hashes(MerkleTree.ConsistencyRanges(from, to));
                foreach (var forged in Forgeries(proof))
                {
                    MerkleTree.VerifyConsistency(from, to, forged, Root(from), Root(to)).Should().BeFalse();
                    refused++;
                }

                MerkleTree.VerifyConsistency(from, to, proof, Root(from + 1), Root(to)).Should().BeFalse();
                MerkleTree.VerifyConsistency(from, to, proof, Root(from), Root(to - 1)).Should().BeFalse();
                MerkleTree.VerifyConsistency(to, from, proof, Root(to), Root(from)).Should().BeFalse();
                refused += 3;
            }
        }

        refused.Should().BeGreaterThan(50);
        MerkleTree.VerifyConsistency(5, 5, [], Root(5), Root(4)).Should().BeFalse();
        MerkleTree.VerifyConsistency(0, 5, [], Root(1), Root(5)).Should().BeFalse();
    }

    [Fact]
    public async Task Proofs_from_the_database_hold_across_full_and_open_tiles()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            await Task.WhenAll(Enumerable.Range(0, 700).Select(_ => log.RecordAsync(Invented.LookUp())));
        }

        var leaves = new List<byte[]>();
        await using var source = NpgsqlDataSource.Create(database.Server);
        await using (var connection = await source.OpenConnectionAsync())
        {
            await foreach (var (_, _, bytes) in Recomputed.RowsAsync(connection))
            {
                leaves.Add(SHA256.HashData([0, .. bytes]));
            }
        }

        var lane = await database.ScalarAsync<int>("select lane from ledger.lane where kind = 'read'");
        var proofs = new LedgerProofs(source);
        foreach (var (position, size) in new[] { (1, 700), (256, 256), (257, 300), (513, 700), (700, 700), (3, 600) })
        {
            var proof = await proofs.InclusionAsync(lane, position, size, CancellationToken.None);
            proof!.LeafHash.Should().Equal(leaves[position - 1]);
            var root = Rfc6962.Root(leaves.GetRange(0, size));
            MerkleTree.VerifyInclusion(proof.LeafHash, position - 1, size, proof.Hashes, root).Should().BeTrue();
        }

        foreach (var (from, to) in new[] { (1, 700), (256, 700), (255, 513), (511, 512), (699, 700) })
        {
            var proof = await proofs.ConsistencyAsync(lane, from, to, CancellationToken.None);
            var (old, grown) = (Rfc6962.Root(leaves.GetRange(0, from)), Rfc6962.Root(leaves.GetRange(0, to)));
            MerkleTree.VerifyConsistency(from, to, proof!, old, grown).Should().BeTrue();
        }

        (await proofs.InclusionAsync(lane, 1, 701, CancellationToken.None)).Should().BeNull();
        (await proofs.ConsistencyAsync(lane, 700, 701, CancellationToken.None)).Should().BeNull();
    }

    private static byte[] Root(int size) => Rfc6962.Root(Leaves[..size]);

    private static byte[][] Hashes(List<MerkleTree.Range> ranges) =>
        [.. ranges.Select(range => Rfc6962.Root(Leaves[(int)range.Start..(int)range.End]))];

    private static IEnumerable<byte[][]> Forgeries(byte[][] proof)
    {
        yield return [.. proof, Leaves[0]];
        yield return [Leaves[0], .. proof];
        for (var i = 0; i < proof.Length; i++)
        {
            var flipped = proof.Select(hash => hash.ToArray()).ToArray();
            flipped[i][i % 32] ^= 1;
            yield return flipped;
            yield return [.. proof[..i], .. proof[(i + 1)..]];
            yield return [.. proof[..i], proof[i][..31], .. proof[(i + 1)..]];
        }

        if (proof.Length > 1)
        {
            yield return [.. proof.Reverse()];
        }
    }
}
