using System.Text;
using System.Text.Json;
using CpIs.Testing;
using FluentAssertions;

namespace CpIs.Audit.Tests;

/// <summary>docs/audit-log.md is what outsiders build upon, so the page itself is the test vector.</summary>
public class WorkedExampleTests
{
    private const string IdStart = "01a19a36-cf2e-700";

    private static readonly DateTimeOffset Recorded =
        new DateTimeOffset(2026, 11, 2, 3, 4, 5, 678, TimeSpan.Zero).AddMicroseconds(901);

    private readonly string page = File.ReadAllText(Path.Combine(Checkout(), "docs", "audit-log.md"));

    [Fact]
    public void The_entries_of_the_documentation_are_the_bytes_the_ledger_hashes()
    {
        var first = Search with
        {
            NhsNumber = Invented.Ada,
            Disclosed = ["Flag/f1/_history/1"],
            Query = "GET /FHIR/R4/Flag?patient:identifier=9990000018,9990000026"u8.ToArray(),
            PlanFound = true,
            InHistory = true,
        };
        var second = Search with { NhsNumber = Invented.Ben, PlanFound = false, InHistory = false };

        Bytes(first, 1, IdStart + "0-8000-000000000001").Should().Equal(Hex("entry-1"));
        Bytes(second, 2, IdStart + "1-8000-000000000002").Should().Equal(Hex("entry-2"));
    }

    [Fact]
    public void The_tree_of_the_documentation_is_the_tree_the_ledger_builds()
    {
        var edge = new MerkleEdge();
        foreach (var number in new[] { "1", "2" })
        {
            var leaf = new byte[MerkleEdge.HashBytes];
            EntryBytes.HashLeaf(Hex("entry-" + number), [], leaf);
            leaf.Should().Equal(Hex("leaf-" + number));
            edge.Append(leaf);
        }

        edge.Root().Should().Equal(Hex("root"));
    }

    [Fact]
    public void The_checkpoint_of_the_documentation_is_what_its_key_signs()
    {
        var key = new CheckpointKey(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
        var checkpoint = new SignedCheckpoint(SignedCheckpoint.OriginOf("example", 3), 2, Hex("root"));

        checkpoint.Sign(key).Should().Be(Block("text checkpoint"));
        var published = CheckpointVerifier.Parse(Block("text key"))!;
        SignedCheckpoint.Open(Block("text checkpoint"), published)!.Size.Should().Be(2);
        key.Verifier.Text(checkpoint.Origin).Should().Be(Block("text key").Trim());
    }

    [Fact]
    public void The_consistency_proof_of_the_documentation_holds_for_its_roots_and_for_no_other()
    {
        using var proof = JsonDocument.Parse(Block("json consistency"));
        long Number(string name) => proof.RootElement.GetProperty(name).GetInt64();
        byte[][] hashes = [.. proof.RootElement.GetProperty("hashes").EnumerateArray()
            .Select(hash => hash.GetBytesFromBase64())];
        var (from, to) = (Number("from"), Number("to"));

        (Number("lane"), from, to).Should().Be((3, 1, 2));
        MerkleTree.VerifyConsistency(from, to, hashes, Hex("leaf-1"), Hex("root")).Should().BeTrue();
        MerkleTree.VerifyConsistency(from, to, hashes, Hex("leaf-2"), Hex("root")).Should().BeFalse();
        Rfc6962.RootsOfProof((int)from, (int)to, Hex("leaf-1"), hashes)!.Value.Grown.Should().Equal(Hex("root"));
    }

    [Fact]
    public async Task The_fields_of_the_documentation_are_the_columns_of_the_table_in_order()
    {
        var database = await Database.NewAsync();
        var columns = await database.ScalarAsync<string[]>("""
            select array_agg(attname::text order by attnum) from pg_attribute
            where attrelid = 'ledger.entry'::regclass and attnum > 0 and not attisdropped
            """);
        var documented = page.Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 3 && int.TryParse(cells[1], out _)).Select(cells => cells[2]);

        documented.Should().Equal(columns);
        columns.Should().HaveCount(EntryBytes.Fields);
    }

    private static AuditEntry Search => new()
    {
        Kind = "rest",
        Interaction = "search-type",
        Status = 200,
        Action = 'E',
        Found = 2,
        AgentIssuer = "https://idp.example",
        AgentSubject = "subject-1",
        AgentUserId = "555000000001",
        AgentName = "Dr Zoe\u0308 Invented",
        AgentRole = "Clinical Practitioner",
        ActivityCode = "B0107",
        Organisation = "ZZ001",
        OrganisationName = "Invented Hospital",
        ClientId = "client-1",
        TokenId = "token-1",
        PurposeOfUse = "TREAT",
        Address = "192.0.2.7",
        Unscheduled = true,
        RequestId = "0192f5a0-0000-7000-8000-000000000001",
    };

    private static byte[] Bytes(AuditEntry entry, long position, string id)
    {
        var head = new byte[EntryBytes.HeadBytesMax];
        var length = EntryBytes.WriteHead(head, 3, position, 1, Guid.Parse(id), Recorded);
        return [.. head[..length], .. StoredEntry.Of(entry, "a").Tail];
    }

    private static string Checkout()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "CpIs.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    private byte[] Hex(string name) =>
        Convert.FromHexString(Block("hex " + name).Replace("\n", "", StringComparison.Ordinal));

    private string Block(string name)
    {
        var start = page.IndexOf("```" + name + "\n", StringComparison.Ordinal) + name.Length + 4;
        start.Should().BeGreaterThan(name.Length + 3, "the page has a block named " + name);
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
