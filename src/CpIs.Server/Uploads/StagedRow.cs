using System.Globalization;
using System.Text.Json;

namespace CpIs.Server.Uploads;

/// <summary>
/// A row as it stands in staging: where it was in the file, its texts, and what is wrong with it so far.
/// </summary>
internal sealed record StagedRow
{
    public required int RowNo { get; init; }

    public required int Line { get; init; }

    public required long At { get; init; }

    public required string Place { get; init; }

    public required string? RowId { get; init; }

    public required string? Number { get; init; }

    /// <summary>Null when the row is refused by itself.</summary>
    public required CaseloadRow? Row { get; init; }

    /// <summary>The texts, as a JSON array.</summary>
    public required string Fields { get; init; }

    public IReadOnlyList<RowIssue> Issues { get; init; } = [];

    public static StagedRow Of(
        int rowNo, RecordReader record, CaseloadHeader header, RecordFields fields, IReadOnlyList<RowIssue> issues,
        CaseloadRow? row, DateOnly today) => new()
    {
        RowNo = rowNo,
        Line = checked((int)record.Line),
        At = record.At,
        Place = row is null ? "" : PlaceOf(row, rowNo, today),
        RowId = header.Text(fields.Texts, Columns.RowId) is { Length: > 0 and <= RowIdCharsMax } id
            && !id.Contains('\0', StringComparison.Ordinal) && !id.Contains('\uFFFD', StringComparison.Ordinal)
            ? id : null,
        Number = RowRules.Digits(header, fields.Texts),
        Row = row,
        Fields = JsonSerializer.Serialize(fields.Texts),
        Issues = issues,
    };

    public static IReadOnlyList<string> Texts(string fields) => JsonSerializer.Deserialize<string[]>(fields)!;

    /// <summary>
    /// The order in which rows are applied: one person after another, and of a person's rows those first that end a
    /// plan, so that what follows does not overlap it. A plan that follows another comes once that one is there.
    /// </summary>
    private static string PlaceOf(CaseloadRow row, int rowNo, DateOnly today) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(row.FollowsRowId is null ? 0 : 1)}/{row.Number.Digits()}/{(row.EndsBy(today) ? 0 : 1)}/{rowNo:D9}");

    private const int RowIdCharsMax = 64;
}
