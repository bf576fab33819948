using CpIs.Fhir;

namespace CpIs.Server.Summary;

/// <summary>One reported encounter of a person, as far as counting needs it.</summary>
/// <param name="Id">Id of the Encounter.</param>
/// <param name="Version">Its version.</param>
/// <param name="NhsNumber">Ten digits under which it was reported: any number of the person (R9).</param>
/// <param name="Organisation">ODS code of the organisation that reports it.</param>
/// <param name="Setting">Code of its setting.</param>
/// <param name="Category">Code of its category, or null.</param>
/// <param name="Status">FHIR status.</param>
/// <param name="Start">When it began.</param>
internal sealed record AttendanceRow(
    Guid Id,
    int Version,
    string NhsNumber,
    string Organisation,
    string Setting,
    string? Category,
    string Status,
    DateTimeOffset Start)
{
    /// <summary>Day, setting and organisation, for whoever may not read the encounter itself.</summary>
    public string Told =>
        $"{PlanJson.Day(Visibility.Day(Start))}, {AttendanceCodes.Settings[Setting]}, {Organisation}";
}

/// <summary>R20: how often a person attended in the window of a rule, and who says so.</summary>
/// <param name="Rule">The rule that was asked.</param>
/// <param name="From">First day of the window, in Europe/London.</param>
/// <param name="Until">Last day of the window: today.</param>
/// <param name="Counted">The encounters counted, the latest first.</param>
/// <param name="Organisations">
/// Organisations that reported them; where none was counted, those that reported anything of this person.
/// </param>
internal sealed record AttendanceCount(
    AttendanceRule Rule, DateOnly From, DateOnly Until, IReadOnlyList<AttendanceRow> Counted, int Organisations)
{
    /// <summary>True when the count is one to ask about.</summary>
    public bool Reached => Counted.Count >= Rule.Fewest;

    /// <summary>False when nobody reports: then the number is unknown, and not nought.</summary>
    public bool Known => Organisations > 0;

    public string Sentence => Words.AttendancesReported(Counted.Count, Organisations);
}

/// <summary>
/// Counts attendances by a rule. Pure: rows and day are given, so every boundary can be tested. It never calls a count
/// normal: whoever does not report is not counted.
/// </summary>
internal static class Attendance
{
    /// <param name="rules">Rules of the deployment.</param>
    /// <param name="rows">Encounters of one person, of all organisations.</param>
    /// <param name="today">Date in Europe/London.</param>
    /// <param name="organisation">ODS code of the organisation that asks.</param>
    public static AttendanceCount Count(
        AttendanceRules rules, IEnumerable<AttendanceRow> rows, DateOnly today, string organisation)
    {
        var rule = rules.Of(organisation);
        var from = today.AddDays(-rule.Days);
        var inWindow = rows.Where(r => AttendanceCodes.TookPlace(r.Status))
            .Where(r => Visibility.Day(r.Start) is var day && from <= day && day <= today)
            .OrderByDescending(r => r.Start).ThenBy(r => r.Id)
            .ToList();
        var counted = inWindow.Where(Counts).ToList();
        var reporting = counted.Count > 0 ? counted : inWindow;
        return new(rule, from, today, counted, reporting.Select(r => r.Organisation).Distinct().Count());
    }

    private static bool Counts(AttendanceRow row) =>
        AttendanceCodes.Counted.Contains(row.Setting) && row.Category != AttendanceCodes.PlannedFollowUp;
}
