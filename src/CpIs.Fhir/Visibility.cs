namespace CpIs.Fhir;

/// <summary>
/// Rules R0–R6: from the days of a plan to its status and to what health may see on a given day. Pure: "today" is
/// given by the caller, so that every boundary can be tested. All days are dates in Europe/London.
/// </summary>
/// <param name="Kind">Kind of the plan.</param>
/// <param name="Start">First day.</param>
/// <param name="End">Day on which it ended: that day counts as ended. Null while open.</param>
/// <param name="Due">Expected due date of an unborn child's plan.</param>
/// <param name="BirthDate">Birth date of the person under whose number it is held (unborn: the mother).</param>
/// <param name="Removed">True after removal or entered-in-error: hidden at once (R5).</param>
public sealed record Visibility(
    PlanKind Kind, DateOnly Start, DateOnly? End, DateOnly? Due, DateOnly BirthDate, bool Removed)
{
    /// <summary>R2: last visible day, counted from the end.</summary>
    public const int TailDays = 365;

    /// <summary>R3: last visible day of an unborn plan, counted from the due date.</summary>
    public const int AfterDueDays = 28;

    /// <summary>R3: last visible day of an unborn plan without due date, counted from the start.</summary>
    public const int UnbornWithoutDueDays = 322;

    /// <summary>R0: how far ahead a start may lie.</summary>
    public const int PlannedAheadDays = 31;

    private const int AdultYears = 18;

    /// <summary>R6: the 18th birthday; born on 29 February: 1 March.</summary>
    public static DateOnly Adulthood(DateOnly birthDate)
    {
        var day = birthDate.AddYears(AdultYears);
        return birthDate is { Month: 2, Day: 29 } && day.Day == 28 ? day.AddDays(1) : day;
    }

    /// <summary>R0: date in Europe/London at the clock's instant.</summary>
    public static DateOnly Today(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return Day(clock.GetUtcNow());
    }

    /// <summary>Date in Europe/London of an instant: a night there is neither a UTC day nor the sender's.</summary>
    public static DateOnly Day(DateTimeOffset at) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, London).DateTime);

    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    /// <summary>
    /// R6: the day on which a child's record ends by itself; one that would begin later ends on its first day. Unborn
    /// plans are exempt.
    /// </summary>
    private DateOnly AgeEnd
    {
        get
        {
            var adult = Kind == PlanKind.Unborn ? DateOnly.MaxValue : Adulthood(BirthDate);
            return adult > Start ? adult : Start;
        }
    }

    /// <summary>The end that counts on a day: R6 ends a child's record on the 18th birthday by itself.</summary>
    public DateOnly? EndOn(DateOnly today) =>
        AgeEnd is var ends && today >= ends && Kind != PlanKind.Unborn && (End is null || End > ends) ? ends : End;

    /// <summary>
    /// The end that the resources of a status show. What the council sent stays as it is: when it corrects the birth
    /// date, a record that had ended by age alone goes on.
    /// </summary>
    public DateOnly? EndShown(string episodeStatus) =>
        episodeStatus == "finished" ? EndOn(DateOnly.MaxValue) : End;

    /// <summary>R0: <c>planned</c>, <c>active</c>, <c>finished</c> or <c>entered-in-error</c>.</summary>
    public string EpisodeStatus(DateOnly today) =>
        Removed ? "entered-in-error"
        : EndOn(today) is { } end && end <= today ? "finished"
        : Start > today ? "planned"
        : "active";

    /// <summary>Status of the Flag beside an episode of the given status.</summary>
    public static string FlagStatus(string episodeStatus) => episodeStatus switch
    {
        "active" => "active",
        "entered-in-error" => "entered-in-error",
        _ => "inactive",
    };

    /// <summary>First day on which health may see it.</summary>
    public DateOnly VisibleFrom => Start;

    /// <summary>R2, R3, R6: first day on which health may not see it any more.</summary>
    public DateOnly VisibleUntil
    {
        get
        {
            if (Kind == PlanKind.Unborn)
            {
                var last = Due?.AddDays(AfterDueDays) ?? Start.AddDays(UnbornWithoutDueDays);
                return last.AddDays(1);
            }

            var adult = Adulthood(BirthDate);
            var tail = End?.AddDays(TailDays + 1) ?? DateOnly.MaxValue;
            return tail < adult ? tail : adult;
        }
    }

    /// <summary>Whether health may see it on a day.</summary>
    public bool VisibleOn(DateOnly today) => !Removed && VisibleFrom <= today && today < VisibleUntil;

    /// <summary>
    /// The day on which the status of <paramref name="today"/> stops being true; null when it never does.
    /// </summary>
    public DateOnly? StatusUntil(DateOnly today)
    {
        if (EpisodeStatus(today) is "entered-in-error" or "finished")
        {
            return null;
        }

        if (Start > today)
        {
            return Start;
        }

        var next = End is { } end && end < AgeEnd ? end : AgeEnd;
        return next == DateOnly.MaxValue ? null : next;
    }
}
