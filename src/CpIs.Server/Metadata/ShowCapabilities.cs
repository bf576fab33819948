using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Metadata;

/// <summary>
/// The CapabilityStatement, made from the route table and the parameter tables, so that it says what is served and
/// nothing else. http://hl7.org/fhir/R4/capabilitystatement.html
/// </summary>
/// <param name="profiles">What our resources keep to.</param>
/// <param name="tokenAddress">Where tokens are asked for; null where an issuer elsewhere gives them.</param>
/// <param name="pages">Whether any web page may ask from a browser.</param>
internal sealed class ShowCapabilities(Profiles profiles, string? tokenAddress, bool pages)
{
    /// <summary>Seconds for which the statement may be kept.</summary>
    private const int KeepSeconds = 300;

    /// <summary>Day on which the shape of the statement last changed.</summary>
    private const string Date = "2026-11-23";

    private static readonly string Version = typeof(ShowCapabilities).Assembly.GetName().Version!.ToString(3);

    /// <summary><c>mode</c>: nothing here is only trial use or only terminology, so there is one statement.</summary>
    public Task AnswerAsync(Call call)
    {
        if (call.Http.Request.Query["mode"].ToString() is not ("" or "full" or "normative"))
        {
            throw Refused.BadSearch("mode is full or normative: no terminology is served.");
        }

        var statement = Render(call.Base);
        return Answers.PublicAsync(call.Http, statement, Answers.Tag(statement.Span), KeepSeconds);
    }

    private ReadOnlyMemory<byte> Render(string url)
    {
        var buffer = new ArrayBufferWriter<byte>(8192);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json, url);
            WriteRest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteHead(Utf8JsonWriter json, string url)
    {
        json.WriteString("resourceType"u8, "CapabilityStatement"u8);
        json.WriteString("url"u8, url + "/metadata");
        json.WriteString("version"u8, Version);
        json.WriteString("name"u8, "CpIsServer"u8);
        json.WriteString("title"u8, "What this server of child protection information does"u8);
        json.WriteString("status"u8, "active"u8);
        json.WriteString("date"u8, Date);
        json.WriteString("publisher"u8, "CpIs"u8);
        json.WriteString("description"u8,
            "Councils share child protection plans; clinicians look a child up; every look is recorded."u8);
        json.WriteString("kind"u8, "instance"u8);
        json.WriteStartObject("software"u8);
        json.WriteString("name"u8, "CpIs"u8);
        json.WriteString("version"u8, Version);
        json.WriteEndObject();
        json.WriteStartObject("implementation"u8);
        json.WriteString("description"u8, "Child protection information sharing"u8);
        json.WriteString("url"u8, url);
        json.WriteEndObject();
        json.WriteString("fhirVersion"u8, "4.0.1"u8);
        CapabilityParts.WriteStrings(json, "format", [Formats.Json, Formats.Xml]);
        CapabilityParts.WriteStrings(json, "patchFormat",
            Routes.Table.Any(r => r.Interaction == "patch") ? ["application/json-patch+json"] : []);
    }

    private void WriteRest(Utf8JsonWriter json)
    {
        json.WriteStartArray("rest"u8);
        json.WriteStartObject();
        json.WriteString("mode"u8, "server"u8);
        json.WriteString("documentation"u8,
            "Every read of patient data is recorded as an AuditEvent before its answer leaves. A health caller names "u8
            + "one patient in every search."u8);
        WriteSecurity(json);
        json.WriteStartArray("resource"u8);
        foreach (var type in Routes.Table.Where(r => r.Resource.Length > 0).GroupBy(r => r.Resource))
        {
            CapabilityParts.WriteResource(json, profiles, type.Key, [.. type]);
        }

        json.WriteEndArray();
        var system = Routes.Table.Where(r => r.Resource.Length == 0).ToList();
        CapabilityParts.WriteInteractions(json, system.Where(r => r.Interaction == "transaction")
            .SelectMany(r => new[] { r, r with { Interaction = r.Also! } }));
        CapabilityParts.WriteOperations(json, system);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteSecurity(Utf8JsonWriter json)
    {
        json.WriteStartObject("security"u8);
        if (tokenAddress is not null)
        {
            WriteTokenAddress(json, tokenAddress);
        }

        json.WriteBoolean("cors"u8, pages);
        json.WriteStartArray("service"u8);
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, "http://terminology.hl7.org/CodeSystem/restful-security-service"u8);
        json.WriteString("code"u8, "SMART-on-FHIR"u8);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("description"u8,
            "Bearer tokens with SMART v2 scopes; every read is recorded as an AuditEvent. "u8
            + "Who may do what stands with each type; whatever does not is denied."u8);
        json.WriteEndObject();
    }

    /// <summary>
    /// https://hl7.org/fhir/smart-app-launch/STU1/conformance/index.html: an address, for older clients.
    /// </summary>
    private static void WriteTokenAddress(Utf8JsonWriter json, string address)
    {
        json.WriteStartArray("extension"u8);
        json.WriteStartObject();
        json.WriteString("url"u8, "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"u8);
        json.WriteStartArray("extension"u8);
        json.WriteStartObject();
        json.WriteString("url"u8, "token"u8);
        json.WriteString("valueUri"u8, address);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
