using CpIs.Server.AuditTrail;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>R15: 25 lines, repeats of a day folded, the present look always among them.</summary>
public sealed class AccessHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void R15_two_looks_in_the_same_second_are_one_line()
    {
        var first = Look(Noon);
        var second = Look(Noon.AddMilliseconds(3));

        AccessHistory.Lines([second, first], null).Should().Equal(first);
    }

    [Fact]
    public void R15_a_look_a_microsecond_before_24_hours_is_folded_and_one_at_24_hours_is_a_line()
    {
        var first = Look(Noon);
        var folded = Look(Noon.AddHours(24).AddMicroseconds(-1));
        var line = Look(Noon.AddHours(24));

        AccessHistory.Lines([first, folded, line], null).Should().Equal(line, first);
    }

    [Fact]
    public void R15_a_folded_look_does_not_lengthen_the_day_of_its_line()
    {
        var first = Look(Noon);
        var folded = Look(Noon.AddHours(20));
        var next = Look(Noon.AddHours(30));

        AccessHistory.Lines([first, folded, next], null).Should().Equal(next, first);
    }

    [Fact]
    public void R15_the_night_of_a_clock_change_still_has_24_hours()
    {
        var evening = new DateTimeOffset(2026, 3, 28, 22, 0, 0, TimeSpan.Zero);
        var first = Look(evening);
        var folded = Look(evening.AddHours(23.5));

        AccessHistory.Lines([first, folded], null).Should().Equal(first);
    }

    [Fact]
    public void R15_another_role_of_the_same_person_is_folded_and_another_organisation_is_not()
    {
        var first = Look(Noon, role: "Doctor");
        var role = Look(Noon.AddHours(1), role: "Consultant");
        var elsewhere = Look(Noon.AddHours(2), organisation: "RW5");

        AccessHistory.Lines([first, role, elsewhere], null).Should().Equal(elsewhere, first);
    }

    [Fact]
    public void R15_of_26_lines_the_newest_25_are_shown()
    {
        var looks = Enumerable.Range(0, 26).Select(i => Look(Noon.AddMinutes(i), author: "P" + i)).ToList();

        var lines = AccessHistory.Lines(looks, null);

        lines.Should().HaveCount(25).And.BeInDescendingOrder(l => l.Recorded);
        lines.Should().NotContain(looks[0]);
    }

    [Fact]
    public void R15_of_26_lines_an_old_one_that_stands_for_the_present_look_stays_in_the_list()
    {
        var own = Look(Noon, author: "ME");
        var others = Enumerable.Range(1, 25).Select(i => Look(Noon.AddMinutes(i), author: "P" + i)).ToList();

        var lines = AccessHistory.Lines([own, .. others], Look(Noon.AddHours(2), author: "ME"));

        lines.Should().HaveCount(25).And.BeInDescendingOrder(l => l.Recorded);
        lines[^1].Should().Be(own);
        lines.Should().NotContain(others[0]);
    }

    [Fact]
    public void R15_the_present_look_is_the_first_line_when_nothing_stands_for_it()
    {
        var other = Look(Noon, author: "OTHER");
        var present = Look(Noon.AddDays(2), author: "ME");

        AccessHistory.Lines([other], present).Should().Equal(present, other);
    }

    [Fact]
    public void R15_the_present_look_that_was_read_back_is_not_listed_twice()
    {
        var present = Look(Noon);

        AccessHistory.Lines([present], present).Should().Equal(present);
    }

    private static AccessLine Look(
        DateTimeOffset at, string author = "555021935107", string organisation = "RXR", string role = "Doctor") =>
        new("9990000018", Guid.CreateVersion7(at), at, author, organisation,
            new("search-type", "E", "Dr Rowan Ashworth", role, "An invented hospital", null));
}
