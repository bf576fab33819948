namespace CpIs.Fhir.Validation;

/// <summary>What a hand-written check found: the rule's key, words for a person, and where below the value.</summary>
internal sealed record Problem(string Rule, string Text, string Below = "");
