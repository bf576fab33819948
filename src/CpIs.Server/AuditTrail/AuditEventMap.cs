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
    private const string Balp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string ParticipationType = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    private const string ProvenanceType = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    private const string RoleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
    private const string EntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    private const string EntityRole = "http://terminology.hl7.org/CodeSystem/object-role";
    private const string BalpEntityType = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
    private const string PurposeSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    private const string Server = "cpis";

    public static byte[] Render(TrailEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json, entry);
            AuditJson.WriteCoding(json, "type", "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest",
                "RESTful Operation");
            json.WriteStartArray("subtype"u8);
            AuditJson.WriteCoding(json, null, "http://hl7.org/fhir/restful-interaction", entry.Interaction,
                entry.Interaction);
            json.WriteEndArray();
            json.WriteString("action"u8, entry.Action);
            json.WriteString("recorded"u8, Recorded(entry));
            json.WriteString("outcome"u8, entry.Outcome.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (entry.Reason is not null)
            {
                json.WriteString("outcomeDesc"u8, entry.Reason);
            }

            WritePurpose(json, entry);
            json.WriteStartArray("agent"u8);
            WriteClient(json, entry);
            WriteServer(json, entry);
            WriteUser(json, entry);
            WriteOrganisation(json, entry);
            json.WriteEndArray();
            WriteSource(json, entry);
            if (HasEntities(entry))
            {
                json.WriteStartArray("entity"u8);
                WriteEntities(json, entry);
                json.WriteEndArray();
            }

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

    /// <summary>BALP profiles speak of what succeeded; patient forms need a person.</summary>
    private static string? Profile(TrailEntry entry)
    {
        if (entry.Outcome != 0)
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
        AuditJson.WriteConcept(json, "type", Dicom, code, Display(code));
        json.WriteStartObject("who"u8);
        json.WriteStartObject("identifier"u8);
        json.WriteString("value"u8, entry.ClientId ?? "unknown");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, entry.AgentUserId is null);
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
            AuditJson.WriteConcept(json, "type", Dicom, code, Display(code));
        }

        json.WriteStartObject("who"u8);
        json.WriteString("display"u8, entry.Instance ?? Server);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, false);
        AuditJson.WriteNetwork(json, entry.Instance ?? Server, "1");
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
        json.WriteStartObject("identifier"u8);
        json.WriteString("system"u8, entry.AgentIssuer);
        json.WriteString("value"u8, entry.AgentSubject);
        json.WriteEndObject();
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
            AuditJson.WriteConcept(json, null, PurposeSystem, entry.PurposeOfUse, entry.PurposeOfUse);
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
        json.WriteStartObject("identifier"u8);
        json.WriteString("system"u8, Systems.Ods);
        json.WriteString("value"u8, entry.Organisation);
        json.WriteEndObject();
        AuditJson.WriteText(json, "display", entry.OrganisationName);
        json.WriteEndObject();
        json.WriteBoolean("requestor"u8, false);
        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteStartObject("source"u8);
        json.WriteString("site"u8, Server);
        json.WriteStartObject("observer"u8);
        json.WriteString("display"u8, entry.Instance ?? Server);
        json.WriteEndObject();
        json.WriteStartArray("type"u8);
        AuditJson.WriteCoding(json, null, "http://terminology.hl7.org/CodeSystem/security-source-type", "4",
            "Application Server");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>FHIR knows no empty list: an entry about nothing in particular has no entity.</summary>
    private static bool HasEntities(TrailEntry entry) =>
        Data(entry).Length > 0 || entry.NhsNumber is not null || entry.RequestId is not null
            || entry is { Query: not null, Interaction: "search-type" };

    private static void WriteEntities(Utf8JsonWriter json, TrailEntry entry)
    {
        foreach (var reference in Data(entry))
        {
            StartEntity(json, "2", "System Object", "4", "Domain Resource", () =>
                json.WriteString("reference"u8, reference));
            json.WriteEndObject();
        }

        if (entry.NhsNumber is { } number)
        {
            StartEntity(json, "1", "Person", "1", "Patient", () =>
            {
                json.WriteString("reference"u8, "Patient/" + number);
                json.WriteStartObject("identifier"u8);
                json.WriteString("system"u8, Systems.NhsNumber);
                json.WriteString("value"u8, number);
                json.WriteEndObject();
            });
            json.WriteEndObject();
        }

        if (entry is { Query: not null, Interaction: "search-type" })
        {
            StartEntity(json, "2", "System Object", "24", "Query", null);
            json.WriteBase64String("query"u8, entry.Query);
            WriteDetails(json, entry);
            json.WriteEndObject();
        }

        WriteTransaction(json, entry);
    }

    /// <summary>What was shown or written; of a refused request, what was asked for.</summary>
    private static string[] Data(TrailEntry entry) =>
        entry.Disclosed.Length > 0 ? entry.Disclosed
        : entry is { ResourceType: { } type, ResourceId: { } id } ? [$"{type}/{id}"]
        : [];

    private static void WriteTransaction(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.RequestId is not null)
        {
            json.WriteStartObject();
            json.WriteStartObject("what"u8);
            json.WriteStartObject("identifier"u8);
            json.WriteString("value"u8, entry.RequestId);
            json.WriteEndObject();
            json.WriteEndObject();
            AuditJson.WriteCoding(json, "type", BalpEntityType, "XrequestId", "XrequestId");
            if (entry.PurposeReason is not null)
            {
                json.WriteStartArray("detail"u8);
                AuditJson.WriteDetail(json, "reason", entry.PurposeReason);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }
    }

    private static void WriteDetails(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.Found is null && entry.Unscheduled is null)
        {
            return;
        }

        json.WriteStartArray("detail"u8);
        if (entry.Found is { } found)
        {
            AuditJson.WriteDetail(json, "found", found.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        if (entry.Unscheduled is { } unscheduled)
        {
            AuditJson.WriteDetail(json, "unscheduled", unscheduled ? "true" : "false");
            AuditJson.WriteDetail(json, "plan-found", entry.PlanFound == true ? "true" : "false");
        }

        json.WriteEndArray();
    }

    private static void StartEntity(
        Utf8JsonWriter json, string type, string typeDisplay, string role, string roleDisplay, Action? what)
    {
        json.WriteStartObject();
        if (what is not null)
        {
            json.WriteStartObject("what"u8);
            what();
            json.WriteEndObject();
        }

        AuditJson.WriteCoding(json, "type", EntityType, type, typeDisplay);
        AuditJson.WriteCoding(json, "role", EntityRole, role, roleDisplay);
    }

    private static string Recorded(TrailEntry entry) =>
        entry.Recorded.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
