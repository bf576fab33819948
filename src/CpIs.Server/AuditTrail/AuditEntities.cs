using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// What an entry is about: the resource, the person, the search, and the request with its circumstances. BALP tells
/// these apart by their type alone and allows one of each, so further resources carry their own type as code, and the
/// circumstances stand with the request id and not with the search.
/// </summary>
internal static class AuditEntities
{
    private const string SystemObject = "2";

    public static void Write(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteStartArray("entity"u8);
        WriteData(json, entry);
        WritePatient(json, entry);
        WriteQuery(json, entry);
        WriteRequest(json, entry);
        json.WriteEndArray();
    }

    /// <summary>The resource read or written; of a refused request, the one asked for. A search has none.</summary>
    public static string? MainResource(TrailEntry entry)
    {
        if (IsSearch(entry))
        {
            return null;
        }

        var asked = entry is { ResourceType: { } type, ResourceId: { } id } ? $"{type}/{id}" : null;
        return entry.Disclosed.FirstOrDefault(d => asked is null || d == asked || d.StartsWith(asked + "/", Ordinal))
            ?? asked ?? entry.Disclosed.FirstOrDefault();
    }

    private static bool IsSearch(TrailEntry entry) => entry.Interaction is "search-type" or "operation";

    private static void WriteData(Utf8JsonWriter json, TrailEntry entry)
    {
        var main = MainResource(entry);
        if (main is not null)
        {
            WriteResource(json, AuditEventMap.EntityType, SystemObject, "System Object", main);
        }

        foreach (var reference in entry.Disclosed.Where(d => d != main))
        {
            var type = reference[..Math.Max(reference.IndexOf('/', Ordinal), 0)];
            WriteResource(json, AuditEventMap.ResourceTypes, type, type, reference);
        }
    }

    private static void WriteResource(
        Utf8JsonWriter json, string system, string type, string display, string reference)
    {
        json.WriteStartObject();
        json.WriteStartObject("what"u8);
        json.WriteString("reference"u8, reference);
        json.WriteEndObject();
        AuditJson.WriteCoding(json, "type", system, type, display);
        WriteRole(json, "4", "Domain Resource");
        json.WriteEndObject();
    }

    private static void WritePatient(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.NhsNumber is not { } number)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("what"u8);
        json.WriteString("reference"u8, "Patient/" + number);
        AuditJson.WriteIdentifier(json, Systems.NhsNumber, number);
        json.WriteEndObject();
        AuditJson.WriteCoding(json, "type", AuditEventMap.EntityType, "1", "Person");
        WriteRole(json, "1", "Patient");
        json.WriteEndObject();
    }

    /// <summary>The request as it came, byte for byte; BALP lets nothing else stand here.</summary>
    private static void WriteQuery(Utf8JsonWriter json, TrailEntry entry)
    {
        if (entry.Query is null || !IsSearch(entry))
        {
            return;
        }

        json.WriteStartObject();
        AuditJson.WriteCoding(json, "type", AuditEventMap.EntityType, SystemObject, "System Object");
        WriteRole(json, "24", "Query");
        json.WriteBase64String("query"u8, entry.Query);
        json.WriteEndObject();
    }

    /// <summary>The request id and the circumstances; without a request these stand by themselves.</summary>
    private static void WriteRequest(Utf8JsonWriter json, TrailEntry entry)
    {
        json.WriteStartObject();
        if (entry.RequestId is { } request)
        {
            json.WriteStartObject("what"u8);
            AuditJson.WriteIdentifier(json, null, request);
            json.WriteEndObject();
            AuditJson.WriteCoding(json, "type", AuditEventMap.BalpEntityType, "XrequestId", "XrequestId");
        }
        else
        {
            AuditJson.WriteCoding(json, "type", AuditEventMap.EntityType, "4", "Other");
        }

        json.WriteStartArray("detail"u8);
        WriteDetails(json, entry);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, TrailEntry entry)
    {
        void Add(string type, string? value)
        {
            if (value is not null)
            {
                AuditJson.WriteDetail(json, type, value);
            }
        }

        Add("status", entry.Status > 0 ? entry.Status.ToString(CultureInfo.InvariantCulture) : null);
        Add("found", entry.Found?.ToString(CultureInfo.InvariantCulture));
        Add("setting", entry.Setting);
        Add("activity", entry.ActivityCode);
        Add("unscheduled", Truth(entry.Unscheduled));
        Add("plan-found", Truth(entry.PlanFound));
        Add("reason", entry.PurposeReason);
        Add("first-of-answer", entry.GroupPosition is { } first
            ? string.Create(CultureInfo.InvariantCulture, $"{entry.Lane}/{first}") : null);
        Add("position", string.Create(CultureInfo.InvariantCulture, $"{entry.Lane}/{entry.Position}"));
    }

    private static void WriteRole(Utf8JsonWriter json, string code, string display) =>
        AuditJson.WriteCoding(json, "role", AuditEventMap.EntityRole, code, display);

    private static string? Truth(bool? value) => value is null ? null : value.Value ? "true" : "false";

    private const StringComparison Ordinal = StringComparison.Ordinal;
}
