using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using CpIs.Fhir;

namespace CpIs.Server.Organizations;

/// <summary>What is known of an organisation; the FHIR resource is written from it.</summary>
internal sealed record OrganizationFacts
{
    /// <summary>Logical id; the ODS code.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("ods")]
    public required string Ods { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>council, health or national.</summary>
    [JsonPropertyName("kind")]
    public required string Kind { get; init; }

    /// <summary>A council whose plans are shown to health.</summary>
    [JsonPropertyName("live")]
    public bool Live { get; init; }

    /// <summary>False for one that is no more: its people are not known here, and its plans are not shown.</summary>
    [JsonPropertyName("active")]
    public bool Active { get; init; } = true;

    [JsonPropertyName("gss")]
    public string? Gss { get; init; }

    [JsonPropertyName("dfe")]
    public string? Dfe { get; init; }

    /// <summary>Telephone in office hours.</summary>
    [JsonPropertyName("work_phone")]
    public string? WorkPhone { get; init; }

    /// <summary>Telephone of the emergency duty team.</summary>
    [JsonPropertyName("emergency_phone")]
    public string? EmergencyPhone { get; init; }

    /// <summary>The Organization resource, http://hl7.org/fhir/R4/organization.html.</summary>
    public byte[] Render(int version, DateTimeOffset updated)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            PlanJson.WriteHead(json, "Organization", new(Id, version, updated));
            json.WriteStartArray("identifier"u8);
            WriteIdentifier(json, Systems.Ods, Ods);
            WriteIdentifier(json, Systems.Gss, Gss);
            WriteIdentifier(json, Systems.Dfe, Dfe);
            json.WriteEndArray();
            json.WriteBoolean("active"u8, Active);
            WriteType(json);
            json.WriteString("name"u8, Name);
            WriteTelecom(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteIdentifier(Utf8JsonWriter json, string system, string? value)
    {
        if (value is null)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("system"u8, system);
        json.WriteString("value"u8, value);
        json.WriteEndObject();
    }

    private void WriteType(Utf8JsonWriter json)
    {
        json.WriteStartArray("type"u8);
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, "http://terminology.hl7.org/CodeSystem/organization-type"u8);
        json.WriteString("code"u8, Kind == "health" ? "prov" : "govt");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteTelecom(Utf8JsonWriter json)
    {
        if (WorkPhone is null && EmergencyPhone is null)
        {
            return;
        }

        json.WriteStartArray("telecom"u8);
        WritePhone(json, "work", WorkPhone);
        WritePhone(json, "mobile", EmergencyPhone);
        json.WriteEndArray();
    }

    private static void WritePhone(Utf8JsonWriter json, string use, string? number)
    {
        if (number is null)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("system"u8, "phone"u8);
        json.WriteString("value"u8, number);
        json.WriteString("use"u8, use);
        json.WriteEndObject();
    }
}
