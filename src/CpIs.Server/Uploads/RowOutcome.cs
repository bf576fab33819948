namespace CpIs.Server.Uploads;

/// <summary>What became of one row.</summary>
internal sealed record RowOutcome
{
    public required int RowNo { get; init; }

    public required int Line { get; init; }

    public required long At { get; init; }

    public required string? RowId { get; init; }

    /// <summary>inserted, changed, unchanged, ended, reopened, removed, refused or skipped.</summary>
    public required string Became { get; init; }

    /// <summary>Versioned references of what an accepted row is now.</summary>
    public IReadOnlyList<string> Versions { get; init; } = [];

    public IReadOnlyList<RowIssue> Issues { get; init; } = [];

    /// <summary>The texts, as a JSON array: of refused rows alone, for errors.csv.</summary>
    public string? Fields { get; init; }

    /// <summary>The row was refused, and its plan stands as it was.</summary>
    public bool Kept { get; init; }

    /// <summary>Demographics knew the person.</summary>
    public bool Verified { get; init; }

    public static RowOutcome Of(StagedRow row, string became) =>
        new() { RowNo = row.RowNo, Line = row.Line, At = row.At, RowId = row.RowId, Became = became };
}
