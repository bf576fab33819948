using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests;

/// <summary>Rules R0 to R6 at their boundary days.</summary>
public sealed class VisibilityTests
{
    private static readonly DateOnly Today = new(2026, 6, 15);
    private static readonly DateOnly Child = new(2020, 1, 1);
    private static readonly DateOnly Mother = new(1998, 5, 5);

    [Theory]
    [InlineData(1, null, "planned")]
    [InlineData(0, null, "active")]
    [InlineData(-1, null, "active")]
    [InlineData(-9, 1, "active")]
    [InlineData(-9, 0, "finished")]
    [InlineData(-9, -1, "finished")]
    [InlineData(0, 0, "finished")]
    public void R0_the_dates_decide_the_status(int start, int? end, string status)
    {
        var plan = Plan(PlanKind.ChildProtection, Today.AddDays(start), end is { } e ? Today.AddDays(e) : null);

        plan.EpisodeStatus(Today).Should().Be(status);
        Visibility.FlagStatus(status).Should().Be(status == "active" ? "active" : "inactive");
    }

    [Theory]
    [InlineData("2026-03-28T23:59:59Z", "2026-03-28")]
    [InlineData("2026-03-29T00:00:00Z", "2026-03-29")]
    [InlineData("2026-03-29T22:59:59Z", "2026-03-29")]
    [InlineData("2026-03-29T23:00:00Z", "2026-03-30")]
    [InlineData("2026-10-24T22:59:59Z", "2026-10-24")]
    [InlineData("2026-10-24T23:00:00Z", "2026-10-25")]
    [InlineData("2026-10-25T23:59:59Z", "2026-10-25")]
    [InlineData("2026-10-26T00:00:00Z", "2026-10-26")]
    public void R0_today_is_the_date_in_London_also_in_the_nights_when_the_clocks_change(string instant, string day)
    {
        var clock = new FixedClock(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture));

