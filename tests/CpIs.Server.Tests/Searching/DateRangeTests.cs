using System.Globalization;
using CpIs.Server.Access;
using CpIs.Server.Searching;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>
/// The whole table of dates: every prefix at every precision against periods and instants on either side of the edge.
/// </summary>
public sealed class DateRangeTests
{
    /// <summary>A date as it is written, and the span it stands for.</summary>
    private static readonly (string Text, string From, string Until)[] Spans =
    [
        ("2026", "2026-01-01T00:00Z", "2027-01-01T00:00Z"),
        ("2024-02", "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        ("2026-03", "2026-03-01T00:00Z", "2026-03-31T23:00Z"),
        ("2026-07", "2026-06-30T23:00Z", "2026-07-31T23:00Z"),
        ("2026-10", "2026-09-30T23:00Z", "2026-11-01T00:00Z"),
        ("2026-01-05", "2026-01-05T00:00Z", "2026-01-06T00:00Z"),
        ("2024-02-29", "2024-02-29T00:00Z", "2024-03-01T00:00Z"),
        ("2026-07-05", "2026-07-04T23:00Z", "2026-07-05T23:00Z"),
        ("2026-03-29", "2026-03-29T00:00Z", "2026-03-29T23:00Z"),
        ("2026-10-25", "2026-10-24T23:00Z", "2026-10-26T00:00Z"),
        ("2026-01-05T09:30", "2026-01-05T09:30Z", "2026-01-05T09:31Z"),
        ("2026-07-05T09:30", "2026-07-05T08:30Z", "2026-07-05T08:31Z"),
        ("2026-10-25T00:59", "2026-10-24T23:59Z", "2026-10-25T00:00Z"),
        ("2026-10-25T01:30", "2026-10-25T00:30Z", "2026-10-25T01:31Z"),
        ("2026-10-25T02:00", "2026-10-25T02:00Z", "2026-10-25T02:01Z"),
        ("2026-07-05T09:30Z", "2026-07-05T09:30Z", "2026-07-05T09:31Z"),
        ("2026-07-05T09:30+01:00", "2026-07-05T08:30Z", "2026-07-05T08:31Z"),
        ("2026-07-05T09:30 01:00", "2026-07-05T08:30Z", "2026-07-05T08:31Z"),
        ("2026-07-05T00:30-05:30", "2026-07-05T06:00Z", "2026-07-05T06:01Z"),
        ("2026-07-05T09:30:15", "2026-07-05T08:30:15Z", "2026-07-05T08:30:16Z"),
        ("2026-01-05T23:59:59Z", "2026-01-05T23:59:59Z", "2026-01-06T00:00:00Z"),
        ("2026-01-05T09:30:15.5Z", "2026-01-05T09:30:15.5Z", "2026-01-05T09:30:15.6Z"),
        ("2026-01-05T09:30:15.123Z", "2026-01-05T09:30:15.123Z", "2026-01-05T09:30:15.124Z"),
        ("2026-01-05T09:30:15.1234567+14:00", "2026-01-04T19:30:15.1234567Z", "2026-01-04T19:30:15.1234568Z"),
    ];

    /// <summary>Periods against the day 5 July 2026 in London, and the prefixes they are found by.</summary>
    private static readonly (string Says, string From, string? Until, string Found)[] Targets =
    [
        ("over long before", "2026-06-01T00:00Z", "2026-07-01T00:00Z", "ne lt le eb"),
        ("over as the day begins", "2026-06-01T00:00Z", "2026-07-04T23:00Z", "ne lt le eb"),
        ("over within the day", "2026-06-01T00:00Z", "2026-07-05T10:00Z", "ne lt le ge"),
        ("over as the day ends", "2026-06-01T00:00Z", "2026-07-05T23:00Z", "ne lt le ge"),
        ("the day itself", "2026-07-04T23:00Z", "2026-07-05T23:00Z", "eq le ge"),
        ("a moment of the day", "2026-07-05T10:00Z", "2026-07-05T10:00:00.001Z", "eq le ge"),
        ("the day's first moment", "2026-07-04T23:00Z", "2026-07-04T23:00:00.001Z", "eq le ge"),
        ("the last moment of the day before", "2026-07-04T22:59:59.999Z", "2026-07-04T23:00Z", "ne lt le eb"),
        ("the day's last moment", "2026-07-05T22:59:59.999Z", "2026-07-05T23:00Z", "eq le ge"),
        ("the first moment of the day after", "2026-07-05T23:00Z", "2026-07-05T23:00:00.001Z", "ne gt ge sa"),
        ("around the day", "2026-07-01T00:00Z", "2026-08-01T00:00Z", "ne lt le gt ge"),
        ("from within the day on", "2026-07-05T10:00Z", "2026-08-01T00:00Z", "ne le gt ge"),
        ("open since long before", "2026-01-01T00:00Z", null, "ne lt le gt ge"),
        ("open since that day", "2026-07-04T23:00Z", null, "ne le gt ge"),
        ("open from the day after", "2026-07-05T23:00Z", null, "ne gt ge sa"),
    ];

    private static readonly string[] Prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"];

    public static TheoryData<string, string, string> Written
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var (text, from, until) in Spans)
            {
                all.Add(text, from, until);
            }

