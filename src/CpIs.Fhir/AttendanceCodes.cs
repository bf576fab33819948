using System.Collections.Frozen;

namespace CpIs.Fhir;

/// <summary>
/// The codes an attendance is told in: class, setting, category. The profile allows exactly these; here they have the
/// displays that are stored beside them, whatever was sent.
/// </summary>
public static class AttendanceCodes
{
    /// <summary>Category that is never counted as frequent attendance (R20).</summary>
    public const string PlannedFollowUp = "planned-follow-up";

    /// <summary>Status of an encounter that never was.</summary>
    public const string EnteredInError = "entered-in-error";

    /// <summary>Status of an encounter that did not take place.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Codes of <see cref="Systems.ActCode"/>.</summary>
    public static readonly FrozenDictionary<string, string> Classes = new Dictionary<string, string>
    {
        ["EMER"] = "emergency",
        ["AMB"] = "ambulatory",
        ["IMP"] = "inpatient encounter",
        ["ACUTE"] = "inpatient acute",
        ["FLD"] = "field",
        ["HH"] = "home health",
        ["VR"] = "virtual",
        ["SS"] = "short stay",
    }.ToFrozenDictionary();

    /// <summary>Codes of <see cref="Systems.Attendance"/> that say where.</summary>
    public static readonly FrozenDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["emergency-department"] = "Emergency department",
        ["urgent-treatment-centre"] = "Urgent treatment centre",
        ["walk-in-centre"] = "Walk-in centre",
        ["out-of-hours-gp"] = "Out-of-hours general practice",
        ["ambulance"] = "Ambulance service",
        ["nhs-111"] = "NHS 111",
        ["maternity"] = "Maternity service",
        ["ward"] = "Hospital ward",
    }.ToFrozenDictionary();

    /// <summary>Codes of <see cref="Systems.Attendance"/> that say which attendance of several.</summary>
    public static readonly FrozenDictionary<string, string> Categories = new Dictionary<string, string>
    {
        ["first-attendance"] = "First attendance, unplanned",
        ["unplanned-follow-up"] = "Unplanned return to the same place",
        ["unplanned-follow-up-elsewhere"] = "Unplanned return, first seen elsewhere",
        [PlannedFollowUp] = "Planned follow-up",
    }.ToFrozenDictionary();

    /// <summary>R20: settings whose attendances are counted.</summary>
    public static readonly FrozenSet<string> Counted =
        FrozenSet.Create("emergency-department", "urgent-treatment-centre", "walk-in-centre");

    /// <summary>R20: whether an encounter took place at all.</summary>
    public static bool TookPlace(string status) => status is not (EnteredInError or Cancelled);
}
