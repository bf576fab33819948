using CpIs.Fhir;

namespace CpIs.Server.Uploads;

/// <summary>One row that says all a plan needs, read from whichever format.</summary>
internal sealed record CaseloadRow
{
    public required string RowId { get; init; }

    public required NhsNumber Number { get; init; }

    public required string Family { get; init; }

    /// <summary>All given names, the first first.</summary>
    public required IReadOnlyList<string> Given { get; init; }

    public required DateOnly BirthDate { get; init; }

    public string? PersonId { get; init; }

    public required PlanKind Kind { get; init; }

    public required DateOnly Start { get; init; }

    public DateOnly? End { get; init; }

    public DateOnly? Due { get; init; }

    /// <summary>R5: why the plan is taken back; null when it is not.</summary>
    public string? Remove { get; init; }

    public string? FollowsRowId { get; init; }

    public PlanFacts Facts(string council) =>
        new(council, RowId, Number, Kind, Start, End, Due, FollowsRowId, Remove);

    /// <summary>What two rows of one person must agree on.</summary>
    public string Who => string.Join('|', PersonName.Fold(Family), string.Concat(Given.Select(PersonName.Fold)),
        PlanJson.Day(BirthDate));

    /// <summary>True when the plan is over once this row is applied.</summary>
    public bool EndsBy(DateOnly today) => Remove is not null || End <= today;
}
