using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Who took part: client, server, the person or system that asked, and the organisation it asked for, with the codes
/// of BALP. The one that asked is the requestor; a stranger's client is it itself.
/// </summary>
internal static class AuditAgents
{
    private const string ParticipationType = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    private const string ProvenanceType = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    private const string RoleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";

    public static void Write(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteStartArray("agent"u8);
        if (entry.Kind == "system")
        {
            WriteItself(json, entry.Instance ?? AuditEventMap.Server);
            json.WriteEndArray();
            return;
        }

        WriteClient(json, entry);
        WriteServer(json, entry);
        WriteUser(json, entry);
        WriteOrganisation(json, entry);
        json.WriteEndArray();
    }

    /// <summary>Nobody asked, from nowhere: the server is the one agent, and the requestor.</summary>
    private static void WriteItself(Utf8JsonWriter json, string instance)
    {
        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", AuditEventMap.Dicom, "110150", Display("110150"));
        json.WriteStartObject("who"u8);
        AuditJson.WriteIdentifier(json, null, instance);
        json.WriteString("display"u8, instance);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, true);
        json.WriteEndObject();
    }

    /// <summary>Data flows to the client on reads, from it on queries and writes.</summary>
    private static (string Client, string ServerCode) Direction(TrailEntry entry) => entry.Action switch
    {
        "R" => ("110152", "110153"),
        "D" => ("110150", "custodian"),
        _ => ("110153", "110152"),
    };

    private static string Display(string code) => code switch
    {
        "110150" => "Application",
        "110152" => "Destination Role ID",
        _ => "Source Role ID",
    };

    private static void WriteClient(Utf8JsonWriter json, TrailEntry entry)
    {
        var code = Direction(entry).Client;
        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", AuditEventMap.Dicom, code, Display(code));
        json.WriteStartObject("who"u8);
        AuditJson.WriteIdentifier(json, null, entry.ClientId ?? "unknown");
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, entry.AgentSubject is null);
        AuditJson.WriteNetwork(json, entry.Address ?? "unknown", "2");
        json.WriteEndObject();
    }

    private static void WriteServer(Utf8JsonWriter json, TrailEntry entry)
    {
        var code = Direction(entry).ServerCode;
        json.WriteStartObject();
        if (code == "custodian")
        {
            AuditJson.WriteConcept(json, "type", ProvenanceType, code, "Custodian");
        }
        else
        {
            AuditJson.WriteConcept(json, "type", AuditEventMap.Dicom, code, Display(code));
        }

        json.WriteStartObject("who"u8);
        AuditJson.WriteIdentifier(json, null, entry.Instance ?? AuditEventMap.Server);
        json.WriteString("display"u8, entry.Instance ?? AuditEventMap.Server);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, false);
        AuditJson.WriteNetwork(json, entry.Instance ?? AuditEventMap.Server, "1");
        json.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.AgentSubject is null)
        {
            return;
        }

        var recipient = entry.Action is "R" or "E";
        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", ParticipationType, recipient ? "IRCP" : "AUT", recipient
            ? "information recipient"
            : "author");
        if (entry.AgentRole is not null)
        {
            json.WriteStartArray("role"u8);
            json.WriteStartObject();
            json.WriteString("text"u8, entry.AgentRole);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteStartObject("who"u8);
        AuditJson.WriteIdentifier(json, entry.AgentIssuer, entry.AgentSubject);
        if (entry.AgentName is not null)
        {
            json.WriteString("display"u8, entry.AgentName);
        }

        json.WriteEndObject();
        AuditJson.WriteText(json, "altId", entry.AgentUserId);
        AuditJson.WriteText(json, "name", entry.AgentName);
        json.WriteBoolean("requestor"u8, true);
        if (entry.TokenId is not null)
        {
            json.WriteStartArray("policy"u8);
            json.WriteStringValue("urn:ietf:params:oauth:jti:" + entry.TokenId);
            json.WriteEndArray();
        }

        if (entry.PurposeOfUse is not null)
        {
            json.WriteStartArray("purposeOfUse"u8);
            AuditJson.WriteConcept(json, null, AuditEventMap.PurposeSystem, entry.PurposeOfUse, entry.PurposeOfUse);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteOrganisation(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.Organisation is null)
        {
            return;
        }

        json.WriteStartObject();
        AuditJson.WriteConcept(json, "type", RoleClass, "PROV", "healthcare provider");
        json.WriteStartObject("who"u8);
        AuditJson.WriteIdentifier(json, Systems.Ods, entry.Organisation);
        AuditJson.WriteText(json, "display", entry.OrganisationName);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, false);
        json.WriteEndObject();
    }
}
