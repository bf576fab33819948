using CpIs.Server.AuditTrail;
using CpIs.Server.Encounters;
using CpIs.Server.Notices;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Metadata;

/// <summary>
/// The parameter tables of all searches in one place, for those who describe the server: what they say is what the
/// searches read.
/// </summary>
internal static class Searchable
{
    private static readonly Dictionary<string, (string Name, string Type)[]> Own = new()
    {
        ["Flag"] = [.. PlanParameters.Of(PlanView.Flag).Select(p => (p.Name, p.Type))],
        ["EpisodeOfCare"] = [.. PlanParameters.Of(PlanView.Episode).Select(p => (p.Name, p.Type))],
        ["Patient"] = [.. SearchPatients.Parameters.Select(p => (p.Name, p.Type))],
        ["Encounter"] = [.. EncounterParameters.All.Select(p => (p.Name, p.Type))],
        ["Organization"] = [.. SearchOrganizations.Parameters.Select(p => (p.Name, p.Type))],
        ["CareTeam"] = [("patient", "reference")],
        ["Subscription"] = [.. ShowSubscriptions.Parameters.Select(p => (p.Name, p.Type))],
        ["AuditEvent"] = [.. TrailParameters.All],
    };

    /// <summary>Search parameters of a type, by name and kind.</summary>
    public static IReadOnlyList<(string Name, string Type)> Parameters(string type) =>
        Own.TryGetValue(type, out var own) ? own
            : ShowDefinitions.Types.Contains(type) ? [.. ShowDefinitions.Searchable(type)] : [];

    /// <summary>Values of <c>_include</c> that a search of a type takes.</summary>
    public static IReadOnlyList<string> Includes(string type) => View(type) is { } view
        ? PlanParameters.Includes(view) : [];

    /// <summary>Values of <c>_revinclude</c> that a search of a type takes.</summary>
    public static IReadOnlyList<string> RevIncludes(string type) => View(type) is { } view
        ? PlanParameters.RevIncludes(view) : [];

    private static PlanView? View(string type) => type switch
    {
        "Flag" => PlanView.Flag,
        "EpisodeOfCare" => PlanView.Episode,
        _ => null,
    };
}
