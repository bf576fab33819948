namespace CpIs.Fhir;

/// <summary>The three kinds of plan that are shared, each with its upload name and SNOMED CT code.</summary>
public sealed class PlanKind
{
    public static readonly PlanKind ChildProtection =
        new("child-protection", "342191000000101", "Subject to child protection plan", "CPPIU");

    public static readonly PlanKind LookedAfter =
        new("looked-after", "764841000000100", "Looked after child", "LACIU");

    public static readonly PlanKind Unborn =
        new("unborn", "818901000000100", "Unborn child subject to child protection plan", "UCPIU");

    public static readonly IReadOnlyList<PlanKind> All = [ChildProtection, LookedAfter, Unborn];

    private PlanKind(string name, string code, string display, string v3Code)
    {
        Name = name;
        Code = code;
        Display = display;
        V3Code = v3Code;
    }

    /// <summary>Name in uploads and in the database.</summary>
    public string Name { get; }

    /// <summary>SNOMED CT concept id.</summary>
    public string Code { get; }

    public string Display { get; }

    /// <summary>Code of the HL7 V3 service that councils know.</summary>
    public string V3Code { get; }

    /// <summary>By upload name, SNOMED CT code or V3 code; null when none of them.</summary>
    public static PlanKind? Of(string? text) =>
        All.FirstOrDefault(k => k.Name == text || k.Code == text || k.V3Code == text);

    public override string ToString() => Name;
}
