using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests;

/// <summary>
/// The sample caseloads hold every case a newcomer, a demonstration or a boundary test needs, and break no rule the
/// server would refuse. "Today" is tried on awkward days too: the files are read again every day for years.
/// </summary>
public sealed class SampleCaseloadTests
{
    private const int ChildrenMin = 60;
    private const int AccessTailDays = 365;
    private const int FutureStartDaysMax = 31;
    private const int UnbornTailDays = 28;
    private const int UnbornWithoutDueDateDays = 322;
    private static readonly string[] Councils = ["lancashire", "leeds", "islington", "sheffield"];
    private static readonly DateOnly Today = new(2026, 11, 23);

    public static TheoryData<DateOnly> Days =>
    [
        Today, new DateOnly(2027, 2, 28), new DateOnly(2027, 3, 1), new DateOnly(2028, 2, 28),
        new DateOnly(2028, 2, 29), new DateOnly(2028, 3, 1), new DateOnly(2026, 12, 31), new DateOnly(2030, 2, 28),
    ];

    [Fact]
    public void Four_councils_hold_at_least_sixty_children() =>
        All(Today).Where(plan => plan.Kind != "unborn").Select(plan => plan.NhsNumber).Distinct()
            .Should().HaveCountGreaterThanOrEqualTo(ChildrenMin);

    [Fact]
    public void Every_nhs_number_is_invented_and_passes_the_modulus_eleven_check() =>
        All(Today).Should().OnlyContain(plan => IsInventedNhsNumber(plan.NhsNumber));

    [Fact]
    public void The_people_of_the_councils_page_are_invented_and_stand_in_no_caseload()
    {
        var numbers = Directory.GetFiles(Checkout.PathOf("samples/uploads"), "*.csv").SelectMany(File.ReadLines)
            .Where(row => !row.Begins("row_id,")).Select(row => row.Split(',')[1]).Distinct().ToList();

        numbers.Should().HaveCountGreaterThanOrEqualTo(5).And.OnlyContain(number => IsInventedNhsNumber(number));
        numbers.Should().NotIntersectWith(All(Today).Select(plan => plan.NhsNumber));
    }

    [Theory]
    [InlineData("9990000018", true)]
    [InlineData("9990000019", false)]
    [InlineData("9000000009", false)]
    [InlineData("999000001", false)]
    public void The_check_of_numbers_tells_good_from_bad(string number, bool good) =>
        IsInventedNhsNumber(number).Should().Be(good);

    [Fact]
    public void A_council_uses_each_plan_number_once() =>
        All(Today).GroupBy(plan => (plan.Council, plan.RowId)).Should().OnlyContain(rows => rows.Count() == 1);

    [Fact]
    public void One_number_is_one_person_within_a_council_and_has_one_birth_date_everywhere()
    {
        All(Today).GroupBy(plan => (plan.Council, plan.NhsNumber)).Should().OnlyContain(rows =>
            rows.Select(plan => $"{plan.Name} {plan.Born} {plan.PersonId}").Distinct().Count() == 1);
        All(Today).GroupBy(plan => plan.NhsNumber)
            .Should().OnlyContain(rows => rows.Select(plan => plan.Born).Distinct().Count() == 1);
    }

    [Fact]
    public void No_person_has_two_numbers() =>
        All(Today).GroupBy(plan => (plan.Council, plan.Name))
            .Should().OnlyContain(rows => rows.Select(plan => plan.NhsNumber).Distinct().Count() == 1);

    [Fact]
    public void The_child_of_the_readme_is_on_a_child_protection_plan_in_lancashire() =>
        All(Today).Should().ContainSingle(plan => plan.NhsNumber == "9990000018")
            .Which.Should().Match<SamplePlan>(plan =>
                plan.Council == "lancashire" && plan.Kind == "child-protection" && plan.CurrentOn(Today));