            return all;
        }
    }

    public static TheoryData<string, string, bool> Matched
    {
        get
        {
            var all = new TheoryData<string, string, bool>();
            foreach (var (says, _, _, found) in Targets)
            {
                foreach (var prefix in Prefixes)
                {
                    all.Add(prefix, says, found.Split(' ').Contains(prefix));
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void A_date_stands_for_the_span_of_its_precision_on_the_clocks_of_london(
        string text, string from, string until)
    {
        foreach (var prefix in Prefixes.Append(""))
        {
            var range = DateRange.Parse(prefix + text);

            range.Prefix.Should().Be(prefix.Length > 0 ? prefix : "eq");
            range.From.Should().Be(At(from));
            range.Until.Should().Be(At(until));
        }
    }

    [Theory]
    [MemberData(nameof(Matched))]
    public void A_prefix_finds_the_periods_it_should_on_a_day_of_summer(string prefix, string period, bool found)
    {
        var (_, from, until, _) = Targets.Single(t => t.Says == period);

        DateRange.Parse(prefix + "2026-07-05")
            .Matches(At(from), until is null ? DateTimeOffset.MaxValue : At(until)).Should().Be(found);
    }

    [Theory]
    [InlineData("ap2026-07-05")]
    [InlineData("xx2026-07-05")]
    [InlineData("GE2026-07-05")]
    [InlineData("ge")]
    [InlineData("")]
    [InlineData("26")]
    [InlineData("0000")]
    [InlineData("0001-01-01")]
    [InlineData("9999-12-31")]
    [InlineData("2026-00")]
    [InlineData("2026-13")]
    [InlineData("2026-1")]
    [InlineData("2026-02-29")]
    [InlineData("2026-04-31")]
    [InlineData("2026-07-5")]
    [InlineData("2026-07-05T09")]
    [InlineData("2026-07-05T24:00")]
    [InlineData("2026-07-05T24:00:00Z")]
    [InlineData("2026-07-05T09:60Z")]
    [InlineData("2026-12-31T23:59:60Z")]
    [InlineData("2026-07-05T09:30:15.Z")]
    [InlineData("2026-07-05T09:30:15.1234567890Z")]
    [InlineData("2026-07-05T09:30+0100")]
    [InlineData("2026-07-05T09:30+1:00")]
    [InlineData("2026-07-05T09:30+14:01")]
    [InlineData("2026-07-05T09:30+01:60")]
    [InlineData("2026-07-05t09:30z")]
    [InlineData("2026-07-05Z")]
    [InlineData("2026-07-05 ")]
    [InlineData("2026-07-05\n")]
    [InlineData("٢٠٢٦")]
    [InlineData("today")]
    public void What_no_calendar_and_no_clock_shows_is_refused(string text)
    {
        var parse = () => DateRange.Parse(text);

        parse.Should().Throw<Refused>().Which.Status.Should().Be(400);
    }

    [Fact]
    public void An_instant_is_found_by_the_millisecond_it_is_shown_with()
    {
        var (from, until) = SearchConditions.Moment(At("2026-07-05T09:30:15.1239Z"));

        DateRange.Parse("2026-07-05T09:30:15.123Z").Matches(from, until).Should().BeTrue();
        DateRange.Parse("gt2026-07-05T09:30:15.123Z").Matches(from, until).Should().BeFalse();
        DateRange.Parse("gt2026-07-05T09:30:15.122Z").Matches(from, until).Should().BeTrue();
        DateRange.Parse("2026-07-05T10:30:15.123").Matches(from, until).Should().BeTrue();
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
