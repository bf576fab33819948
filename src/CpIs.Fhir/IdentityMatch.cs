namespace CpIs.Fhir;

/// <summary>A name somebody goes or went by: the family name, and the given names in their order.</summary>
public sealed record KnownName(string Family, IReadOnlyList<string> Given);

/// <summary>
/// Decides whether what a council says of a person is what a register knows: a plan must not be put on another
/// child's number, nor be kept out for an accent.
/// </summary>
public static class IdentityMatch
{
    public const string Family = "family";

    public const string Given = "given";

    public const string BirthDate = "birthDate";

    /// <summary>
    /// The elements that do not verify; none when the person does. Family and given names must be those of one and
    /// the same name: usual, other or previous.
    /// </summary>
    /// <param name="said">The name the council holds.</param>
    /// <param name="born">The birth date the council holds.</param>
    /// <param name="names">Every name the register knows of the person.</param>
    /// <param name="knownBorn">The birth date the register knows; null when it knows none.</param>
    public static IReadOnlyList<string> Differing(
        KnownName said, DateOnly born, IReadOnlyList<KnownName> names, DateOnly? knownBorn)
    {
        ArgumentNullException.ThrowIfNull(said);
        ArgumentNullException.ThrowIfNull(names);
        var ofFamily = names.Where(known => SameWord(said.Family, known.Family)).ToList();
        var name = ofFamily.Count == 0 ? Family
            : ofFamily.Any(known => SameGiven(said.Given, known.Given)) ? null : Given;
        var date = knownBorn == born ? null : BirthDate;
        return [.. new[] { name, date }.OfType<string>()];
    }

    /// <summary>All equal, or the first equal, or the first equal to any.</summary>
    private static bool SameGiven(IReadOnlyList<string> said, IReadOnlyList<string> known) =>
        SameWord(string.Concat(said), string.Concat(known))
        || (said.Count > 0 && known.Any(one => SameWord(said[0], one)));

    /// <summary>A name without a letter, such as a dash, is nobody's and equals nothing.</summary>
    private static bool SameWord(string one, string other) =>
        PersonName.Fold(one) is { Length: > 0 } folded && folded == PersonName.Fold(other);
}