    [Theory]
    [MemberData(nameof(Days))]
    public void No_council_holds_two_current_plans_of_one_kind_for_a_child(DateOnly today) =>
        All(today).Where(plan => plan.Kind != "unborn" && (plan.CurrentOn(today) || plan.Start > today))
            .GroupBy(plan => (plan.Council, plan.NhsNumber, plan.Kind))
            .Should().OnlyContain(rows => rows.Count() == 1);

    [Theory]
    [MemberData(nameof(Days))]
    public void Every_row_is_one_the_server_takes(DateOnly today)
    {
        var plans = All(today);
        plans.Should().OnlyContain(plan => plan.End == null || plan.End >= plan.Start);
        plans.Should().OnlyContain(plan => plan.Start <= today.AddDays(FutureStartDaysMax));
        plans.Should().OnlyContain(plan => plan.End == null || plan.End <= today);
        plans.Where(plan => plan.Kind != "unborn").Should().OnlyContain(plan =>
            plan.Start >= plan.Born && EighteenOn(plan.Born) > today && plan.DueDate == null);
        plans.Where(plan => plan.Kind == "unborn").Should().OnlyContain(plan =>
            plan.Born.AddYears(10) <= today && plan.FollowsRowId == null);
    }

    [Theory]
    [MemberData(nameof(Days))]
    public void Plans_ended_today_and_on_each_side_of_the_last_visible_day_are_there(DateOnly today)
    {
        var ended = All(today).Where(plan => plan.Kind != "unborn" && plan.End != null)
            .Select(plan => today.DayNumber - plan.End!.Value.DayNumber).ToHashSet();

        ended.Should().Contain([0, AccessTailDays - 1, AccessTailDays, AccessTailDays + 1]);
    }

    [Theory]
    [MemberData(nameof(Days))]
    public void Plans_that_start_today_tomorrow_and_as_late_as_may_be_are_there(DateOnly today)
    {
        var starts = All(today).Select(plan => plan.Start.DayNumber - today.DayNumber).ToHashSet();

        starts.Should().Contain([0, 1, FutureStartDaysMax]);
    }

    [Theory]
    [MemberData(nameof(Days))]
    public void Unborn_plans_on_each_side_of_their_last_visible_day_are_there(DateOnly today)
    {
        var unborn = All(today).Where(plan => plan.Kind == "unborn").ToList();
        var sinceDue = unborn.Where(plan => plan.DueDate != null)
            .Select(plan => today.DayNumber - plan.DueDate!.Value.DayNumber).ToHashSet();
        var sinceStart = unborn.Where(plan => plan.DueDate == null)
            .Select(plan => today.DayNumber - plan.Start.DayNumber).ToHashSet();

        sinceDue.Should().Contain([UnbornTailDays, UnbornTailDays + 1]);
        sinceStart.Should().Contain([UnbornWithoutDueDateDays, UnbornWithoutDueDateDays + 1]);
    }

    [Fact]
    public void All_three_kinds_stand_in_every_council() =>
        All(Today).GroupBy(plan => plan.Council).Should().HaveCount(Councils.Length).And.OnlyContain(rows =>
            rows.Select(plan => plan.Kind).Distinct().Count() == 3);

    [Fact]
    public void A_mother_carries_unborn_twins() =>
        All(Today).Where(plan => plan.Kind == "unborn" && plan.CurrentOn(Today))
            .GroupBy(plan => (plan.Council, plan.NhsNumber, plan.DueDate)).Should().Contain(rows => rows.Count() == 2);

    [Fact]
    public void A_looked_after_girl_under_eighteen_is_also_a_mother_to_be() =>
        All(Today).GroupBy(plan => plan.NhsNumber).Should().Contain(rows =>
            rows.Any(plan => plan.Kind == "looked-after" && plan.CurrentOn(Today) && EighteenOn(plan.Born) > Today)
            && rows.Any(plan => plan.Kind == "unborn" && plan.CurrentOn(Today)));

