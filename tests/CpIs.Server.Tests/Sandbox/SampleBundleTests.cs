using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

public sealed class SampleBundleTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);

    private static readonly SampleRow Row = new()
    {
        RowId = "R1", NhsNumber = "9990000018", Family = "Oxbarrow", Given = "Tamsin", OtherGiven = "Elowen Mae",
        BirthDate = "today-7y", Plan = "child-protection", Start = "today-96d", PersonId = "P1",
    };

    [Fact]
    public void Person_episode_and_alert_are_sent_together_and_speak_of_one_another()
    {
        var entries = EntriesOf(Row);

        entries.Select(entry => Text(entry, "request", "method") + " " + Text(entry, "request", "url"))
            .Should().Equal("PUT Patient/9990000018", "POST EpisodeOfCare", "POST Flag");
        Text(entries[2], "resource", "extension", 0, "valueReference", "reference")
            .Should().Be(Text(entries[1], "fullUrl"));
        Text(entries[2], "resource", "subject", "identifier", "value").Should().Be("9990000018");
        Text(entries[1], "resource", "managingOrganization", "reference").Should().Be("Organization/ZZ001");
    }

    [Fact]
    public void The_persons_names_birth_date_and_council_number_are_sent()
    {
        var person = EntriesOf(Row)[0]["resource"]!;

        person["name"]![0]!["given"]!.ToJsonString().Should().Be("""["Tamsin","Elowen","Mae"]""");
        Text(person, "birthDate").Should().Be("2019-11-23");
        Text(person, "identifier", 1, "system").Should().Be(Systems.CouncilPerson + "ZZ001");
        Text(person, "identifier", 1, "value").Should().Be("P1");
    }

    [Theory]
    [InlineData("today+12d", null, "planned", "inactive")]
    [InlineData("today", null, "active", "active")]
    [InlineData("today-9d", "today+1d", "active", "active")]
    [InlineData("today-9d", "today", "finished", "inactive")]
    [InlineData("today-900d", "today-366d", "finished", "inactive")]
    public void Both_statuses_follow_from_the_days(string start, string? end, string episode, string flag)
    {
        var entries = EntriesOf(Row with { Start = start, End = end });

        Text(entries[1], "resource", "status").Should().Be(episode);
        Text(entries[2], "resource", "status").Should().Be(flag);
        var periods = entries.Skip(1).Select(entry => entry["resource"]!["period"]!.ToJsonString());
        periods.Distinct().Should().ContainSingle();
    }

    [Fact]
    public void An_unborn_plan_carries_its_due_date()
    {
        var episode = EntriesOf(Row with { Plan = "unborn", DueDate = "today+75d" })[1]["resource"]!;

        Text(episode, "extension", 0, "url").Should().Be(Systems.DueDate);
        Text(episode, "extension", 0, "valueDate").Should().Be("2027-02-06");
        Text(episode, "type", 0, "coding", 0, "code").Should().Be("818901000000100");
    }

    [Fact]
    public void A_childs_plan_names_the_unborn_plan_it_follows()
    {
        var episode = EntriesOf(Row with { FollowsRowId = "R0" })[1]["resource"]!;

        Text(episode, "extension", 0, "url").Should().Be(Systems.FollowsPlan);
        Text(episode, "extension", 0, "valueIdentifier", "value").Should().Be("R0");
    }

    [Fact]
    public void A_kind_nobody_knows_is_refused_and_the_row_named() =>
        FluentActions.Invoking(() => EntriesOf(Row with { Plan = "other" }))
            .Should().Throw<FormatException>().WithMessage("*R1*other*");

    private static List<JsonNode> EntriesOf(SampleRow row) =>
        [.. new SampleBundle("ZZ001", row, Today).Build()["entry"]!.AsArray().Select(entry => entry!)];

    private static string Text(JsonNode from, params object[] path) =>
        path.Aggregate(from, (node, step) => step is int at ? node[at]! : node[(string)step]!).GetValue<string>();
}
