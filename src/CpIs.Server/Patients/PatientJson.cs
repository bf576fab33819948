using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Plans;

namespace CpIs.Server.Patients;

/// <summary>A Patient's JSON: as a council sent it with our head, and as health sees it.</summary>
internal static class PatientJson
{
    private static readonly string[] Head = ["resourceType", "id", "meta"];

    /// <summary>The resource to be stored: content as sent, head ours.</summary>
    public static byte[] Render(JsonElement sent, string nhsNumber, int version, DateTimeOffset updated)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            PlanJson.WriteHead(json, "Patient", new(nhsNumber, version, updated));
            foreach (var member in sent.EnumerateObject().Where(m => !Head.Contains(m.Name)))
            {
                member.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>SHA-256 of the content without id and meta, members in one order: equal content, equal hash.</summary>
    public static byte[] ContentHash(JsonElement sent)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            foreach (var member in sent.EnumerateObject().Where(m => !Head.Contains(m.Name))
                .OrderBy(m => m.Name, StringComparer.Ordinal))
            {
                member.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return SHA256.HashData(buffer.WrittenSpan);
    }

    /// <summary>The NHS number among the identifiers; null when there is none.</summary>
    public static string? Number(JsonElement patient) =>
        patient.TryGetProperty("identifier", out var identifiers) && identifiers.ValueKind == JsonValueKind.Array
            ? identifiers.EnumerateArray()
                .Where(i => Text(i, "system") == Systems.NhsNumber)
                .Select(i => Text(i, "value"))
                .FirstOrDefault()
            : null;

    public static DateOnly BirthDate(JsonElement patient) =>
        DateOnly.ParseExact(Text(patient, "birthDate")!, "yyyy-MM-dd",
            System.Globalization.CultureInfo.InvariantCulture);

    public static string Family(JsonElement patient) => Text(patient.GetProperty("name")[0], "family") ?? "";

    /// <summary>What health sees of it: everything but the council's own ids.</summary>
    public static byte[] ForHealth(byte[] body)
    {
        using var patient = JsonDocument.Parse(body);
        var buffer = new ArrayBufferWriter<byte>(body.Length);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            foreach (var member in patient.RootElement.EnumerateObject())
            {
                if (!member.NameEquals("identifier"u8))
                {
                    member.WriteTo(json);
                    continue;
                }

                json.WriteStartArray("identifier"u8);
                foreach (var one in member.Value.EnumerateArray().Where(i => Text(i, "system") == Systems.NhsNumber))
                {
                    one.WriteTo(json);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The Patient as an answer shows it.</summary>
    public static byte[] Shown(PatientRow patient, bool health, IReadOnlyList<LinkedNumber> linked) =>
        WithLinks(health ? ForHealth(patient.Body) : patient.Body, patient.NhsNumber, linked);

    /// <summary>R9: the Patient with what its number replaces, or is replaced by; written when it is read.</summary>
    private static byte[] WithLinks(byte[] body, string number, IReadOnlyList<LinkedNumber> linked)
    {
        var links = LinkedNumber.Of(number, linked);
        if (links.Count == 0)
        {
            return body;
        }

        var buffer = new ArrayBufferWriter<byte>(body.Length + 256);
        buffer.Write(body.AsSpan(0, body.Length - 1));
        buffer.Write(",\"link\":"u8);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartArray();
            foreach (var (other, type) in links)
            {
                json.WriteStartObject();
                json.WriteStartObject("other"u8);
                json.WriteString("reference"u8, "Patient/" + other);
                json.WriteStartObject("identifier"u8);
                json.WriteString("system"u8, Systems.NhsNumber);
                json.WriteString("value"u8, other);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteString("type"u8, type);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        buffer.Write("}"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Of several councils' records of a person, the one written last.</summary>
    public static IEnumerable<PatientRow> OnePerPerson(IEnumerable<PatientRow> rows) =>
        rows.GroupBy(r => r.NhsNumber).Select(g => g.MaxBy(r => r.Updated)!);

    /// <summary>Whether councils hold different birth dates or family names for one person.</summary>
    public static bool Differ(IEnumerable<PatientRow> rows) =>
        rows.GroupBy(r => r.NhsNumber)
            .Any(g => g.Select(r => (r.BirthDate, r.Family.ToUpperInvariant())).Distinct().Count() > 1);

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
