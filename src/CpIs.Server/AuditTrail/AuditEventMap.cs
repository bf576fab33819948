using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Renders a ledger entry as FHIR AuditEvent with the content of IHE BALP 1.1: https://profiles.ihe.net/ITI/BALP/.
/// What BALP does not define (denials, operations, counts) keeps the same shape with its outcome and reason.
/// </summary>
internal static class AuditEventMap
{
    public const string EventType = "http://terminology.hl7.org/CodeSystem/audit-event-type";
    public const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    public const string EntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    public const string EntityRole = "http://terminology.hl7.org/CodeSystem/object-role";
    public const string BalpEntityType = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
    public const string ResourceTypes = "http://hl7.org/fhir/resource-types";
    public const string PurposeSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    /// <summary>The site of every entry: this is what the parameter <c>site</c> finds.</summary>
    public const string Server = "cpis";

    /// <summary>DICOM's Security Alert.</summary>
    public const string AlertType = "110113";

    private const string Balp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

    public static byte[] Render(TrailEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json, entry);
            WriteType(json, entry);
            json.WriteStartArray("subtype"u8);
            AuditJson.WriteCoding(json, null, entry.Kind == Alerts.Kind ? Systems.Alert
                : "http://hl7.org/fhir/restful-interaction", entry.Interaction, entry.Interaction);
            json.WriteEndArray();
            json.WriteString("action"u8, entry.Action);
            json.WriteString("recorded"u8, Recorded(entry));
            json.WriteString("outcome"u8, entry.Outcome.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (entry.Reason is not null)
            {
                json.WriteString("outcomeDesc"u8, entry.Reason);
            }

            WritePurpose(json, entry);
            AuditAgents.Write(json, entry);
            WriteSource(json, entry);
            AuditEntities.Write(json, entry);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteHead(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteString("resourceType"u8, "AuditEvent"u8);
        json.WriteString("id"u8, entry.EntryId.ToString());
        json.WriteStartObject("meta"u8);
        json.WriteString("versionId"u8, "1"u8);
        json.WriteString("lastUpdated"u8, Recorded(entry));
        json.WriteStartArray("profile"u8);
        json.WriteStringValue(Systems.Profile("AuditEvent"));
        if (Profile(entry) is { } profile)
        {
            json.WriteStringValue(profile);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What the server did by itself is no RESTful operation of anybody.</summary>
    private static void WriteType(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.Kind == "system")
        {
            AuditJson.WriteCoding(json, "type", Dicom, "110100", "Application Activity");
            return;
        }

        if (entry.Kind == Alerts.Kind)
        {
            AuditJson.WriteCoding(json, "type", Dicom, AlertType, "Security Alert");
            return;
        }

        AuditJson.WriteCoding(json, "type", EventType, "rest", "RESTful Operation");
    }

    /// <summary>
    /// BALP profiles speak of requests that succeeded, their client and server; patient forms need a person. What the
    /// server did by itself has neither client nor request.
    /// </summary>
    private static string? Profile(TrailEntry entry)
    {
        if (entry.Kind is "system" or Alerts.Kind || entry.Outcome != 0
            || (entry.Interaction != "search-type" && AuditEntities.MainResource(entry) is null))
        {
            return null;
        }

        var form = entry.Interaction switch
        {
            "read" or "vread" => "Read",
            "search-type" => "Query",
            "create" => "Create",
            "update" => "Update",
            "delete" => "Delete",
            _ => null,
        };
        return form is null ? null : Balp + (entry.NhsNumber is null ? "" : "Patient") + form;
    }

    private static void WritePurpose(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.PurposeOfUse is null)
        {
            return;
        }

        json.WriteStartArray("purposeOfEvent"u8);
        AuditJson.WriteConcept(json, null, PurposeSystem, entry.PurposeOfUse, entry.PurposeOfUse);
        json.WriteEndArray();
    }

    private static void WriteSource(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteStartObject("source"u8);
        json.WriteString("site"u8, Server);
        json.WriteStartObject("observer"u8);
        AuditJson.WriteIdentifier(json, null, entry.Instance ?? Server);
        json.WriteString("display"u8, entry.Instance ?? Server);
        json.WriteEndObject();
        json.WriteStartArray("type"u8);
        AuditJson.WriteCoding(json, null, "http://terminology.hl7.org/CodeSystem/security-source-type", "4",
            "Application Server");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Recorded(TrailEntry entry) =>
        entry.Recorded.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
