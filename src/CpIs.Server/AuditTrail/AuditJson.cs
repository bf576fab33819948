using System.Text.Json;

namespace CpIs.Server.AuditTrail;

/// <summary>The datatypes an AuditEvent is made of, as JSON. http://hl7.org/fhir/R4/datatypes.html</summary>
internal static class AuditJson
{
    public static void WriteDetail(Utf8JsonWriter json, string type, string value)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("valueString"u8, value);
        json.WriteEndObject();
    }

    public static void WriteIdentifier(Utf8JsonWriter json, string? system, string value)
    {
        json.WriteStartObject("identifier"u8);
        WriteText(json, "system", system);
        json.WriteString("value"u8, value);
        json.WriteEndObject();
    }

    public static void WriteNetwork(Utf8JsonWriter json, string address, string type)
    {
        json.WriteStartObject("network"u8);
        json.WriteString("address"u8, address);
        json.WriteString("type"u8, type);
        json.WriteEndObject();
    }

    public static void WriteConcept(Utf8JsonWriter json, string? name, string system, string code, string display)
    {
        if (name is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(name);
        }

        json.WriteStartArray("coding"u8);
        WriteCoding(json, null, system, code, display);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteCoding(Utf8JsonWriter json, string? name, string system, string code, string display)
    {
        if (name is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(name);
        }

        json.WriteString("system"u8, system);
        json.WriteString("code"u8, code);
        json.WriteString("display"u8, display);
        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
