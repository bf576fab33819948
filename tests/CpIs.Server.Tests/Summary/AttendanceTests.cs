using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Summary;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Summary;

/// <summary>R20: what counts as frequent attendance, at every boundary of days, and how it is told.</summary>
public sealed class AttendanceTests
{
    private const string Trust = "RXR";
    private const string Leeds = "RR8";

    private static readonly DateOnly Today = new(2026, 6, 15);
    private static readonly Profiles Profiles = Profiles.Load();
    private static readonly NhsNumber Number = NhsNumber.TryParse("9990000018", out var number) ? number : null!;

    private static readonly AttendanceRules Rules = AttendanceRules.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Attendance:RuleOf:RR8"] = "leeds-four-in-six-months",
            ["Attendance:RuleOf:RX1"] = "two-in-a-week",
            ["Attendance:Rules:0:Name"] = "two-in-a-week",
            ["Attendance:Rules:0:Version"] = "3",
            ["Attendance:Rules:0:Fewest"] = "2",
            ["Attendance:Rules:0:Days"] = "7",
        }).Build());

    [Theory]
    [InlineData(365, 4)]
    [InlineData(366, 3)]
    public void R20_the_default_counts_today_and_the_365_days_before(int daysAgo, int counted)
    {
        var count = Count(
            Trust, At(Today), At(Today.AddDays(-1)), At(Today.AddDays(-200)), At(Today.AddDays(-daysAgo)));

        count.Counted.Should().HaveCount(counted);
        count.Reached.Should().Be(counted == 4);
        (count.From, count.Until).Should().Be((Today.AddDays(-365), Today));
    }

    [Theory]
    [InlineData(183, true)]
    [InlineData(184, false)]
    public void R20_Leeds_asks_for_more_than_three_in_183_days(int daysAgo, bool reached)
    {
        var three = Enumerable.Range(1, 3).Select(n => At(Today.AddDays(-n))).ToArray();

        Count(Leeds, three).Reached.Should().BeFalse("three are not more than three");
        var count = Count(Leeds, [.. three, At(Today.AddDays(-daysAgo))]);
        count.Reached.Should().Be(reached);
        count.Rule.Should().Be(AttendanceRule.FourInSixMonths);
    }

    [Fact]
    public void R20_one_set_of_attendances_may_reach_one_organisations_rule_and_not_anothers()
    {
        AttendanceRow[] rows = [.. new[] { 10, 20, 30, 200 }.Select(n => At(Today.AddDays(-n)))];

        Count(Trust, rows).Reached.Should().BeTrue();
        Count(Leeds, rows).Reached.Should().BeFalse();
        Count("RX1", At(Today), At(Today.AddDays(-7))).Rule.Text.Should().Be(
            "two-in-a-week, version 3: 2 or more in 7 days");
    }

    [Theory]
    [InlineData("2028-03-01", "2027-03-02")]
    [InlineData("2027-03-01", "2026-03-01")]
    [InlineData("2028-02-29", "2027-03-01")]
    public void R20_a_leap_day_is_a_day_like_any_other(string today, string first)
    {
        var (day, from) = (Day(today), Day(first));

        var count = Attendance.Count(Rules, [At(from), At(from.AddDays(-1)) with { Id = Guid.NewGuid() }], day, Trust);

        count.From.Should().Be(from);
        count.Counted.Should().ContainSingle();
    }

    [Theory]
    [InlineData("2025-06-14T23:00:00Z", true)]
    [InlineData("2025-06-14T22:59:59Z", false)]
    public void R20_in_summer_the_day_begins_an_hour_before_it_does_in_UTC(string start, bool counted) =>
        Count(Trust, At(Today) with { Start = Moment(start) }).Counted.Should().HaveCount(counted ? 1 : 0);

    [Theory]
    [InlineData("2026-01-15", "2025-01-15T00:00:00Z", true)]
    [InlineData("2026-01-15", "2025-01-14T23:59:59Z", false)]
    [InlineData("2026-01-15", "2026-01-15T23:59:59Z", true)]
    [InlineData("2026-03-29", "2026-03-29T22:59:59Z", true)]
    [InlineData("2026-03-29", "2026-03-29T23:00:00Z", false)]
    [InlineData("2026-10-25", "2026-10-25T23:59:59Z", true)]
    [InlineData("2026-10-25", "2026-10-24T23:00:00Z", true)]
    public void R20_nights_belong_to_their_day_in_London_also_when_the_clocks_change(
        string today, string start, bool counted)
    {
        var row = At(Today) with { Start = Moment(start) };

        Attendance.Count(Rules, [row], Day(today), Trust).Counted.Should().HaveCount(counted ? 1 : 0);
    }

    [Theory]
    [InlineData("emergency-department", true)]
    [InlineData("urgent-treatment-centre", true)]
    [InlineData("walk-in-centre", true)]
    [InlineData("out-of-hours-gp", false)]
    [InlineData("ambulance", false)]
    [InlineData("nhs-111", false)]
    [InlineData("maternity", false)]
    [InlineData("ward", false)]
    public void R20_emergency_urgent_treatment_and_walk_in_settings_count_and_no_others(string setting, bool counted) =>
        Count(Trust, At(Today) with { Setting = setting }).Counted.Should().HaveCount(counted ? 1 : 0);

    [Theory]
    [InlineData(null, true)]
    [InlineData("first-attendance", true)]
    [InlineData("unplanned-follow-up", true)]
    [InlineData("unplanned-follow-up-elsewhere", true)]
    [InlineData("planned-follow-up", false)]
    public void R20_planned_follow_ups_are_not_counted(string? category, bool counted) =>
        Count(Trust, At(Today) with { Category = category }).Counted.Should().HaveCount(counted ? 1 : 0);

    [Theory]
    [InlineData("entered-in-error")]
    [InlineData("cancelled")]
    public void R20_what_was_not_an_attendance_neither_counts_nor_makes_its_organisation_report(string status)
    {
        var count = Count(Trust, At(Today) with { Status = status });

        (count.Counted.Count, count.Organisations, count.Known).Should().Be((0, 0, false));
    }

    [Fact]
    public void R20_two_organisations_are_told_as_two_and_the_latest_attendance_first()
    {
        var count = Count(Trust, At(Today.AddDays(-5)), At(Today.AddDays(-2), "RW5"), At(Today.AddDays(-9)));

        count.Sentence.Should().Be("3 attendances reported by 2 organisations; others may not report.");
        count.Counted.Select(r => Visibility.Day(r.Start)).Should().BeInDescendingOrder();
    }

    [Fact]
    public void R20_an_organisation_that_reported_only_a_ward_stay_reports_and_counts_nought()
    {
        var count = Count(Trust, At(Today) with { Setting = "ward" });

        (count.Known, count.Sentence).Should().Be(
            (true, "0 attendances reported by 1 organisations; others may not report."));
        Rendered(count)["valueInteger"]!.GetValue<int>().Should().Be(0);
    }

    [Fact]
    public void R20_where_nobody_reports_the_number_is_unknown_and_not_nought()
    {
        var observation = Rendered(Count(Trust));

        observation["valueInteger"].Should().BeNull();
        observation["focus"].Should().BeNull();
        observation["interpretation"].Should().BeNull();
        observation["dataAbsentReason"]!["coding"]![0]!.Text("code").Should().Be("unknown");
    }

    [Fact]
    public void The_Observation_names_its_rule_its_window_and_what_it_counted()
    {
        AttendanceRow[] rows = [.. Enumerable.Range(0, 4).Select(n => At(Today.AddDays(-n)))];

        var observation = Rendered(Count(Trust, rows));

        observation["code"]!["coding"]![0]!.Text("code").Should().Be("unscheduled-attendance-count");
        observation["effectivePeriod"]!.ToJsonString().Should().Be("""{"start":"2025-06-15","end":"2026-06-15"}""");
        observation["valueInteger"]!.GetValue<int>().Should().Be(4);
        observation["interpretation"]![0]!["coding"]![0]!.Text("code").Should().Be("H");
        observation["referenceRange"]![0]!["high"]!["value"]!.GetValue<int>().Should().Be(4);
        observation["referenceRange"]![0]!.Text("text").Should().Be("four-in-a-year, version 1: 4 or more in 365 days");
        observation["focus"]!.AsArray().Select(f => f!.Text("reference"))
            .Should().Equal(rows.Select(r => $"Encounter/{r.Id}"));
        observation["subject"]!["identifier"]!.Text("value").Should().Be(Number.Digits());
        observation["performer"]![0]!["identifier"]!.Text("value").Should().Be("X26");
    }

    [Fact]
    public void No_count_is_ever_called_normal()
    {
        for (var n = 0; n < 6; n++)
        {
            var observation = Rendered(Count(Trust, [.. Enumerable.Range(0, n).Select(d => At(Today.AddDays(-d)))]));
            observation.ToJsonString().Should().NotContainEquivalentOf("normal");
            (observation["interpretation"] is not null).Should().Be(n >= 4);
        }
    }

    [Theory]
    [InlineData("Attendance:Default", "nobody-knows")]
    [InlineData("Attendance:RuleOf:RXR", "nobody-knows")]
    [InlineData("Attendance:Rules:0:Name", "half-a-rule")]
    public void A_rule_that_is_incomplete_or_not_there_stops_the_start(string key, string value)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [key] = value }).Build();

        var read = () => AttendanceRules.Read(configuration);

        read.Should().Throw<ArgumentException>().Which.Message.Should().Contain("Attendance");
    }

    [Fact]
    public void A_configured_rule_replaces_the_houses_of_the_same_name_and_widens_what_is_read()
    {
        var rules = AttendanceRules.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Attendance:Rules:0:Name"] = "four-in-a-year",
                ["Attendance:Rules:0:Version"] = "2",
                ["Attendance:Rules:0:Fewest"] = "5",
                ["Attendance:Rules:0:Days"] = "400",
            }).Build());

        rules.Of("anybody").Should().Be(new AttendanceRule("four-in-a-year", 2, 5, 400));
        rules.LongestDays.Should().Be(400);
    }

    [Fact]
    public void The_codes_of_the_server_are_those_of_the_published_code_system()
    {
        var published = Profiles.Definitions.Single(d => d.Url == Systems.Attendance);
        var concepts = JsonNode.Parse(published.Json.Span)!["concept"]!.AsArray()
            .Select(c => KeyValuePair.Create(c!.Text("code"), c!.Text("display")));

        AttendanceCodes.Settings.Concat(AttendanceCodes.Categories).Should().BeEquivalentTo(concepts);
    }

    private static AttendanceCount Count(string organisation, params AttendanceRow[] rows) =>
        Attendance.Count(Rules, rows, Today, organisation);

    private static JsonNode Rendered(AttendanceCount count)
    {
        var json = AttendanceJson.Render(count, Number, ("X26", "NHS England"), Moment("2026-06-15T10:00:00Z"));
        Profiles.CheckProfile(json, Systems.Profile("AttendanceCount")).Should().BeEmpty(Encoding.UTF8.GetString(json));
        return JsonNode.Parse(json)!;
    }

    /// <summary>An attendance at noon.</summary>
    private static AttendanceRow At(DateOnly day, string organisation = Trust) => new(
        Guid.NewGuid(), 1, Number.Digits(), organisation, "emergency-department", null, "finished",
        new DateTimeOffset(day.ToDateTime(new TimeOnly(12, 0)), TimeSpan.Zero));

    private static DateOnly Day(string text) =>
        DateOnly.ParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private static DateTimeOffset Moment(string text) =>
        DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
