using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Uploads;

/// <summary>One reason why a row is not loaded, in words for the clerk who sends it again.</summary>
/// <param name="Code">Record code that councils know, such as CPR04.</param>
/// <param name="Detail">Our own code, such as <c>two-people-one-number</c>.</param>
/// <param name="Text">Plain words; never what the row holds.</param>
/// <param name="Column">Column it is about, or null.</param>
internal sealed record RowIssue(string Code, string Detail, string Text, string? Column = null)
{
    /// <summary>CPR04: the NHS number is missing or is none.</summary>
    public static RowIssue Number(string text) => new(UploadCodes.Number, "number-format", text, Columns.NhsNumber);

    /// <summary>CPR07: anything else that keeps a row from being loaded.</summary>
    public static RowIssue NotLoaded(string detail, string text, string? column = null) =>
        new(UploadCodes.NotLoaded, detail, text, column);

    /// <summary>The reasons a rule of single writes gives, under the same names, about the row's columns.</summary>
    public static IReadOnlyList<RowIssue> Of(Refused refused) =>
        [.. refused.Issues.Select(i => NotLoaded(Kebab(i.Detail), i.Diagnostics, ColumnOf(i)))];

    public static string Write(IReadOnlyList<RowIssue> issues) => JsonSerializer.Serialize(issues);

    public static IReadOnlyList<RowIssue> Read(string? issues) =>
        issues is null ? [] : JsonSerializer.Deserialize<List<RowIssue>>(issues)!;

    /// <summary>The row's column that was made into an element; nobody sent a Bundle.</summary>
    private static string? ColumnOf(OutcomeIssue issue) => issue.Expression?[(issue.Expression.LastIndexOf(
        ".resource.", StringComparison.Ordinal) is >= 0 and var at ? at + ".resource.".Length : 0)..] switch
    {
        "period" or "period.start" => Columns.Start,
        "patient" => issue.Detail == DetailCode.OverAge ? Columns.BirthDate : Columns.NhsNumber,
        "identifier[0].value" => Columns.RowId,
        "extension" => Columns.Follows,
        _ => null,
    };

    private static string Kebab(DetailCode detail) => detail.Code.ToLowerInvariant().Replace('_', '-');
}
