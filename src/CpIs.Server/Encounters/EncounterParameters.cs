using CpIs.Fhir;
using CpIs.Server.Searching;

namespace CpIs.Server.Encounters;

/// <summary>The search parameters of Encounter, all as R4 defines them.</summary>
internal static class EncounterParameters
{
    public static readonly IReadOnlyList<SearchParameter<EncounterRow>> All =
    [
        new("patient", "reference", PatientIs),
        new("identifier", "token", SearchConditions.Token<EncounterRow>(r => [(r.Facts.System, r.Facts.Value)])),
        new("date", "date", SearchConditions.Date<EncounterRow>(PeriodOf)),
        new("class", "token", SearchConditions.Token<EncounterRow>(r => [(Systems.ActCode, r.Facts.Class)])),
        new("type", "token", SearchConditions.Token<EncounterRow>(TypesOf)),
        new("status", "token", SearchConditions.Token<EncounterRow>(
            r => [(Systems.EncounterStatus, r.Facts.Status)])),
        new("service-provider", "reference", SearchConditions.Organization<EncounterRow>(r => r.Facts.Organisation)),
        new("_id", "token", SearchConditions.Token<EncounterRow>(r => [(null, r.Id.ToString())])),
        new("_lastUpdated", "date", SearchConditions.Date<EncounterRow>(r => SearchConditions.Moment(r.Updated))),
    ];

    private static Predicate<EncounterRow> PatientIs(string? modifier, string value)
    {
        var number = SearchConditions.Patient(modifier, value);
        return row => row.Facts.NhsNumber.Equals(number) || row.AskedAs.Contains(number.Digits());
    }

    private static IEnumerable<(string? System, string Code)> TypesOf(EncounterRow row)
    {
        yield return (Systems.Attendance, row.Facts.Setting);
        if (row.Facts.Category is { } category)
        {
            yield return (Systems.Attendance, category);
        }
    }

    private static (DateTimeOffset From, DateTimeOffset Until) PeriodOf(EncounterRow row) => (
        row.Facts.Start,
        row.Facts.End is { } end ? end.AddMilliseconds(1) : DateTimeOffset.MaxValue);
}
