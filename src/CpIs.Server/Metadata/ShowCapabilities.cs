using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.AuditTrail;
using CpIs.Server.Encounters;
using CpIs.Server.Notices;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Metadata;

/// <summary>
/// The CapabilityStatement, made from the route table and the parameter tables, so that it says what is served and
/// nothing else. http://hl7.org/fhir/R4/capabilitystatement.html
/// </summary>
internal static class ShowCapabilities
{
    /// <summary>Day on which the shape of the statement last changed.</summary>
    private const string Date = "2026-11-23";

    private const string Operation = "operation";

    private static readonly Dictionary<string, string> Operations = new()
    {
        ["$validate"] = "http://hl7.org/fhir/OperationDefinition/Resource-validate",
        ["$export"] = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
        ["$child-protection-summary"] = Systems.Base + "/OperationDefinition/CpIs-ChildProtectionSummary",
        ["$submit-register"] = Systems.Base + "/OperationDefinition/CpIs-SubmitRegister",
        ["$set-live"] = Systems.Base + "/OperationDefinition/CpIs-SetLive",
        ["$unregistered"] = Systems.Base + "/OperationDefinition/CpIs-Unregistered",
        ["$submit-caseload"] = Systems.Base + "/OperationDefinition/CpIs-SubmitCaseload",
        ["$status"] = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status",
        ["$events"] = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events",
        ["$inclusion-proof"] = Systems.Base + "/OperationDefinition/CpIs-InclusionProof",
    };

    private static readonly Dictionary<string, (string Name, string Type)[]> SearchParameters = new()
    {
        ["Flag"] = [.. PlanParameters.Of(PlanView.Flag).Select(p => (p.Name, p.Type))],
        ["EpisodeOfCare"] = [.. PlanParameters.Of(PlanView.Episode).Select(p => (p.Name, p.Type))],
        ["Patient"] = [.. SearchPatients.Parameters.Select(p => (p.Name, p.Type))],
        ["Encounter"] = [.. EncounterParameters.All.Select(p => (p.Name, p.Type))],
        ["Organization"] = [.. SearchOrganizations.Parameters.Select(p => (p.Name, p.Type))],
        ["CareTeam"] = [("patient", "reference")],
        ["Subscription"] = [.. ShowSubscriptions.Parameters.Select(p => (p.Name, p.Type))],
        ["AuditEvent"] = [.. TrailParameters.All],
    };

    public static Task AnswerAsync(Call call) => Answers.BytesAsync(call.Http, 200, Render(call.Base));

    private static ReadOnlyMemory<byte> Render(string url)
    {
        var buffer = new ArrayBufferWriter<byte>(8192);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "CapabilityStatement"u8);
            json.WriteString("status"u8, "active"u8);
            json.WriteString("date"u8, Date);
            json.WriteString("publisher"u8, "CpIs"u8);
            json.WriteString("kind"u8, "instance"u8);
            json.WriteStartObject("software"u8);
            json.WriteString("name"u8, "CpIs"u8);
            json.WriteString("version"u8, typeof(ShowCapabilities).Assembly.GetName().Version!.ToString(3));
            json.WriteEndObject();
            json.WriteStartObject("implementation"u8);
            json.WriteString("description"u8, "Child protection information sharing"u8);
            json.WriteString("url"u8, url);
            json.WriteEndObject();
            json.WriteString("fhirVersion"u8, "4.0.1"u8);
            WriteStrings(json, "format", ["application/fhir+json", "application/fhir+xml"]);
            WriteStrings(json, "patchFormat", ["application/json-patch+json"]);
            WriteRest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteRest(Utf8JsonWriter json)
    {
        json.WriteStartArray("rest"u8);
        json.WriteStartObject();
        json.WriteString("mode"u8, "server"u8);
        json.WriteStartObject("security"u8);
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
        json.WriteStartArray("resource"u8);
        foreach (var type in Routes.Table.Where(r => r.Resource.Length > 0).GroupBy(r => r.Resource))
        {
            WriteResource(json, type.Key, [.. type]);
        }

        json.WriteEndArray();
        WriteInteractions(json, Routes.Table.Where(r => r is { Resource: "", Interaction: "transaction" or "batch" }));
        WriteOperations(json, Routes.Table.Where(r => r.Resource.Length == 0));
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteResource(Utf8JsonWriter json, string type, List<Route> routes)
    {
        json.WriteStartObject();
        if (type == "Subscription")
        {
            WriteTopics(json);
        }

        json.WriteString("type"u8, type);
        json.WriteString("profile"u8, Systems.Profile(type));
        json.WriteString("documentation"u8, Rights.Of(type));
        WriteInteractions(json, routes.Where(r => r.Interaction != Operation).DistinctBy(r => r.Interaction));
        var versioned = type != "AuditEvent" && routes.Exists(r => r.Interaction == "read");
        json.WriteString("versioning"u8, versioned ? "versioned" : "no-version");
        json.WriteBoolean("readHistory"u8, routes.Exists(r => r.Interaction == "vread"));
        json.WriteBoolean("updateCreate"u8, type == "Patient");
        json.WriteBoolean("conditionalCreate"u8, routes.Exists(r => r.Interaction == "create")
            && type != "Subscription");
        json.WriteString("conditionalRead"u8,
            routes.Exists(r => r.Interaction == "read") ? "full-support"u8 : "not-supported"u8);
        json.WriteBoolean("conditionalUpdate"u8, routes.Exists(r => r.Method == "PUT" && r.Path == "/" + type));
        json.WriteString("conditionalDelete"u8, "not-supported"u8);
        if (type is "Flag" or "EpisodeOfCare")
        {
            var view = type == "Flag" ? PlanView.Flag : PlanView.Episode;
            WriteStrings(json, "searchInclude", PlanParameters.Includes(view));
            WriteStrings(json, "searchRevInclude", PlanParameters.RevIncludes(view));
        }

        if (SearchParameters.TryGetValue(type, out var parameters))
        {
            json.WriteStartArray("searchParam"u8);
            foreach (var (name, kind) in parameters)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, name);
                json.WriteString("type"u8, kind);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        WriteOperations(json, routes);
        json.WriteEndObject();
    }

    /// <summary>R4 has no resource for topics: they are listed where they can be subscribed to.</summary>
    private static void WriteTopics(Utf8JsonWriter json)
    {
        json.WriteStartArray("extension"u8);
        foreach (var topic in Topic.All)
        {
            json.WriteStartObject();
            json.WriteString("url"u8, Systems.Backport + "capabilitystatement-subscriptiontopic-canonical");
            json.WriteString("valueCanonical"u8, topic.Url);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Operations by the last part of their path; polling and fetching are not operations.</summary>
    private static void WriteOperations(Utf8JsonWriter json, IEnumerable<Route> routes)
    {
        var names = routes.Where(r => r.Interaction == Operation).Select(r => r.Path[(r.Path.LastIndexOf('/') + 1)..])
            .Where(name => Operations.ContainsKey(name)).Distinct().ToList();
        if (names.Count == 0)
        {
            return;
        }

        json.WriteStartArray("operation"u8);
        foreach (var name in names)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name[1..]);
            json.WriteString("definition"u8, Operations[name]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteInteractions(Utf8JsonWriter json, IEnumerable<Route> routes)
    {
        json.WriteStartArray("interaction"u8);
        foreach (var route in routes)
        {
            json.WriteStartObject();
            json.WriteString("code"u8, route.Interaction);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
