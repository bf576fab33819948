using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;

namespace CpIs.Server.Summary;

/// <summary>
/// A plan as CareTeam: its kind is the category, its council the name and the telephones.
/// http://hl7.org/fhir/R4/careteam.html
/// </summary>
internal static class CareTeamJson
{
    public static byte[] Render(PlanRow row, OrganizationRow? council)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            PlanJson.WriteHead(json, "CareTeam",
                new(row.Episode.Id.ToString(), row.Episode.Version, row.Episode.Updated));
            json.WriteString("status"u8, row.Episode.Status == "active" ? "active"u8 : "inactive"u8);
            WriteCategory(json, row.Facts.Kind);
            json.WriteString("name"u8, council?.Name ?? row.Facts.Council);
            WriteReference(json, "subject", "Patient/" + row.Facts.NhsNumber.Digits(), Systems.NhsNumber,
                row.Facts.NhsNumber.Digits());
            json.WriteStartObject("period"u8);
            json.WriteString("start"u8, PlanJson.Day(row.Facts.Start));
            if (row.EndShown is { } end)
            {
                json.WriteString("end"u8, PlanJson.Day(end));
            }

            json.WriteEndObject();
            json.WriteStartArray("managingOrganization"u8);
            WriteReference(json, null, "Organization/" + row.Facts.Council, Systems.Ods, row.Facts.Council);
            json.WriteEndArray();
            WriteTelephones(json, council);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteCategory(Utf8JsonWriter json, PlanKind kind)
    {
        json.WriteStartArray("category"u8);
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, Systems.Snomed);
        json.WriteString("code"u8, kind.Code);
        json.WriteString("display"u8, kind.Display);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteReference(
        Utf8JsonWriter json, string? name, string reference, string system, string value)
    {
        if (name is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(name);
        }

        json.WriteString("reference"u8, reference);
        json.WriteStartObject("identifier"u8);
        json.WriteString("system"u8, system);
        json.WriteString("value"u8, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Both telephones, as the council's Organization has them.</summary>
    private static void WriteTelephones(Utf8JsonWriter json, OrganizationRow? council)
    {
        if (council is not null && JsonElement.Parse(council.Body).TryGetProperty("telecom"u8, out var telecom))
        {
            json.WritePropertyName("telecom"u8);
            telecom.WriteTo(json);
        }
    }
}
