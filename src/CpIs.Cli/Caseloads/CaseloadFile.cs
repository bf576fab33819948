using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CpIs.Cli.Caseloads;

/// <summary>
/// Writes a caseload in the two forms that an upload takes: CSV of RFC 4180, and NDJSON of Parameters.
/// </summary>
internal sealed class CaseloadFile
{
    private const string Profile = "https://fhir.cpis.example/StructureDefinition/CpIs-CaseloadRow";

    // Names are written as they are spelt.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Columns =
    [
        "row_id", "nhs_number", "family", "given", "other_given", "birth_date", "person_id", "plan", "start", "end",
        "due_date",
    ];

    /// <summary>Writes one file of each form.</summary>
    /// <returns>How many rows each has.</returns>
    public static async Task<int> WriteAsync(string path, IEnumerable<CaseloadRow> rows, CancellationToken stop)
    {
        var written = 0;
        await using var csv = Open(path + ".csv");
        await using var ndjson = Open(path + ".ndjson");
        await csv.WriteAsync(string.Join(',', Columns) + "\r\n");
        foreach (var row in rows)
        {
            stop.ThrowIfCancellationRequested();
            await csv.WriteAsync(string.Join(',', Cells(row).Select(Quoted)) + "\r\n");
            await ndjson.WriteAsync(Parameters(row) + "\n");
            written++;
        }

        return written;
    }

    /// <summary>A row as the Parameters resource of the profile; what is empty is left out.</summary>
    internal static string Parameters(CaseloadRow row)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "Parameters");
            json.WriteStartObject("meta");
            json.WriteStartArray("profile");
            json.WriteStringValue(Profile);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("parameter");
            foreach (var (name, value) in Columns.Zip(Cells(row)).Where(cell => cell.Second.Length > 0))
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString(Type(name), value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Type(string column) => column switch
    {
        "birth_date" or "start" or "end" or "due_date" => "valueDate",
        "plan" => "valueCode",
        _ => "valueString",
    };

    /// <summary>In the order of <see cref="Columns"/>.</summary>
    private static string[] Cells(CaseloadRow row) =>
    [
        row.RowId, row.NhsNumber, row.Family, row.Given, row.OtherGiven ?? "", Day(row.BirthDate), row.PersonId,
        row.Plan, Day(row.Start), Day(row.End), Day(row.DueDate),
    ];

    private static string Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(",\"\r\n")
        ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

    private static StreamWriter Open(string file) => new(file, append: false, new UTF8Encoding(false));
}
