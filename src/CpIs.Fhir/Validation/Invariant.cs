namespace CpIs.Fhir.Validation;

/// <summary>Whether a rule holds for the value at a token, inside the resource at another.</summary>
internal delegate bool Holds(Doc doc, int token, int resource);

/// <summary>Words for a broken rule when fixed words do not do, as for a masked NHS number.</summary>
internal delegate string Say(Doc doc, int token);

/// <summary>
/// A rule over several elements, written natively: FHIRPath over objects would cost more than the rest of the check.
/// The FHIRPath stands in the definitions; the key is the same.
/// </summary>
/// <param name="Key">The key of the constraint, as in per-1.</param>
/// <param name="Text">What is wrong and what to do, for a clerk.</param>
/// <param name="Holds">The rule.</param>
internal sealed record Invariant(string Key, string Text, Holds Holds)
{
    public IssueSeverity Severity { get; init; } = IssueSeverity.Error;

    /// <summary>Where below the value the fault lies, as in value; empty for the value itself.</summary>
    public string At { get; init; } = "";

    /// <summary>
    /// The element without which the rule holds anyway, so that it need not be asked; null to ask always.
    /// </summary>
    public string? OnlyWith { get; init; }

    /// <summary>FHIR issue-type.</summary>
    public string Code { get; init; } = "invariant";

    public Say? Say { get; init; }

    /// <summary>The profile that asks for it; null for FHIR's own.</summary>
    public string? Profile { get; init; }
}
