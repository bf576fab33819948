using System.Text.Json.Nodes;
using CpIs.Server.Tests.Notices;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>How much of each resource an answer shows: _summary and _elements, of searches and of reads.</summary>
public sealed class PartsTests(PartsTests.OnePlan held) : IClassFixture<PartsTests.OnePlan>
{
    private const string Whole = "resourceType id meta";

    /// <summary>A search by who may make it, what is asked for, and the elements that its match then has.</summary>
    public static TheoryData<string, string, string, string> Asked => new()
    {
        { "sandbox-ed-clinician", "Flag?patient=@N", "_summary=true",
            "identifier status category code subject period author" },
        { "sandbox-ed-clinician", "Flag?patient=@N", "_summary=text", "status code subject" },
        { "sandbox-ed-clinician", "Flag?patient=@N", "_summary=data",
            "extension identifier status category code subject period author" },
        { "sandbox-ed-clinician", "Flag?patient=@N", "_elements=period", "status code subject period" },
        { "sandbox-ed-clinician", "Flag?patient=@N", "_elements=identifier,extension,id",
            "extension identifier status code subject" },
        { "sandbox-ed-clinician", "EpisodeOfCare?patient=@N", "_summary=true",
            "status type patient managingOrganization period" },
        { "sandbox-ed-clinician", "EpisodeOfCare?patient=@N", "_elements=type", "status type patient" },
        { "sandbox-ed-clinician", "Patient?_id=@N", "_summary=true", "identifier name birthDate" },
        { "sandbox-ed-clinician", "Patient?_id=@N", "_elements=birthDate", "birthDate" },
        { "sandbox-ed-clinician", "Organization?_id=ZZ001", "_elements=telecom", "telecom" },
        { "sandbox-ed-clinician", "Organization?_id=ZZ001", "_summary=true", "identifier active type name" },
        { "sandbox-ed-clinician", "CareTeam?patient=@N", "_elements=name", "name" },
        { "sandbox-ed-clinician", "Encounter?patient=@N", "_elements=period", "status class period" },
        { "sandbox-council-lancashire", "Subscription", "_elements=criteria", "status reason criteria channel" },
        { "sandbox-auditor", "AuditEvent?patient=@N&_count=1", "_elements=action",
            "type action recorded agent source" },
        { "sandbox-auditor", "AuditEvent?patient=@N&action=C&_count=1", "_summary=true",
            "type subtype action recorded outcome purposeOfEvent agent source entity" },
        { "sandbox-ed-clinician", "AuditEvent?patient=@N", "_elements=recorded", "type recorded agent source" },
    };

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task A_match_holds_what_was_asked_for_and_what_it_cannot_be_without(
        string persona, string search, string part, string elements)
    {
        using var client = held.Server.As(persona);
        var url = search.Replace("@N", held.Plan.Number, StringComparison.Ordinal);

        var answer = await client.TryAsync(url + (url.Contains('?', StringComparison.Ordinal) ? "&" : "?") + part);
        var bundle = await answer.BodyAsync();

        var match = bundle["entry"]!.AsArray().First(e => e!["search"]!.Text("mode") == "match")!["resource"]!;
        match.AsObject().Select(m => m.Key).Should().BeEquivalentTo($"{Whole} {elements}".Split(' '));
        match["meta"]!["tag"]!.AsArray().Select(t => t!.Text("code")).Should().Equal("SUBSETTED");
        match["meta"]!["lastUpdated"].Should().NotBeNull();
        bundle["link"]![0]!.Text("url").Should().Contain(part.Replace(",", "%2C", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_summary_of_an_entry_says_who_looked_at_what_without_the_particulars()
    {
        var bundle = await (await held.Server.Auditor.TryAsync(
            $"AuditEvent?patient={held.Plan.Number}&action=C&_count=1&_summary=true")).BodyAsync();

        var entry = bundle.All("AuditEvent").Single();
        entry["agent"]!.AsArray().Should().OnlyContain(a => a!["who"] != null && a["requestor"] != null
            && a["type"] == null && a["network"] == null);
        entry["entity"]!.AsArray().Should().NotBeEmpty().And.OnlyContain(e => e!["what"] != null && e["role"] == null);
    }

    [Fact]
    public async Task Named_elements_are_the_matches_own_and_a_summary_concerns_everything()
    {
        var all = $"Flag?patient={held.Plan.Number}&_include=Flag:detail&_include=Flag:author&_include=Flag:patient";

        var named = await held.Server.Clinician.GetOkAsync(all + "&_elements=period");
        var summed = await held.Server.Clinician.GetOkAsync(all + "&_summary=true");

        Tags(named.All("Flag")).Should().Equal("SUBSETTED");
        Tags([.. named.All("EpisodeOfCare"), .. named.All("Organization"), .. named.All("Patient")]).Should().BeEmpty();
        Tags([.. summed.All("EpisodeOfCare"), .. summed.All("Organization"), .. summed.All("Patient")])
            .Should().HaveCount(3);
        summed.All("Organization").Single()["telecom"].Should().BeNull("telephones are no summary");
    }

    [Fact]
    public async Task A_read_shows_the_part_that_was_asked_for_in_either_format()
    {
        using var clinician = held.Server.Clinician;
        foreach (var url in (string[])[$"Flag/{held.Flag}", $"Flag/{held.Flag}/_history/1",
            $"EpisodeOfCare/{held.Episode}", $"Patient/{held.Plan.Number}", "Organization/ZZ001",
            "StructureDefinition/CpIs-Flag"])
        {
            var part = await clinician.GetOkAsync(url + "?_summary=text");
            var whole = await clinician.GetOkAsync(url + "?_summary=false");
            var xml = await (await clinician.TryAsync(url + "?_elements=meta&_format=xml")).Content.ReadAsStringAsync();

            Tags([part]).Should().Equal("SUBSETTED");
            Tags([whole]).Should().BeEmpty();
            part.AsObject().Count.Should().BeLessThan(whole.AsObject().Count);
            xml.Should().Contain("<code value=\"SUBSETTED\"");
        }

        using var head = new HttpRequestMessage(HttpMethod.Head, $"Flag/{held.Flag}?_elements=status");
        using var answer = await clinician.SendAsync(head);
        answer.Content.Headers.ContentLength.Should().BePositive();
        answer.Headers.ETag!.Tag.Should().NotBeEmpty();
    }

    [Theory]
    [InlineData("Flag?patient=@N&_summary=all")]
    [InlineData("Flag?patient=@N&_summary=")]
    [InlineData("Flag?patient=@N&_summary=true&_summary=true")]
    [InlineData("Flag?patient=@N&_summary=true&_elements=status")]
    [InlineData("Flag?patient=@N&_summary=text&_include=Flag:author")]
    [InlineData("Flag?patient=@N&_elements=")]
    [InlineData("Flag?patient=@N&_elements=status,colour")]
    [InlineData("Flag?patient=@N&_elements=period.start")]
    [InlineData("Flag?patient=@N&_elements=status&_elements=code")]
    [InlineData("Flag/@F?_summary=count")]
    [InlineData("Flag/@F?_summary=some")]
    [InlineData("Flag/@F?_elements=colour")]
    [InlineData("Flag/@F?_elements=status&_elements=code")]
    [InlineData("Flag/@F?_include=Flag:detail")]
    [InlineData("Flag/@F?patient=@N")]
    [InlineData("Flag/@F/_history/1?_at=2026")]
    [InlineData("Patient/@N?_revinclude=Flag:patient")]
    public async Task A_part_that_there_is_not_is_refused_and_leaves_one_entry(string url)
    {
        using var clinician = held.Server.Clinician;
        var id = Guid.NewGuid().ToString();
        clinician.DefaultRequestHeaders.Add("X-Request-ID", id);

        var answer = await clinician.TryAsync(url.Replace("@N", held.Plan.Number, StringComparison.Ordinal)
            .Replace("@F", held.Flag, StringComparison.Ordinal));

        await answer.ShouldBeRefusedAsync(400);
        (await Ledger.OfRequestAsync(held.Server, id)).Should().ContainSingle().Which.Should().Be((400, 4));
    }

    private static IEnumerable<string> Tags(IEnumerable<JsonNode> resources) => resources
        .SelectMany(r => r["meta"]?["tag"]?.AsArray() ?? []).Select(t => t!.Text("code"));

    /// <summary>A server that holds one plan, an attendance of its child, and a subscription.</summary>
    public sealed class OnePlan : IAsyncLifetime
    {
        internal RunningServer Server { get; } = new();

        internal InventedPlan Plan { get; private set; } = null!;

        internal string Flag { get; private set; } = "";

        internal string Episode { get; private set; } = "";

        public async Task InitializeAsync()
        {
            await Server.InitializeAsync();
            Plan = new InventedPlan { Start = Server.Today };
            (Episode, Flag) = await Server.SubmitAsync(Plan);
            await PostAsync("sandbox-ed-clinician", "Encounter", new InventedEncounter
            {
                Number = Plan.Number, Start = Server.Clock.GetUtcNow().AddHours(-1),
            }.Resource());
            await PostAsync("sandbox-council-lancashire", "Subscription", new InventedSubscription().Resource());
        }

        public Task DisposeAsync() => Server.DisposeAsync();

        private async Task PostAsync(string persona, string type, JsonNode body)
        {
            using var answer = await Server.As(persona).PostAsync(
                new Uri(type, UriKind.Relative), RunningServer.Json(body));
            ((int)answer.StatusCode).Should().Be(201, await answer.Content.ReadAsStringAsync());
        }
    }
}
