using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.Summary;

/// <summary>
/// Writes the computed Observation of a count. It is made for one answer and never stored, so it has no id.
/// http://hl7.org/fhir/R4/observation.html
/// </summary>
internal static class AttendanceJson
{
    private const string AbsentReason = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
    private const string Interpretation = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";

    /// <param name="count">The count.</param>
    /// <param name="number">Whose it is.</param>
    /// <param name="performer">ODS code and name of the organisation that runs this service.</param>
    /// <param name="now">When it was computed.</param>
    public static byte[] Render(
        AttendanceCount count, NhsNumber number, (string Ods, string Name) performer, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json);
            PlanJson.WritePatient(json, "subject", number);
            WriteFocus(json, count);
            json.WriteStartObject("effectivePeriod"u8);
            json.WriteString("start"u8, PlanJson.Day(count.From));
            json.WriteString("end"u8, PlanJson.Day(count.Until));
            json.WriteEndObject();
            json.WriteString("issued"u8, PlanJson.Instant(now));
            json.WriteStartArray("performer"u8);
            PlanJson.WriteOrganization(json, null, performer.Ods, performer.Name);
            json.WriteEndArray();
            WriteValue(json, count);
            json.WriteStartArray("note"u8);
            json.WriteStartObject();
            json.WriteString("text"u8, count.Sentence);
            json.WriteEndObject();
            json.WriteEndArray();
            WriteRule(json, count.Rule);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteHead(Utf8JsonWriter json)
    {
        json.WriteString("resourceType"u8, "Observation"u8);
        json.WriteStartObject("meta"u8);
        json.WriteStartArray("profile"u8);
        json.WriteStringValue(Systems.Profile("AttendanceCount"));
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("status"u8, "final"u8);
        json.WritePropertyName("code"u8);
        WriteConcept(json, Systems.Measure, "unscheduled-attendance-count",
            "Unscheduled attendances in the window of a rule");
    }

    private static void WriteFocus(Utf8JsonWriter json, AttendanceCount count)
    {
        if (count.Counted.Count == 0)
        {
            return;
        }

        json.WriteStartArray("focus"u8);
        foreach (var row in count.Counted)
        {
            json.WriteStartObject();
            json.WriteString("reference"u8, $"Encounter/{row.Id}");
            json.WriteString("display"u8, row.Told);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, AttendanceCount count)
    {
        if (!count.Known)
        {
            json.WritePropertyName("dataAbsentReason"u8);
            WriteConcept(json, AbsentReason, "unknown", "Unknown");
            return;
        }

        json.WriteNumber("valueInteger"u8, count.Counted.Count);
        if (count.Reached)
        {
            json.WriteStartArray("interpretation"u8);
            WriteConcept(json, Interpretation, "H", "High");
            json.WriteEndArray();
        }
    }

    private static void WriteRule(Utf8JsonWriter json, AttendanceRule rule)
    {
        json.WriteStartArray("referenceRange"u8);
        json.WriteStartObject();
        json.WriteStartObject("high"u8);
        json.WriteNumber("value"u8, rule.Fewest);
        json.WriteEndObject();
        json.WriteString("text"u8, rule.Text);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteConcept(Utf8JsonWriter json, string system, string code, string display)
    {
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        PlanJson.WriteCoding(json, system, code, display);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
