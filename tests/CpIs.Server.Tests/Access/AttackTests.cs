using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// What strangers, curious colleagues and broken systems send: each gets its answer, learns nothing from it, changes
/// nothing, and the next clinician is answered as if it had not been there.
/// </summary>
public sealed class AttackTests(AttackStage stage) : IClassFixture<AttackStage>
{
    private const int AttacksMin = 60;

    /// <summary>Traces of what is behind the answers.</summary>
    private static readonly string[] Insides =
        ["Exception", "Npgsql", "PostgreSQL", "   at ", "select ", "syntax error", "/src/", "cpis.plan", "Kestrel"];

    private static readonly Dictionary<string, Attack> Attacks = AttackTable.All.ToDictionary(a => a.Name);

    public static TheoryData<string> Names => [.. Attacks.Keys];

    [Fact]
    public void The_table_holds_at_least_sixty_attacks() => Attacks.Count.Should().BeGreaterThanOrEqualTo(AttacksMin);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_attack_gets_its_answer_and_the_next_clinician_hers(string name)
    {
        var attack = Attacks[name];

        var answer = await stage.SendAsync(attack.Bytes(stage));

        answer.Status.Should().BeOneOf(attack.Status, answer.Body);
        CheckNothingShows(attack, answer);
        await CheckNothingChangedAsync();
    }

    [Fact]
    public async Task A_client_cannot_write_what_the_server_says_of_a_resource()
    {
        var episode = stage.Next().Episode();
        episode["id"] = stage.IdsOfLeeds.Episode;
        episode["meta"] = JsonNode.Parse("""
            {"versionId":"77","lastUpdated":"1999-01-01T00:00:00Z","source":"http://evil.example",
             "security":[{"code":"R"}],"tag":[{"system":"http://evil.example","code":"admin"}]}
            """);
        using var council = stage.Server.Lancashire;

        var answer = await council.PostAsync(
            new Uri("EpisodeOfCare", UriKind.Relative), RunningServer.Json(episode));

        answer.StatusCode.Should().Be(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        var kept = await council.GetOkAsync(answer.Headers.Location!.ToString());
        kept.Text("id").Should().NotBe(stage.IdsOfLeeds.Episode);
        kept["meta"]!.Text("versionId").Should().Be("1");
        DateTimeOffset.Parse(kept["meta"]!.Text("lastUpdated"), CultureInfo.InvariantCulture)
            .Should().BeCloseTo(stage.Server.Clock.GetUtcNow(), TimeSpan.FromMinutes(1));
        kept.ToJsonString().Should().NotContain("evil.example");
        await council.DeleteAsync(answer.Headers.Location);
    }

    private void CheckNothingShows(Attack attack, AttackAnswer answer)
    {
        foreach (var inside in Insides)
        {
            answer.Body.Should().NotContain(inside);
        }

        if (attack.Echo is { } echo)
        {
            (answer.Head + answer.Body).Should().NotContain(echo);
        }

        answer.Body.Should().NotContain(stage.OfLeeds.Number);
        if (answer.Status >= 400)
        {
            answer.Body.Should().NotContain("Quillfeather").And.NotContain(stage.Plan.Number);
        }

        if (answer.Status is >= 400 and not (408 or 414 or 431 or 505) && answer.Body.Length > 0)
        {
            answer.Json!.Text("resourceType").Should().Be("OperationOutcome");
        }
    }

    private async Task CheckNothingChangedAsync()
    {
        foreach (var (plan, ids, persona) in ((InventedPlan, (string Episode, string Flag), string)[])[
            (stage.Plan, stage.Ids, "sandbox-council-lancashire"),
            (stage.OfLeeds, stage.IdsOfLeeds, "sandbox-council-leeds")])
        {
            using var clinician = stage.Server.Clinician;
            (await clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);
            using var council = stage.Server.As(persona);
            (await council.GetOkAsync($"Flag/{ids.Flag}"))["meta"]!.Text("versionId").Should().Be("1");
            (await council.GetOkAsync($"EpisodeOfCare/{ids.Episode}"))["meta"]!.Text("versionId").Should().Be("1");
        }
    }
}
