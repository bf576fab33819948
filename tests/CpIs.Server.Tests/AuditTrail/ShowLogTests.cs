using System.Text.Json.Nodes;
using CpIs.Audit;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>What the server publishes of its ledger, checked as an outsider would check it.</summary>
public sealed class ShowLogTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    [Fact]
    public async Task Anybody_may_keep_the_signed_checkpoints_of_every_lane()
    {
        await trail.Server.SignedAsync();
        using var anybody = trail.Server.With(() => null);

        var lanes = (await anybody.GetOkAsync("/audit-log"))["lanes"]!.AsArray();
        var all = await anybody.GetStringAsync(new Uri("/audit-log/checkpoint", UriKind.Relative));

        lanes.Should().NotBeEmpty();
        foreach (var lane in lanes)
        {
            var note = await anybody.GetStringAsync(new Uri(lane!.Text("checkpoint"), UriKind.Relative));
            all.Should().Contain(note);
            note.Split('\n')[1].Should().Be(lane!["size"]!.GetValue<long>()
                .ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task An_entry_is_proven_against_the_root_that_was_signed()
    {
        await trail.Server.SignedAsync();
        var entry = (await trail.FindAsync($"patient={trail.Plan.Number}&_sort=date"))[0].Text("id");

        var proof = await trail.Server.Auditor.GetOkAsync($"AuditEvent/{entry}/$inclusion-proof");

        var parameters = proof["parameter"]!.AsArray().ToLookup(p => p!.Text("name"), p => p!);
        string One(string name, string type) => parameters[name].Single()[type]!.ToString();
        var path = parameters["auditPath"].Select(p => Convert.FromBase64String(p.Text("valueBase64Binary"))).ToList();
        var note = One("checkpoint", "valueString").Split('\n');
        note[1].Should().Be(One("treeSize", "valueString"));
        bool Holds(byte[] leaf) => MerkleTree.VerifyInclusion(
            leaf, long.Parse(One("leafIndex", "valueString"), System.Globalization.CultureInfo.InvariantCulture),
            long.Parse(note[1], System.Globalization.CultureInfo.InvariantCulture), path,
            Convert.FromBase64String(note[2]));
        var hash = Convert.FromBase64String(One("leafHash", "valueBase64Binary"));
        Holds(hash).Should().BeTrue();
        hash[0] ^= 1;
        Holds(hash).Should().BeFalse();
    }
}
