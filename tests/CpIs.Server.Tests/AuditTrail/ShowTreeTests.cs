using CpIs.Audit;
using CpIs.Server.AuditTrail;
using CpIs.Testing;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// Keys, consistency proofs and tiles, as an outsider takes them and checks them with RFC 6962 as it is written.
/// </summary>
public sealed class ShowTreeTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    /// <summary>Larger trees have the same shapes.</summary>
    private const int SizeMax = 20;

    private readonly HttpClient anybody = trail.Server.With(() => null);

    [Fact]
    public async Task The_published_key_opens_every_published_checkpoint_under_its_own_name()
    {
        await trail.Server.SignedAsync();
        var lines = (await TextAsync("/audit-log/key")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var lanes = (await anybody.GetOkAsync("/audit-log"))["lanes"]!.AsArray();
        lanes.Should().NotBeEmpty();
        foreach (var lane in lanes)
        {
            var note = await TextAsync(lane!.Text("checkpoint"));
            var line = lines.Single(l => l.StartsWith(note.Split('\n')[0] + "+", StringComparison.Ordinal));
            SignedCheckpoint.Open(note, CheckpointVerifier.Parse(line)!).Should().NotBeNull();
        }
    }

    [Fact]
    public async Task Every_signed_size_is_proven_to_continue_every_smaller_one()
    {
        var (lane, leaves) = await SignedLaneAsync();
        for (var to = 1; to <= Math.Min(leaves.Length, SizeMax); to++)
        {
            for (var from = 1; from <= to; from++)
            {
                var proof = await ProofAsync(lane, from, to);

                proof.Should().BeEquivalentTo(
                    Rfc6962.Proof(from, leaves[..to], true), rules => rules.WithStrictOrdering());
                var roots = Rfc6962.RootsOfProof(from, to, Rfc6962.Root(leaves[..from]), proof)!.Value;
                roots.Old.Should().Equal(Rfc6962.Root(leaves[..from]));
                roots.Grown.Should().Equal(Rfc6962.Root(leaves[..to]));
            }
        }
    }

    [Fact]
    public async Task A_forged_proof_convinces_neither_the_rfc_nor_us()
    {
        var (lane, leaves) = await SignedLaneAsync();
        var refused = 0;
        foreach (var (from, to) in new[] { (1, 3), (2, 3), (3, 4), (3, 5), (4, 5) })
        {
            var (old, grown) = (Rfc6962.Root(leaves[..from]), Rfc6962.Root(leaves[..to]));
            var proof = await ProofAsync(lane, from, to);
            bool Ours(byte[][] hashes) => MerkleTree.VerifyConsistency(from, to, hashes, old, grown);
            bool Rfc(byte[][] hashes) => Rfc6962.RootsOfProof(from, to, old, hashes) is { } roots
                && roots.Old.SequenceEqual(old) && roots.Grown.SequenceEqual(grown);
            (Ours(proof), Rfc(proof)).Should().Be((true, true));
            foreach (var forged in Forgeries(proof))
            {
                (Ours(forged), Rfc(forged)).Should().Be((false, false));
                refused++;
            }
        }

        refused.Should().BeGreaterThan(10);
    }

    [Fact]
    public async Task A_proof_may_be_kept_for_ever()
    {
        var (lane, _) = await SignedLaneAsync();

        var answer = await anybody.TryAsync($"/audit-log/{lane}/consistency?from=1&to=2");

        answer.Headers.CacheControl!.ToString().Should().Contain("immutable");
    }

    [Theory]
    [InlineData("consistency?from=0&to=1", 400)]
    [InlineData("consistency?from=2&to=1", 400)]
    [InlineData("consistency?from=1", 400)]
    [InlineData("consistency?from=1&to=-1", 400)]
    [InlineData("consistency?from=1&to=x", 400)]
    [InlineData("consistency?from=1&to=9999999", 404)]
    [InlineData("tile/0/000", 404)]
    [InlineData("tile/0/000.p/0", 404)]
    [InlineData("tile/0/000.p/256", 404)]
    [InlineData("tile/0/0", 404)]
    [InlineData("tile/0/x000/000.p/1", 404)]
    [InlineData("tile/0/999.p/1", 404)]
    [InlineData("tile/8/000.p/1", 404)]
    [InlineData("tile/-1/000.p/1", 404)]
    [InlineData("tile/0/x999/x999/x999/x999/999", 404)]
    [InlineData("tile/entries/000", 404)]
    public async Task What_no_signed_checkpoint_covers_is_not_shown(string path, int status)
    {
        var (lane, _) = await SignedLaneAsync();

        var answer = await anybody.TryAsync($"/audit-log/{lane}/{path}");

        ((int)answer.StatusCode).Should().Be(status);
    }

    [Fact]
    public async Task A_lane_that_was_never_there_has_no_proof()
    {
        await (await anybody.TryAsync("/audit-log/4711/consistency?from=1&to=1")).ShouldBeRefusedAsync(404);
        await (await anybody.TryAsync("/audit-log/-1/tile/0/000.p/1")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task Tiles_hold_the_hashes_of_the_tree_full_ones_and_begun_ones()
    {
        using var clinician = trail.Server.Clinician;
        var (lane, leaves) = await SignedLaneAsync();
        for (var i = 0; leaves.Length < 513 && i < 20; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
                clinician.TryAsync($"Flag?patient={trail.Plan.Number}")));
            (lane, leaves) = await SignedLaneAsync();
        }

        leaves.Should().HaveCountGreaterThan(512, "two full tiles and the beginning of a third are wanted");
        async Task<byte[]> TileAsync(string path) =>
            await anybody.GetByteArrayAsync(new Uri($"/audit-log/{lane}/tile/{path}", UriKind.Relative));

        (await TileAsync("0/000")).Should().Equal(leaves[..256].SelectMany(leaf => leaf));
        (await TileAsync("0/001")).Should().Equal(leaves[256..512].SelectMany(leaf => leaf));
        (await TileAsync("0/001.p/5")).Should().Equal(leaves[256..261].SelectMany(leaf => leaf));
        (await TileAsync("0/002.p/1")).Should().Equal(leaves[512]);
        (await TileAsync("1/000.p/2")).Should().Equal(
            [.. Rfc6962.Root(leaves[..256]), .. Rfc6962.Root(leaves[256..512])]);
    }

    [Theory]
    [InlineData("067", 67, 256)]
    [InlineData("x001/x234/067", 1234067, 256)]
    [InlineData("x001/x234/067.p/12", 1234067, 12)]
    [InlineData("000.p/255", 0, 255)]
    public void The_path_of_a_tile_is_read_as_the_rule_writes_it(string path, long index, int width) =>
        ShowTree.Tile(path).Should().Be((index, width));

    [Theory]
    [InlineData("67")]
    [InlineData("x067")]
    [InlineData("001/067")]
    [InlineData("x000/067")]
    [InlineData("067.p/300")]
    [InlineData("067.p/01")]
    [InlineData("067\n")]
    [InlineData("")]
    public void Another_spelling_of_a_tile_is_no_tile(string path) => ShowTree.Tile(path).Should().BeNull();

    private static IEnumerable<byte[][]> Forgeries(byte[][] proof)
    {
        yield return [];
        yield return [.. proof, proof[0]];
        yield return [proof[0], .. proof];
        for (var i = 0; i < proof.Length; i++)
        {
            yield return [.. proof[..i], .. proof[(i + 1)..]];
            foreach (var bit in new[] { 0, 13, 31 })
            {
                var touched = proof.Select(hash => hash.ToArray()).ToArray();
                touched[i][bit] ^= 1;
                yield return touched;
            }
        }

        if (proof.Length > 1)
        {
            yield return [.. proof.Reverse()];
        }
    }

    private async Task<byte[][]> ProofAsync(int lane, int from, int to)
    {
        var proof = await anybody.GetOkAsync($"/audit-log/{lane}/consistency?from={from}&to={to}");
        (proof["lane"]!.GetValue<int>(), proof["from"]!.GetValue<int>(), proof["to"]!.GetValue<int>())
            .Should().Be((lane, from, to));
        byte[][] hashes = [.. proof["hashes"]!.AsArray()
            .Select(hash => Convert.FromBase64String(hash!.GetValue<string>()))];
        var list = string.Join(',', hashes.Select(hash => $"\"{Convert.ToBase64String(hash)}\""));
        (await TextAsync($"/audit-log/{lane}/consistency?from={from}&to={to}")).Should().Be(
            $$"""{"lane":{{lane}},"from":{{from}},"to":{{to}},"hashes":[{{list}}]}""", "so the page says");
        return hashes;
    }

    private async Task<string> TextAsync(string path) =>
        await anybody.GetStringAsync(new Uri(path, UriKind.Relative));

    /// <summary>The read lane with most entries, and its leaf hashes.</summary>
    private async Task<(int Lane, byte[][] Leaves)> SignedLaneAsync()
    {
        await trail.Server.SignedAsync();
        await using var connection = new NpgsqlConnection(trail.Server.Database.OwnerConnectionString);
        var rows = await connection.QueryAsync<(int Lane, byte[] Leaves)>("""
            select lane, leaves from ledger.batch where first > 0 and lane = (
                select b.lane from ledger.batch b join ledger.lane l on l.lane = b.lane and l.kind = 'read'
                group by b.lane order by max(b.last) desc limit 1)
            order by first
            """);
        var batches = rows.AsList();
        return (batches[0].Lane, [.. batches.SelectMany(batch => batch.Leaves.Chunk(32))]);
    }
}
