using CpIs.Fhir;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>The running sandbox holds every sample and shows what the rules allow.</summary>
public sealed class LoadedSamplesTests(OpenSandbox sandbox) : IClassFixture<OpenSandbox>
{
    [Fact]
    public async Task Every_council_holds_its_whole_caseload()
    {
        foreach (var council in SampleFolder.Rows().GroupBy(one => one.Council, one => one.Row.RowId))
        {
            var page = await sandbox.AskAsync(council.Key.ClientId, "EpisodeOfCare?_count=1000");

            page["entry"]!.AsArray()
                .Select(entry => entry!["resource"]!["identifier"]![0]!["value"]!.GetValue<string>())
                .Should().Contain(council);
        }
    }

    [Fact]
    public async Task A_clinician_is_shown_exactly_what_the_rules_allow_for_every_sample()
    {
        var today = Visibility.Today(TimeProvider.System);
        foreach (var person in SampleFolder.Rows().GroupBy(one => one.Row.NhsNumber, one => one.Row))
        {
            var visible = person.Count(row => SampleFolder.DaysOf(row, today).VisibleOn(today));

            var answer = await sandbox.AskAsync("sandbox-ed-clinician", $"Flag?patient={person.Key}");

            answer["total"]!.GetValue<int>().Should().Be(visible, "of {0}", person.Key);
        }
    }

    [Fact]
    public async Task Two_spellings_of_one_child_are_both_shown_with_the_advice_to_contact_both()
    {
        var answer = await sandbox.AskAsync("sandbox-ed-clinician", "Flag?patient=9990000158");

        answer["total"]!.GetValue<int>().Should().Be(2);
        answer.ToJsonString().Should().Contain(Words.TwoCouncils);
    }

    [Fact]
    public async Task A_council_that_is_not_live_yet_is_named_when_nothing_is_held()
    {
        var answer = await sandbox.AskAsync("sandbox-ed-clinician", "Flag?patient=9990005028");

        answer["total"]!.GetValue<int>().Should().Be(0);
        answer.ToJsonString().Should().Contain("ZZ Invented Council (not yet sending)");
    }

    [Fact]
    public async Task A_second_start_sends_nothing_again()
    {
        var sent = await new SampleLoader(sandbox.Client, TimeProvider.System)
            .LoadAsync(Path.Combine(SampleFolder.Root, "caseloads"), CancellationToken.None);

        sent.Should().Be(0);
    }

    [Fact]
    public async Task An_auditor_finds_who_looked_a_child_up()
    {
        const string LookUps = "AuditEvent?patient=9990000034&subtype=search-type&organization=RXR";
        var before = await sandbox.AskAsync("sandbox-auditor", LookUps);

        await sandbox.AskAsync("sandbox-ed-clinician", "Flag?patient=9990000034");

        var after = await sandbox.AskAsync("sandbox-auditor", LookUps);
        var found = after["total"]!.GetValue<int>() - before["total"]!.GetValue<int>();
        found.Should().BeGreaterThanOrEqualTo(1);
        after.ToJsonString().Should().Contain("Dr Imogen Thackaway");
    }
}
