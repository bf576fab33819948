namespace CpIs.Fhir.Validation;

/// <summary>
/// FHIR's own invariants by key, for every type this service receives or renders and every datatype they use. The
/// FHIRPath is in the specification; a test holds each of these against it.
/// </summary>
internal static class R4Invariants
{
    private static readonly Dictionary<string, Invariant> ByKey =
        DataTypeRules.All.Concat(ResourceRules.All).ToDictionary(rule => rule.Key, StringComparer.Ordinal);

    public static IEnumerable<Invariant> All => ByKey.Values;

    /// <summary>The rule of a key; null for a rule of a type that this service neither receives nor renders.</summary>
    public static Invariant? Find(string key) => ByKey.GetValueOrDefault(key);
}