        PlanJson.Day(Visibility.Today(clock)).Should().Be(day);
    }

    [Fact]
    public void R0_a_planned_plan_is_not_shown_before_its_start()
    {
        var plan = Plan(PlanKind.LookedAfter, Today.AddDays(1), null);

        plan.VisibleOn(Today).Should().BeFalse();
        plan.VisibleOn(Today.AddDays(1)).Should().BeTrue();
        plan.StatusUntil(Today).Should().Be(Today.AddDays(1));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(364, true)]
    [InlineData(365, true)]
    [InlineData(366, false)]
    public void R2_an_ended_plan_is_shown_through_365_days(int daysAfterEnd, bool visible)
    {
        var plan = Plan(PlanKind.ChildProtection, Today.AddDays(-30), Today);

        plan.VisibleOn(Today.AddDays(daysAfterEnd)).Should().Be(visible);
    }

    [Fact]
    public void R2_counts_days_through_a_leap_year()
    {
        var plan = Plan(PlanKind.ChildProtection, new(2027, 1, 1), new(2027, 6, 1));

        plan.VisibleOn(new(2028, 5, 31)).Should().BeTrue();
        plan.VisibleOn(new(2028, 6, 1)).Should().BeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(-5)]
    public void R3_an_unborn_plan_is_shown_until_28_days_after_the_due_date_ended_or_not(int? end)
    {
        var due = Today.AddDays(40);
        var plan = new Visibility(
            PlanKind.Unborn, Today.AddDays(-100), end is { } e ? Today.AddDays(e) : null, due, Mother, false);

        plan.VisibleOn(due.AddDays(28)).Should().BeTrue();
        plan.VisibleOn(due.AddDays(29)).Should().BeFalse();
    }

    [Fact]
    public void R3_without_due_date_an_unborn_plan_is_shown_until_322_days_after_its_start()
    {
        var plan = Plan(PlanKind.Unborn, Today, null, Mother);

        plan.VisibleOn(Today.AddDays(322)).Should().BeTrue();
        plan.VisibleOn(Today.AddDays(323)).Should().BeFalse();
    }

    [Fact]
    public void R5_a_removed_plan_is_hidden_at_once()
    {
        var plan = Plan(PlanKind.ChildProtection, Today.AddDays(-1), null) with { Removed = true };

        plan.VisibleOn(Today).Should().BeFalse();
        plan.EpisodeStatus(Today).Should().Be("entered-in-error");
    }

    [Theory]
    [InlineData("2008-06-15", "2026-06-15")]
    [InlineData("2008-02-29", "2026-03-01")]
    [InlineData("2008-02-28", "2026-02-28")]
    [InlineData("2008-12-31", "2026-12-31")]
    public void R6_from_the_eighteenth_birthday_nothing_is_shown_and_the_record_has_ended(string born, string adult)
    {
        var birthday = Day(adult);
        var plan = Plan(PlanKind.LookedAfter, new(2024, 1, 1), null, Day(born));

        plan.VisibleOn(birthday.AddDays(-1)).Should().BeTrue();
        plan.EpisodeStatus(birthday.AddDays(-1)).Should().Be("active");
        plan.VisibleOn(birthday).Should().BeFalse();
        plan.EpisodeStatus(birthday).Should().Be("finished");
        plan.EndOn(birthday).Should().Be(birthday);
        plan.StatusUntil(birthday.AddDays(-1)).Should().Be(birthday);
    }

    [Fact]
    public void R6_a_plan_that_begins_after_the_eighteenth_birthday_ends_on_its_first_day()
    {
        var plan = Plan(PlanKind.LookedAfter, Today.AddDays(5), null, Today.AddDays(2).AddYears(-18));

        plan.StatusUntil(Today).Should().Be(Today.AddDays(5));
        plan.EpisodeStatus(Today.AddDays(4)).Should().Be("planned");
        plan.EpisodeStatus(Today.AddDays(5)).Should().Be("finished");
        plan.EndShown("finished").Should().Be(Today.AddDays(5));
        plan.StatusUntil(Today.AddDays(5)).Should().BeNull();
        plan.VisibleOn(Today.AddDays(5)).Should().BeFalse();
    }

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(null, 0)]
    public void R6_the_earlier_of_the_councils_end_and_the_eighteenth_birthday_is_shown(int? end, int shown)
    {
        var plan = Plan(PlanKind.LookedAfter, new(2024, 1, 1), end is { } e ? Today.AddDays(e) : null,
            Today.AddYears(-18));

        plan.EndShown("finished").Should().Be(Today.AddDays(shown));
        plan.EndShown("active").Should().Be(plan.End);
    }

    [Fact]
    public void R6_does_not_touch_an_unborn_plan_of_an_adult_mother() =>
        Plan(PlanKind.Unborn, Today, null, Mother).VisibleOn(Today).Should().BeTrue();

    [Theory]
    [InlineData("9990000018", null)]
    [InlineData("9000000009", null)]
    [InlineData("9990000019", "The check digit of this NHS number does not match: one of its digits is wrong.")]
    [InlineData("9000000000", "The check digit of this NHS number does not match: one of its digits is wrong.")]
    [InlineData("999000001", "An NHS number is ten digits, without spaces or letters.")]
    [InlineData("999 000 0018", "An NHS number is ten digits, without spaces or letters.")]
    [InlineData("999000001X", "An NHS number is ten digits, without spaces or letters.")]
    [InlineData("٩٩٩٠٠٠٠٠١٨", "An NHS number is ten digits, without spaces or letters.")]
    [InlineData("0000000000", "The check digit of this NHS number does not match: one of its digits is wrong.")]
    [InlineData("", "The NHS number is missing.")]
    [InlineData(null, "The NHS number is missing.")]
    public void R1_a_number_without_its_check_digit_is_refused_in_words_that_do_not_repeat_it(string? text,
        string? fault)
    {
        NhsNumber.Fault(text).Should().Be(fault);
        NhsNumber.TryParse(text, out var number).Should().Be(fault is null);
        number?.ToString().Should().Be($"{text![..3]} *** {text[6..]}");
    }

    private static Visibility Plan(PlanKind kind, DateOnly start, DateOnly? end, DateOnly? born = null) =>
        new(kind, start, end, null, born ?? Child, false);

    private static DateOnly Day(string text) =>
        DateOnly.ParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private sealed class FixedClock(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }
}
