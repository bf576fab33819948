namespace CpIs.Cli.Caseloads;

/// <summary>A row of a council's upload: one plan, in the columns of the file and of CpIs-CaseloadRow.</summary>
internal sealed record CaseloadRow
{
    public required string RowId { get; init; }

    public required string NhsNumber { get; init; }

    public required string Family { get; init; }

    public required string Given { get; init; }

    public string? OtherGiven { get; init; }

    public required DateOnly BirthDate { get; init; }

    public required string PersonId { get; init; }

    /// <summary><c>child-protection</c>, <c>looked-after</c> or <c>unborn</c>.</summary>
    public required string Plan { get; init; }

    public required DateOnly Start { get; init; }

    public DateOnly? End { get; init; }

    public DateOnly? DueDate { get; init; }
}
