using System.Globalization;
using System.Text.Json;

namespace CpIs.Fhir;

/// <summary>
/// Writes the Encounter of an attendance as the UTF-8 JSON that is stored and served.
/// http://hl7.org/fhir/R4/encounter.html
/// </summary>
public static class EncounterJson
{
    /// <param name="facts">What is kept.</param>
    /// <param name="head">Identity and version.</param>
    /// <param name="organisationName">Name of the reporting organisation.</param>
    public static byte[] Render(EncounterFacts facts, PlanJson.Head head, string organisationName)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(head);
        return PlanJson.Write("Encounter", head, json =>
        {
            json.WriteStartArray("identifier"u8);
            json.WriteStartObject();
            json.WriteString("system"u8, facts.System);
            json.WriteString("value"u8, facts.Value);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("status"u8, facts.Status);
            json.WritePropertyName("class"u8);
            PlanJson.WriteCoding(json, Systems.ActCode, facts.Class, AttendanceCodes.Classes[facts.Class]);
            json.WriteStartArray("type"u8);
            WriteType(json, facts.Setting, AttendanceCodes.Settings[facts.Setting]);
            if (facts.Category is { } category)
            {
                WriteType(json, category, AttendanceCodes.Categories[category]);
            }

            json.WriteEndArray();
            PlanJson.WritePatient(json, "subject", facts.NhsNumber);
            json.WriteStartObject("period"u8);
            json.WriteString("start"u8, Moment(facts.Start));
            if (facts.End is { } end)
            {
                json.WriteString("end"u8, Moment(end));
            }

            json.WriteEndObject();
            PlanJson.WriteOrganization(json, "serviceProvider", facts.Organisation, organisationName);
        });
    }

    private static void WriteType(Utf8JsonWriter json, string code, string display)
    {
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        PlanJson.WriteCoding(json, Systems.Attendance, code, display);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>UTC, with as many digits of a second as there are.</summary>
    private static string Moment(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
