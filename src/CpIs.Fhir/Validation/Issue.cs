namespace CpIs.Fhir;

/// <summary>How much an issue matters; the names are FHIR's issue-severity codes.</summary>
public enum IssueSeverity
{
    Fatal,
    Error,
    Warning,
    Information,
}

/// <summary>
/// One finding of a check: what is wrong, where, by which rule. It becomes one issue of an OperationOutcome, so its
/// text is for a clerk at a council and never repeats personal data.
/// </summary>
/// <param name="Severity">Fatal and error refuse the resource.</param>
/// <param name="Code">FHIR issue-type: structure, required, value, invariant, code-invalid, extension …</param>
/// <param name="Expression">FHIRPath with indices, as in EpisodeOfCare.type[0].coding[0].code.</param>
/// <param name="Diagnostics">What is wrong and what to do.</param>
/// <param name="Rule">The key of the rule that was broken.</param>
/// <param name="Profile">The profile the rule stands in; null for a rule of FHIR itself.</param>
public sealed record Issue(
    IssueSeverity Severity, string Code, string Expression, string Diagnostics, string Rule, string? Profile);
