using CpIs.Fhir;

namespace CpIs.Server.Demographics;

/// <summary>What the registrar says of one person: a row of the register's file, already read.</summary>
internal sealed record RegisterRow
{
    public required NhsNumber Number { get; init; }

    /// <summary>Null where the register knows none.</summary>
    public KnownName? Name { get; init; }

    public DateOnly? BirthDate { get; init; }

    public NhsNumber? SupersededBy { get; init; }

    public bool Sensitive { get; init; }

    public bool Invalid { get; init; }

    public bool Deceased { get; init; }

    /// <summary>How the person stands after this row; null when everything stood so already.</summary>
    public RegisteredPerson? After(RegisteredPerson stood)
    {
        IReadOnlyList<KnownName> names = Name is null || stood.Names.Any(IsSame) ? stood.Names : [.. stood.Names, Name];
        var same = stood.Version > 0 && names.Count == stood.Names.Count && stood.BirthDate == BirthDate
            && stood.Sensitive == Sensitive && stood.Deceased == Deceased;
        return same ? null : stood with
        {
            Names = names,
            BirthDate = BirthDate,
            Sensitive = Sensitive,
            Deceased = Deceased,
            Version = stood.Version + 1,
        };
    }

    private bool IsSame(KnownName known) => known.Family == Name!.Family && known.Given.SequenceEqual(Name.Given);
}
