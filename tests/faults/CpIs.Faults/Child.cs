using System.Globalization;
using CpIs.Fhir;

namespace CpIs.Faults;

/// <summary>
/// An invented child with at most one plan, as its one client knows it: everything here was acknowledged. The JSON a
/// council sends for it stands here too.
/// </summary>
internal sealed class Child(string nhsNumber, string council, string family)
{
    /// <summary>Family names that nobody has; a log that holds one of them has leaked.</summary>
    public static readonly IReadOnlyList<string> Families =
        ["Quillfeather", "Brambleforth", "Ostlerwick", "Tarnhollow", "Fennimoor", "Wexcombe", "Larkrigg", "Pellowden"];

    private const string PlanCode = "342191000000101";
    private const int DaysSinceStart = 30;

    public string NhsNumber { get; } = nhsNumber;

    public string Council { get; } = council;

    public string RowId => "W-" + NhsNumber;

    public string? EpisodeId { get; set; }

    public int EpisodeVersion { get; set; }

    public string? FlagId { get; set; }

    /// <summary>The newest that was shown or acknowledged: no answer may go back behind it.</summary>
    public int FlagVersion { get; set; }

    public bool Deleted { get; set; }

    /// <summary>A write without an answer: nobody but the database knows how the plan stands.</summary>
    public bool InDoubt { get; set; }

    /// <summary>Moves the plan's first day, so that the next version differs.</summary>
    public int Shift { get; set; }

    /// <summary>The number with this count, valid and beginning 999; null where no check digit fits.</summary>
    public static string? Number(int count)
    {
        var nine = string.Create(CultureInfo.InvariantCulture, $"999{count:000000}");
        for (var check = 0; check < 10; check++)
        {
            if (CpIs.Fhir.NhsNumber.TryParse(nine + check, out _))
            {
                return nine + check;
            }
        }

        return null;
    }

    public string Patient => $$"""
        {"resourceType":"Patient","identifier":[{"system":"{{Systems.NhsNumber}}","value":"{{NhsNumber}}"}],
        "name":[{"family":"{{family}}","given":["Wren"]}],"birthDate":"2019-01-01"}
        """;

    public string Episode(string? id = null) => $$"""
        {"resourceType":"EpisodeOfCare",{{Id(id)}}{{Identifier}},"status":"active",
        "type":[{"coding":[{{Coding}}]}],"patient":{"reference":"Patient/{{NhsNumber}}"},
        "managingOrganization":{"reference":"Organization/{{Council}}"},{{Period}}
        }
        """;

    public string Bundle => $$"""
        {"resourceType":"Bundle","type":"transaction","entry":[
        {"request":{"method":"PUT","url":"Patient/{{NhsNumber}}"},"resource":{{Patient}}},
        {"fullUrl":"urn:uuid:0b6f2a4e-6d55-4c59-9d53-2f6c1f0a7a02","request":{"method":"POST","url":"EpisodeOfCare"},
        "resource":{{Episode()}}},
        {"request":{"method":"POST","url":"Flag"},"resource":{"resourceType":"Flag",
        "extension":[{"url":"{{Systems.FlagDetail}}",
        "valueReference":{"reference":"urn:uuid:0b6f2a4e-6d55-4c59-9d53-2f6c1f0a7a02"} }],
        {{Identifier}},"status":"active","code":{"coding":[{{Coding}}]},
        "subject":{"reference":"Patient/{{NhsNumber}}"},{{Period}}
        } }]}
        """;

    private string Identifier =>
        $$"""
        "identifier":[{"system":"{{Systems.CouncilPlan}}{{Council}}","value":"{{RowId}}"}]
        """;

    private static string Coding => $$"""{"system":"{{Systems.Snomed}}","code":"{{PlanCode}}"}""";

    /// <summary>First day of the plan.</summary>
    public string Start =>
        PlanJson.Day(Visibility.Today(TimeProvider.System).AddDays(-DaysSinceStart - Shift));

    private string Period => $$"""
        "period":{"start":"{{Start}}"}
        """;

    private static string Id(string? id) => id is null ? "" : $"\"id\":\"{id}\",";
}
