namespace CpIs.Audit;

/// <summary>One resource that an answer would show: what the ledger must be told before anybody sees it.</summary>
/// <param name="ResourceType">FHIR resource type, such as <c>Flag</c>.</param>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Version shown; 0 where the resource has none.</param>
/// <param name="NhsNumber">Ten digits of the person it concerns, or null for a resource about nobody.</param>
/// <param name="Council">ODS code of the owning council, or null.</param>
/// <param name="Plan">True when it shows a child protection plan, or that one exists (rule R14).</param>
public sealed record Disclosed(
    string ResourceType,
    string Id,
    int Version,
    string? NhsNumber,
    string? Council,
    bool Plan)
{
    /// <summary>
    /// Ten digits of the number that was asked for, when it is another number of this person; else null. The look is
    /// recorded under both, and enters the history under <see cref="NhsNumber"/> alone.
    /// </summary>
    public string? Through { get; init; }
}
