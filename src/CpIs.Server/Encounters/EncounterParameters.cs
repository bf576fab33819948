using CpIs.Fhir;
using CpIs.Server.Searching;

namespace CpIs.Server.Encounters;

/// <summary>The search parameters of Encounter, all as R4 defines them.</summary>
internal static class EncounterParameters
{
    public static readonly IReadOnlyList<SearchParameter<EncounterRow>> All =
    [
        SearchParameter<EncounterRow>.Patient("patient", (row, number) =>
            row.Facts.NhsNumber.Equals(number) || row.AskedAs.Contains(number.Digits())),
        SearchParameter<EncounterRow>.Token("identifier", r => [(r.Facts.System, r.Facts.Value)]),
        SearchParameter<EncounterRow>.Date("date", PeriodOf),
        SearchParameter<EncounterRow>.Token("class", r => [(Systems.ActCode, r.Facts.Class)]),
        SearchParameter<EncounterRow>.Token("type", TypesOf),
        SearchParameter<EncounterRow>.Token("status", r => [(Systems.EncounterStatus, r.Facts.Status)]),
        SearchParameter<EncounterRow>.Organization("service-provider", r => r.Facts.Organisation),
        SearchParameter<EncounterRow>.Token("_id", r => [(null, r.Id.ToString())]),
        SearchParameter<EncounterRow>.Updated(r => r.Updated),
    ];

    public static readonly SearchTerms Terms = new("Encounter", [.. All.Select(p => p.Name)])
    {
        Sorts = SearchTerms.EverySort,
    };

    public static readonly Keyset<EncounterRow> Keyset = new(
        r => r.Id.ToString(), r => r.Updated, r => r.Facts.Start);

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
