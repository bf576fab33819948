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

    /// <summary>The reasons a rule of single writes gives, under the same names.</summary>
    public static IReadOnlyList<RowIssue> Of(Refused refused) =>
        [.. refused.Issues.Select(i => NotLoaded(Kebab(i.Detail), i.Diagnostics, i.Expression))];

    public static string Write(IReadOnlyList<RowIssue> issues) => JsonSerializer.Serialize(issues);

    public static IReadOnlyList<RowIssue> Read(string? issues) =>
        issues is null ? [] : JsonSerializer.Deserialize<List<RowIssue>>(issues)!;

    private static string Kebab(DetailCode detail) => detail.Code.ToLowerInvariant().Replace('_', '-');
}
