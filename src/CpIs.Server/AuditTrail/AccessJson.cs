using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// A line of the clinical history as AuditEvent with its PractitionerRole: when, who, role, organisation. What the
/// security trail knows besides (addresses, tokens, requests, who looked silently) is the auditors' alone (R14).
/// https://simplifier.net/guide/Child-Protection---Information-Sharing--CP-IS--API-Consumer-Impl
/// </summary>
internal static class AccessJson
{
    private const string ParticipationType = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    private const string RoleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";

    /// <summary>Hexadecimal digits of a PractitionerRole's id.</summary>
    private const int IdDigits = 32;

    private const string WithheldOrganisation = "Withheld: the record of this person is protected.";

    /// <summary>
    /// Reference of the person in this role and organisation; equal for equal ones. A hash of few possible texts would
    /// tell the organisation that is withheld.
    /// </summary>
    public static string RoleReference(AccessLine line) => "PractitionerRole/" + Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{line.Author}\n{(line.Withheld ? "" : line.Organisation)}\n{line.Shown.Role}")))[..IdDigits];

    public static void Event(Utf8JsonWriter json, (AccessLine Line, string Role) shown)
    {
        var line = shown.Line;
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "AuditEvent"u8);
        json.WriteString("id"u8, line.EntryId.ToString());
        WriteMeta(json, line);
        AuditJson.WriteCoding(json, "type", AuditEventMap.EventType, "rest", "RESTful Operation");
        json.WriteStartArray("subtype"u8);
        var interaction = line.Shown.Interaction ?? "read";
        AuditJson.WriteCoding(json, null, "http://hl7.org/fhir/restful-interaction", interaction, interaction);
        json.WriteEndArray();
        json.WriteString("action"u8, line.Shown.Action ?? "R");
        json.WriteString("recorded"u8, Instant(line));
        json.WriteString("outcome"u8, "0"u8);
        WriteAgents(json, line, shown.Role);
        WriteSource(json);
        WritePatient(json, line);
        json.WriteEndObject();
    }

    public static void Role(Utf8JsonWriter json, (AccessLine Line, string Role) shown)
    {
        var line = shown.Line;
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "PractitionerRole"u8);
        json.WriteString("id"u8, shown.Role.AsSpan("PractitionerRole/".Length));
        json.WriteStartObject("practitioner"u8);
        AuditJson.WriteIdentifier(json, Systems.SdsUser, line.Author);
        AuditJson.WriteText(json, "display", line.Shown.Name);
        json.WriteEndObject();
        json.WriteStartObject("organization"u8);
        WriteOrganization(json, line);
        json.WriteEndObject();
        if (line.Shown.Role is { Length: > 0 } role)
        {
            json.WriteStartArray("code"u8);
            json.WriteStartObject();
            json.WriteString("text"u8, role);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteMeta(Utf8JsonWriter json, AccessLine line)
    {
        json.WriteStartObject("meta"u8);
        json.WriteString("versionId"u8, "1"u8);
        json.WriteString("lastUpdated"u8, Instant(line));
        json.WriteStartArray("profile"u8);
        json.WriteStringValue(Systems.Profile("AuditEvent"));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAgents(Utf8JsonWriter json, AccessLine line, string practitioner)
    {
        json.WriteStartArray("agent"u8);
        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", ParticipationType, "IRCP", "information recipient");
        if (line.Shown.Role is { Length: > 0 } role)
        {
            json.WriteStartArray("role"u8);
            json.WriteStartObject();
            json.WriteString("text"u8, role);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteStartObject("who"u8);
        json.WriteString("reference"u8, practitioner);
        AuditJson.WriteText(json, "display", line.Shown.Name);
        json.WriteEndObject();
        AuditJson.WriteText(json, "name", line.Shown.Name);
        json.WriteBoolean("requestor"u8, true);
        json.WriteEndObject();
        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", RoleClass, "PROV", "healthcare provider");
        json.WriteStartObject("who"u8);
        WriteOrganization(json, line);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, false);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteOrganization(Utf8JsonWriter json, AccessLine line)
    {
        if (line.Withheld)
        {
            AuditJson.WriteText(json, "display", WithheldOrganisation);
            return;
        }

        AuditJson.WriteIdentifier(json, Systems.Ods, line.Organisation);
        AuditJson.WriteText(json, "display", line.Shown.OrganisationName);
    }

    private static void WriteSource(Utf8JsonWriter json)
    {
        json.WriteStartObject("source"u8);
        json.WriteString("site"u8, AuditEventMap.Server);
        json.WriteStartObject("observer"u8);
        json.WriteString("display"u8, AuditEventMap.Server);
        json.WriteEndObject();
        json.WriteStartArray("type"u8);
        AuditJson.WriteCoding(json, null, "http://terminology.hl7.org/CodeSystem/security-source-type", "4",
            "Application Server");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePatient(Utf8JsonWriter json, AccessLine line)
    {
        json.WriteStartArray("entity"u8);
        json.WriteStartObject();
        json.WriteStartObject("what"u8);
        json.WriteString("reference"u8, "Patient/" + line.NhsNumber);
        AuditJson.WriteIdentifier(json, Systems.NhsNumber, line.NhsNumber);
        json.WriteEndObject();
        AuditJson.WriteCoding(json, "type", AuditEventMap.EntityType, "1", "Person");
        AuditJson.WriteCoding(json, "role", AuditEventMap.EntityRole, "1", "Patient");
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static string Instant(AccessLine line) =>
        line.Recorded.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
