using System.Globalization;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

public sealed class RelativeDayTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);

    [Theory]
    [InlineData("2020-02-29", "2020-02-29")]
    [InlineData("today", "2026-11-23")]
    [InlineData("today-364d", "2025-11-24")]
    [InlineData("today+12d", "2026-12-05")]
    [InlineData("today-2m", "2026-09-23")]
    [InlineData("today-18y+1d", "2008-11-24")]
    [InlineData("today+1d-18y", "2008-11-24")]
    [InlineData("today-9y-30d", "2017-10-24")]
    public void A_sample_day_is_a_date_or_is_counted_from_today(string text, string expected) =>
        RelativeDay.Parse(text, Today).Should().Be(DateOnly.Parse(expected, CultureInfo.InvariantCulture));

    [Fact]
    public void Years_are_counted_before_days_so_a_leap_day_does_not_shift_a_birthday() =>
        RelativeDay.Parse("today+1d-18y", new DateOnly(2028, 2, 29)).Should().Be(new DateOnly(2010, 3, 1));

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("Today")]
    [InlineData("today 12d")]
    [InlineData("today12d")]
    [InlineData("today+")]
    [InlineData("today+d")]
    [InlineData("today+12")]
    [InlineData("today+12w")]
    [InlineData("today+12d-")]
    [InlineData("today-9999y")]
    [InlineData("today-123456d")]
    [InlineData("2026-02-29")]
    [InlineData("23/11/2026")]
    public void Anything_else_is_refused_and_named(string text) =>
        FluentActions.Invoking(() => RelativeDay.Parse(text, Today)).Should().Throw<FormatException>()
            .WithMessage($"'{text}' is not a day*");
}
