using System.Text;
using CpIs.Fhir;
using CpIs.Server.Uploads;

namespace CpIs.Server.Sandbox;

/// <summary>
/// One line of a sample caseload: a council's plan for one person, in the columns of the bulk upload. Its dates may be
/// counted from the day of loading; <see cref="RelativeDay"/> resolves them.
/// </summary>
internal sealed record SampleRow
{
    public required string RowId { get; init; }

    public required string NhsNumber { get; init; }

    public required string Family { get; init; }

    public required string Given { get; init; }

    /// <summary>Further given names, separated by spaces.</summary>
    public string? OtherGiven { get; init; }

    public required string BirthDate { get; init; }

    /// <summary><c>child-protection</c>, <c>looked-after</c> or <c>unborn</c>.</summary>
    public required string Plan { get; init; }

    public required string Start { get; init; }

    public string? End { get; init; }

    public string? DueDate { get; init; }

    public string? PersonId { get; init; }

    /// <summary>The unborn plan, by the council's number for it, that this plan follows.</summary>
    public string? FollowsRowId { get; init; }

    /// <summary>Reads a caseload file.</summary>
    /// <exception cref="Access.Refused">It has a column that no caseload has, or lacks one.</exception>
    /// <exception cref="FormatException">A row cannot be read.</exception>
    public static IReadOnlyList<SampleRow> ReadAll(string path) => Read(File.ReadLines(path));

    /// <summary>Reads the lines of a caseload, the header first.</summary>
    public static IReadOnlyList<SampleRow> Read(IEnumerable<string> lines)
    {
        CaseloadHeader? header = null;
        var rows = new List<SampleRow>();
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            var issues = new List<RowIssue>();
            var texts = CaseloadCsv.Texts(Encoding.UTF8.GetBytes(line), issues);
            if (header is null)
            {
                header = CaseloadHeader.Read(texts);
                continue;
            }

            if (issues.Count > 0 || texts.Count != header.Names.Count)
            {
                throw new FormatException($"A sample cannot be read: {line}");
            }

            rows.Add(Of(column => header.Text(texts, column)));
        }

        return rows;
    }

    /// <summary>The row as a line of the file that is sent on a day.</summary>
    public string Line(DateOnly today) => RowText.Csv(
    [
        RowId, NhsNumber, Family, Given, OtherGiven ?? "", Day(BirthDate, today), PersonId ?? "", Plan,
        Day(Start, today), Day(End, today), Day(DueDate, today), FollowsRowId ?? "",
    ]);

    /// <summary>The header of <see cref="Line"/>.</summary>
    public static string Header { get; } = RowText.Csv(
    [
        Columns.RowId, Columns.NhsNumber, Columns.Family, Columns.Given, Columns.OtherGiven, Columns.BirthDate,
        Columns.PersonId, Columns.Plan, Columns.Start, Columns.End, Columns.DueDate, Columns.Follows,
    ]);

    private static string Day(string? text, DateOnly today) =>
        text is null ? "" : PlanJson.Day(RelativeDay.Parse(text, today));

    private static SampleRow Of(Func<string, string> text)
    {
        string? Optional(string column) => text(column) is { Length: > 0 } value ? value : null;
        string Needed(string column) => Optional(column)
            ?? throw new FormatException($"Sample row {text(Columns.RowId)} has no {column}.");
        return new()
        {
            RowId = Needed(Columns.RowId),
            NhsNumber = Needed(Columns.NhsNumber),
            Family = Needed(Columns.Family),
            Given = Needed(Columns.Given),
            OtherGiven = Optional(Columns.OtherGiven),
            BirthDate = Needed(Columns.BirthDate),
            Plan = Needed(Columns.Plan),
            Start = Needed(Columns.Start),
            End = Optional(Columns.End),
            DueDate = Optional(Columns.DueDate),
            PersonId = Optional(Columns.PersonId),
            FollowsRowId = Optional(Columns.Follows),
        };
    }
}
