using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Notices;

namespace CpIs.Server.Metadata;

/// <summary>
/// What the CapabilityStatement says of one resource type, read off its routes and its parameter table.
/// </summary>
internal static class CapabilityParts
{
    public static void WriteResource(Utf8JsonWriter json, Profiles profiles, string type, List<Route> routes)
    {
        json.WriteStartObject();
        if (type == "Subscription")
        {
            WriteTopics(json);
        }

        json.WriteString("type"u8, type);
        WriteProfiles(json, profiles, type);
        json.WriteString("documentation"u8, Rights.Of(type));
        WriteInteractions(json, routes.Where(r => r.Interaction != Operations.Interaction)
            .DistinctBy(r => r.Interaction));
        WriteVersions(json, type, routes);
        WriteConditions(json, type, routes);
        WriteStrings(json, "searchInclude", Searchable.Includes(type));
        WriteStrings(json, "searchRevInclude", Searchable.RevIncludes(type));
        WriteParameters(json, profiles, type);
        WriteOperations(json, routes);
        json.WriteEndObject();
    }

    /// <summary>Operations by the last part of their path; polling and fetching are not operations.</summary>
    public static void WriteOperations(Utf8JsonWriter json, IEnumerable<Route> routes)
    {
        var operations = Operations.Of(routes).ToList();
        if (operations.Count == 0)
        {
            return;
        }

        json.WriteStartArray("operation"u8);
        foreach (var (name, definition) in operations)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name[1..]);
            json.WriteString("definition"u8, definition);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteInteractions(Utf8JsonWriter json, IEnumerable<Route> routes)
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

    public static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
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

    /// <summary>
    /// Everything of a type keeps our profile of it, so that is what is required and what is supported.
    /// </summary>
    private static void WriteProfiles(Utf8JsonWriter json, Profiles profiles, string type)
    {
        var canonical = Systems.Profile(type);
        if (profiles.Definitions.Any(d => d.Url == canonical))
        {
            json.WriteString("profile"u8, canonical);
            WriteStrings(json, "supportedProfile", [canonical]);
        }
    }

    /// <summary>What is written has versions; what is projected or published has none.</summary>
    private static void WriteVersions(Utf8JsonWriter json, string type, List<Route> routes)
    {
        var versioned = routes.Exists(r => r.Interaction == "update");
        json.WriteString("versioning"u8, versioned ? "versioned" : "no-version");
        json.WriteBoolean("readHistory"u8, routes.Exists(r => r.Interaction == "vread"));
        json.WriteBoolean("updateCreate"u8, routes.Exists(r => r is { Interaction: "update", Creates: true }));
        json.WriteString("conditionalRead"u8, routes.Find(r => r.Interaction == "read") switch
        {
            null => "not-supported",
            { Who: Who.Public } => "not-match",
            _ => "full-support",
        });
    }

    /// <summary>A condition stands in a header of a create, or instead of the id of an update or a deletion.</summary>
    private static void WriteConditions(Utf8JsonWriter json, string type, List<Route> routes)
    {
        json.WriteBoolean("conditionalCreate"u8, routes.Exists(r => r is { Interaction: "create", Conditional: true }));
        json.WriteBoolean("conditionalUpdate"u8,
            routes.Exists(r => r.Interaction == "update" && r.Path == "/" + type));
        json.WriteString("conditionalDelete"u8,
            routes.Exists(r => r.Interaction == "delete" && r.Path == "/" + type) ? "single"u8 : "not-supported"u8);
    }

    /// <summary>Parameters of ours name where they are defined; the others are R4's.</summary>
    private static void WriteParameters(Utf8JsonWriter json, Profiles profiles, string type)
    {
        var parameters = Searchable.Parameters(type);
        if (parameters.Count == 0)
        {
            return;
        }

        json.WriteStartArray("searchParam"u8);
        foreach (var (name, kind) in parameters)
        {
            var ours = $"{Systems.Base}/SearchParameter/CpIs-{type}-{name}";
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            if (profiles.Definitions.Any(d => d.Url == ours))
            {
                json.WriteString("definition"u8, ours);
            }

            json.WriteString("type"u8, kind);
            json.WriteEndObject();
        }

        json.WriteEndArray();
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
}
