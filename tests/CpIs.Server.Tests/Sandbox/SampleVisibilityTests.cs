using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>
/// What samples/README.md says of the people worth looking up, by the rules that decide what is shown.
/// </summary>
public sealed class SampleVisibilityTests
{
    public static TheoryData<DateOnly> Days =>
        [new DateOnly(2026, 11, 23), new DateOnly(2027, 3, 1), new DateOnly(2028, 2, 29), new DateOnly(2030, 2, 28)];

    [Theory]
    [MemberData(nameof(Days))]
    public void The_people_worth_looking_up_are_shown_as_the_readme_says(DateOnly today)
    {
        ShownOf("9990000018", today).Should().Equal("child-protection active");
        ShownOf("9990000042", today).Should().Equal("child-protection finished");
        ShownOf("9990000050", today).Should().Equal("child-protection finished");
        ShownOf("9990000069", today).Should().Equal("child-protection finished");
        ShownOf("9990000077", today).Should().BeEmpty();
        ShownOf("9990000085", today).Should().BeEmpty();
        ShownOf("9990000107", today).Should().Equal("unborn active", "unborn active");
        ShownOf("9990000115", today).Should().Equal("looked-after active", "unborn active");
        ShownOf("9990000123", today).Should().Equal("unborn finished");
        ShownOf("9990000131", today).Should().Equal("child-protection active");
        ShownOf("9990000158", today).Should().Equal("child-protection active", "child-protection active");
        ShownOf("9990000166", today).Should().Equal("looked-after active");
        ShownOf("9990000174", today).Should().Equal("child-protection active");
        ShownOf("9990005028", today).Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Days))]
    public void Whoever_is_eighteen_tomorrow_is_not_shown_tomorrow(DateOnly today) =>
        ShownOf("9990000166", today, lookedUp: today.AddDays(1)).Should().BeEmpty();

    [Theory]
    [MemberData(nameof(Days))]
    public void A_bundle_says_the_status_that_the_rules_work_out(DateOnly today)
    {
        foreach (var (council, row) in SampleFolder.Rows())
        {
            var bundle = new SampleBundle(council.Ods, row, today).Build();

            var expected = SampleFolder.DaysOf(row, today).EpisodeStatus(today);
            bundle["entry"]![1]!["resource"]!["status"]!.GetValue<string>()
                .Should().Be(expected, "row {0} starts on {1}", row.RowId, row.Start);
        }
    }

    private static List<string> ShownOf(string number, DateOnly today, DateOnly? lookedUp = null) =>
        [.. SampleFolder.Rows().Where(one => one.Row.NhsNumber == number)
            .Select(one => SampleFolder.DaysOf(one.Row, today)).Where(days => days.VisibleOn(lookedUp ?? today))
            .Select(days => $"{days.Kind.Name} {days.EpisodeStatus(lookedUp ?? today)}")];
}
