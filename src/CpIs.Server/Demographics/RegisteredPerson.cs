using CpIs.Fhir;

namespace CpIs.Server.Demographics;

/// <summary>What a register says of one number at this moment, whichever register it is.</summary>
internal sealed record RegisteredPerson
{
    public required NhsNumber Number { get; init; }

    /// <summary>
    /// Counts what the register said of the person; 0 when it has nobody under this number, though a link or a mark
    /// may still stand.
    /// </summary>
    public required int Version { get; init; }

    /// <summary>Usual, other and previous names.</summary>
    public IReadOnlyList<KnownName> Names { get; init; } = [];

    /// <summary>Null when the register does not know it to the day.</summary>
    public DateOnly? BirthDate { get; init; }

    /// <summary>The number in force, when this one was replaced.</summary>
    public NhsNumber? SupersededBy { get; init; }

    /// <summary>Made invalid, and none replaced it.</summary>
    public bool Invalid { get; init; }

    public bool Sensitive { get; init; }

    public bool Deceased { get; init; }

    /// <summary>
    /// The answer to a council. What is wrong with the number comes before what is wrong with the name: a clerk can
    /// mend a name only once the number is right.
    /// </summary>
    public PersonAnswer Answer(PersonQuestion asked)
    {
        if (Invalid)
        {
            return new(PersonVerdict.Invalid);
        }

        if (SupersededBy is not null)
        {
            return new(PersonVerdict.Superseded, SupersededBy);
        }

        if (Version == 0)
        {
            return new(PersonVerdict.NoSuchNumber);
        }

        var differing = IdentityMatch.Differing(
            new(asked.Family, asked.Given), asked.BirthDate, Names, BirthDate);
        return Sensitive ? new(PersonVerdict.Sensitive, Differing: differing)
            : differing.Count > 0 ? new(PersonVerdict.Differs, Differing: differing)
            : new(Deceased ? PersonVerdict.Deceased : PersonVerdict.Verified);
    }
}
