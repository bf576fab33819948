namespace CpIs.Server.Patients;

/// <summary>
/// R9: another NHS number of a person who was asked for under one, as the links in force say at this moment.
/// </summary>
/// <param name="Asked">The number asked for.</param>
/// <param name="Number">The other one.</param>
/// <param name="Relation">What the asked number is to it: <c>replaced-by</c>, <c>replaces</c>, <c>beside</c>.</param>
/// <param name="Steps">Links between them.</param>
internal sealed record LinkedNumber(string Asked, string Number, string Relation, int Steps)
{
    public const string ReplacedBy = "replaced-by";

    public const string Replaces = "replaces";

    /// <summary>The number in force of a person asked for under one of several numbers.</summary>
    public static string InForce(string asked, IEnumerable<LinkedNumber> links) =>
        links.Where(l => l.Asked == asked && l.Relation == ReplacedBy).MaxBy(l => l.Steps)?.Number ?? asked;

    /// <summary>
    /// What the Patient of a number links to: the number in force replaces every other, each other is replaced by it.
    /// </summary>
    public static IReadOnlyList<(string Number, string Type)> Of(string number, IReadOnlyList<LinkedNumber> links)
    {
        var asked = links.FirstOrDefault(l => l.Asked == number || l.Number == number)?.Asked;
        if (asked is null)
        {
            return [];
        }

        var inForce = InForce(asked, links);
        return number == inForce
            ? [.. links.Where(l => l.Asked == asked).Select(l => l.Number).Append(asked).Where(n => n != inForce)
                .Select(n => (n, Replaces))]
            : [(inForce, ReplacedBy)];
    }
}
