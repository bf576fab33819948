using System.Buffers;
using System.Text;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.Uploads;

/// <summary>
/// What became of a row, as a line: NDJSON for programs, CSV for the clerk who opens it in a spreadsheet, where a cell
/// that begins like a formula must not become one.
/// </summary>
internal static class RowText
{
    private const string RowExtension = Systems.Base + "/StructureDefinition/Extension-CpIs-CaseloadRow";

    private const string FormulaStarts = "=+-@\t\r";

    /// <summary>A Parameters resource: row, line, row_id, what became of it, versioned references.</summary>
    public static ReadOnlyMemory<byte> Accepted(RowOutcome row) => Line(json =>
    {
        json.WriteString("resourceType"u8, "Parameters"u8);
        json.WriteStartArray("parameter"u8);
        Number(json, "row", row.RowNo);
        Number(json, "line", row.Line);
        Parameter(json, "row_id", row.RowId ?? "");
        Parameter(json, "code", UploadCodes.Loaded);
        Parameter(json, "result", row.Became);
        foreach (var version in row.Versions)
        {
            Parameter(json, "version", version);
        }

        json.WriteEndArray();
    });

    /// <summary>An OperationOutcome with all issues; an extension names the row.</summary>
    public static ReadOnlyMemory<byte> NotTaken(RowOutcome row) => Line(json =>
    {
        json.WriteString("resourceType"u8, "OperationOutcome"u8);
        json.WriteStartArray("extension"u8);
        json.WriteStartObject();
        json.WriteStartArray("extension"u8);
        Extension(json, "row", row.RowNo);
        Extension(json, "line", row.Line);
        Extension(json, "byteOffset", row.At);
        if (row.RowId is { } rowId)
        {
            json.WriteStartObject();
            json.WriteString("url"u8, "rowId"u8);
            json.WriteString("valueString"u8, rowId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("url"u8, RowExtension);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("issue"u8);
        foreach (var issue in row.Issues)
        {
            Issue(json, issue, row.Became == "refused" ? "error" : "information");
        }

        json.WriteEndArray();
    });

    /// <summary>
    /// The council's own columns with code and reason, so that the file can be mended and sent again.
    /// </summary>
    public static Func<RowOutcome, ReadOnlyMemory<byte>> Error(UploadJob job) => row =>
    {
        var fields = row.Fields is null ? [] : StagedRow.Texts(row.Fields);
        return Encoding.UTF8.GetBytes(Csv([
            .. job.Header.Select((_, i) => i < fields.Count ? fields[i] : ""),
            string.Join(' ', row.Issues.Select(i => i.Code).Distinct()),
            string.Join(" ", row.Issues.Select(i => i.Text)),
        ]));
    };

    /// <summary>A plan that a snapshot ended.</summary>
    public static ReadOnlyMemory<byte> Absent(AbsentPlan plan) =>
        Encoding.UTF8.GetBytes(Csv([plan.RowId, plan.Number, plan.Kind, PlanJson.Day(plan.Start)]));

    /// <summary>One record of CSV.</summary>
    public static string Csv(IReadOnlyList<string> fields) => string.Join(',', fields.Select(Cell)) + "\r\n";

    /// <summary>An issue as a line of an OperationOutcome gives it: the code councils know, and ours.</summary>
    public static void Issue(Utf8JsonWriter json, RowIssue issue, string severity)
    {
        json.WriteStartObject();
        json.WriteString("severity"u8, severity);
        json.WriteString("code"u8, severity == "error" ? "business-rule"u8 : "informational"u8);
        json.WriteStartObject("details"u8);
        json.WriteStartArray("coding"u8);
        if (issue.Code.Length > 0)
        {
            Coding(json, UploadCodes.System, issue.Code);
        }

        Coding(json, Systems.CpisOutcome, issue.Detail);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("diagnostics"u8, issue.Text);
        if (issue.Column is { } column)
        {
            json.WriteStartArray("expression"u8);
            json.WriteStringValue(column);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static string Cell(string text)
    {
        var safe = text.Length > 0 && FormulaStarts.Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") >= 0
            ? "\"" + safe.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : safe;
    }

    private static ReadOnlyMemory<byte> Line(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private static void Coding(Utf8JsonWriter json, string system, string code)
    {
        json.WriteStartObject();
        json.WriteString("system"u8, system);
        json.WriteString("code"u8, code);
        json.WriteEndObject();
    }

    private static void Extension(Utf8JsonWriter json, string url, long value)
    {
        json.WriteStartObject();
        json.WriteString("url"u8, url);
        json.WriteNumber("valueUnsignedInt"u8, value);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, int value)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteNumber("valueInteger"u8, value);
        json.WriteEndObject();
    }

    private static void Parameter(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("valueString"u8, value);
        json.WriteEndObject();
    }
}
