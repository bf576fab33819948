using System.Globalization;

namespace CpIs.Fhir;

/// <summary>The sentences that clinicians read, word for word as the contract fixes them.</summary>
public static class Words
{
    /// <summary>Said with every 429, 500 and 503 to a health caller.</summary>
    public const string NoAnswer =
        "The check could not be made. This is not an answer. "
        + "Follow your safeguarding procedure and telephone the council.";

    public const string TwoCouncils = "Two councils hold a current plan: contact both.";

    /// <summary>Said with a plan whose council sent something newer that could not be taken.</summary>
    public const string Unconfirmed =
        "A plan shown here is as its council last confirmed it. What the council sent since could not be taken: "
        + "it may have changed. Telephone the council.";

    /// <summary>R8: said where plans are held and the search's further conditions leave them out.</summary>
    public const string PlanLeftOut =
        "A record is held for this NHS number, but it does not meet the other conditions of this search. "
        + "Search by the NHS number alone.";

    /// <summary>Said with every answer to a token that may see only a part: nothing found is then no answer.</summary>
    public const string NarrowedByScope =
        "This system may see only a part of what is held. What is not shown here may be held all the same. "
        + "Follow your safeguarding procedure.";

    public const string CouncilsDiffer = "Councils hold different names or birth dates for this person.";

    public const string CountedUnscheduled =
        "This caller may not view silently: the access was counted as unscheduled. "
        + "Councils that hold a plan and subscribe to notices are told of it.";

    /// <summary>R9: the number asked for was superseded.</summary>
    public const string NumberReplaced =
        "This NHS number was superseded by another. The answer holds what is held under either.";

    /// <summary>R9: the number asked for supersedes another.</summary>
    public const string NumberReplaces =
        "This NHS number supersedes another. The answer holds what is held under either.";

    public const string ConcernsUnborn = "Concerns the unborn or newborn baby of this person.";

    /// <summary>Said where a plan is held and no attendance: the one must not be read as the other.</summary>
    public const string NoAttendanceReported =
        "Your organisation has reported no such attendance of this person. A plan is held: search Flag.";

    /// <summary>What a newborn's empty answer adds.</summary>
    public const string LookUpMother =
        "Unborn plans are held under the mother's NHS number: look her up too.";

    public const string IdentityDiffers =
        "The name or birth date sent differs from what is held: make sure that this is the right person.";

    public const string RecordedUnscheduled = "Recorded as an unscheduled access.";

    public const string RecordedScheduled =
        "Recorded as a scheduled look-up: it does not enter the access history.";

    /// <summary>R17: what a notice of a look says in one sentence.</summary>
    public const string Viewed =
        "Viewed: a health worker was shown your plan. This does not say that the person attended.";

    /// <summary>R17: what a notice of an attendance says in one sentence.</summary>
    public const string Attended = "Attended: the organisation reported this attendance, or a change to it.";

    /// <summary>R9: what became of an NHS number under which a council holds a plan.</summary>
    public static string NumberChange(string what) => $"The NHS number of this person changed: {what}.";

    /// <summary>R3: said fourteen days before an open unborn plan lapses.</summary>
    public static string LapsesOn(DateOnly day) =>
        $"This unborn child plan is open and lapses on {PlanJson.Day(day)}: from then on health is not shown it. "
        + "End it, or send the child's own plan.";

    /// <summary>R3: said when an open unborn plan lapsed.</summary>
    public static string LapsedOn(DateOnly day) =>
        $"This unborn child plan lapsed on {PlanJson.Day(day)} while open: health is no longer shown it.";

    /// <summary>When a council whose plan is shown last sent anything.</summary>
    public static string Fresh(string council, DateTimeOffset? at) =>
        at is { } last ? $"{council} last sent at {Instant(last)}." : $"{council} has sent nothing yet.";

    /// <summary>R8: said with every answer without a visible plan.</summary>
    public static string NoRecordHeld(DateTimeOffset at) =>
        $"No record held for this NHS number at {Instant(at)}. This does not mean there is no concern. "
        + "Follow your safeguarding procedure.";

    /// <summary>Which councils' silence weakens an answer.</summary>
    /// <param name="councils">All councils.</param>
    /// <param name="silent">Names of those that sent nothing for three days, or are not yet live.</param>
    public static string Coverage(int councils, IReadOnlyList<string> silent)
    {
        ArgumentNullException.ThrowIfNull(silent);
        var names = silent.Count == 0 ? "none" : string.Join(", ", silent);
        return $"{silent.Count} of {councils} councils have sent nothing for 3 days or more: {names}.";
    }

    /// <summary>R20: said with every count of attendances. Never that it is normal.</summary>
    public static string AttendancesReported(int attendances, int organisations) => string.Create(
        CultureInfo.InvariantCulture,
        $"{attendances} attendances reported by {organisations} organisations; others may not report.");

    /// <summary>An instant as FHIR writes it: UTC, seconds.</summary>
    public static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
