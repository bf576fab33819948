namespace CpIs.Fhir;

/// <summary>
/// All that is kept of one attendance. The resource is written from these facts, so nothing an EPR sends beside them
/// can reach a council.
/// </summary>
/// <param name="NhsNumber">Who attended.</param>
/// <param name="Organisation">ODS code of the organisation that reports it.</param>
/// <param name="System">System of the EPR's own number.</param>
/// <param name="Value">The EPR's own number of the encounter.</param>
/// <param name="Status">FHIR status.</param>
/// <param name="Class">Code of <see cref="AttendanceCodes.Classes"/>.</param>
/// <param name="Setting">Code of <see cref="AttendanceCodes.Settings"/>.</param>
/// <param name="Category">Code of <see cref="AttendanceCodes.Categories"/>, or null.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended, or null.</param>
public sealed record EncounterFacts(
    NhsNumber NhsNumber,
    string Organisation,
    string System,
    string Value,
    string Status,
    string Class,
    string Setting,
    string? Category,
    DateTimeOffset Start,
    DateTimeOffset? End)
{
    /// <summary>R20: the day it counts for, in Europe/London.</summary>
    public DateOnly Began => Visibility.Day(Start);
}