    [Theory]
    [MemberData(nameof(Days))]
    public void A_childs_plan_follows_the_unborn_plan_that_ended_when_it_began(DateOnly today)
    {
        var plans = All(today);
        var following = plans.Where(plan => plan.FollowsRowId != null).ToList();

        following.Should().NotBeEmpty().And.OnlyContain(child => plans.Any(mother =>
            mother.Council == child.Council && mother.RowId == child.FollowsRowId && mother.Kind == "unborn"
            && mother.End == child.Start && mother.NhsNumber != child.NhsNumber));
    }

    [Fact]
    public void One_child_is_held_by_two_councils_under_different_spellings() =>
        All(Today).Where(plan => plan.CurrentOn(Today)).GroupBy(plan => (plan.NhsNumber, plan.Kind))
            .Should().Contain(rows => rows.Select(plan => plan.Council).Distinct().Count() == 2
                && rows.Select(plan => plan.Name).Distinct().Count() == 2);

    [Theory]
    [MemberData(nameof(Days))]
    public void A_child_turns_eighteen_tomorrow(DateOnly today) =>
        All(today).Should().Contain(plan =>
            plan.Kind != "unborn" && plan.CurrentOn(today) && plan.Born == today.AddYears(-18).AddDays(1));

    [Fact]
    public void A_child_was_born_on_the_29th_of_february() =>
        All(Today).Should().Contain(plan => plan.Kind != "unborn" && plan.Born.Month == 2 && plan.Born.Day == 29);

    [Fact]
    public void Names_carry_accents_apostrophes_hyphens_and_second_given_names()
    {
        var names = All(Today).Select(plan => plan.Name).ToList();

        names.Should().Contain(name => name.Any(letter => letter > 127 && char.IsLetter(letter)));
        names.Should().Contain(name => name.Holds("'"));
        names.Should().Contain(name => name.Holds("-"));
        Councils.SelectMany(council => SampleRow.ReadAll(FileOf(council)))
            .Should().Contain(row => row.OtherGiven != null);
    }

    [Fact]
    public void Brothers_and_sisters_stand_together() =>
        All(Today).Where(plan => plan.Kind != "unborn").GroupBy(plan => (plan.Council, plan.Family, plan.Start))
            .Should().Contain(rows => rows.Select(plan => plan.NhsNumber).Distinct().Count() >= 3);

    private static List<SamplePlan> All(DateOnly today) =>
        [.. Councils.SelectMany(council =>
            SampleRow.ReadAll(FileOf(council)).Select(row => SamplePlan.From(council, row, today)))];

    // Whoever was born on 29 February is eighteen on 1 March.
    private static DateOnly EighteenOn(DateOnly born) =>
        born is { Month: 2, Day: 29 } ? new DateOnly(born.Year + 18, 3, 1) : born.AddYears(18);

    private static string FileOf(string council) => Checkout.PathOf($"samples/caseloads/{council}.csv");

    // The rule once more, so that a mistake in the server's own check cannot vouch for the samples.
    private static bool IsInventedNhsNumber(string number)
    {
        if (number.Length != 10 || !number.All(char.IsAsciiDigit) || number[..3] != "999")
        {
            return false;
        }

        var sum = number[..9].Select((digit, at) => (digit - '0') * (10 - at)).Sum();
        return (11 - (sum % 11)) % 11 == number[9] - '0';
    }

    private sealed record SamplePlan(
        string Council, string RowId, string NhsNumber, string Family, string Name, DateOnly Born, string? PersonId,
        string Kind, DateOnly Start, DateOnly? End, DateOnly? DueDate, string? FollowsRowId)
    {
        public static SamplePlan From(string council, SampleRow row, DateOnly today) => new(
            council, row.RowId, row.NhsNumber, row.Family, $"{row.Given} {row.OtherGiven} {row.Family}",
            RelativeDay.Parse(row.BirthDate, today), row.PersonId, row.Plan, RelativeDay.Parse(row.Start, today),
            row.End is null ? null : RelativeDay.Parse(row.End, today),
            row.DueDate is null ? null : RelativeDay.Parse(row.DueDate, today), row.FollowsRowId);

        public bool CurrentOn(DateOnly day) => Start <= day && (End is null || End > day);
    }
}
