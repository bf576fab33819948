using System.Text.Json;
using System.Text.RegularExpressions;
using CpIs.Server.Access;

namespace CpIs.Server.Metadata;

/// <summary>What an OpenAPI document says of one route: who may, what is asked, what is answered.</summary>
internal static partial class OpenApiParts
{
    /// <summary>Parameters that shape the answer of every search.</summary>
    private static readonly string[] Shapes =
        ["_count", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude"];

    private static readonly string[] OfHistory = ["_count", "_since", "_at"];

    private static readonly string[] Refusals = ["400", "401", "403", "404", "406", "429", "500", "503"];

    private static readonly string[] RefusalsOfBodies = ["409", "412", "413", "415", "422"];

    public static void WriteOperation(Utf8JsonWriter json, Route route)
    {
        var name = Operations.NameOf(route)?[1..] ?? route.Interaction;
        json.WriteStartObject(route.Method.ToLowerInvariant());
        json.WriteString("operationId"u8, Plain().Replace($"{route.Method}{ShowOpenApi.PathOf(route)}", "-").Trim('-'));
        json.WriteString("summary"u8, route.Resource.Length > 0 ? $"{name} of {route.Resource}" : name);
        json.WriteString("description"u8, Rights(route));
        json.WriteStartArray("tags"u8);
        json.WriteStringValue(route.Resource.Length > 0 ? route.Resource : route.Prefix);
        json.WriteEndArray();
        WriteParameters(json, route);
        if (route.Method is "POST" or "PUT" or "PATCH")
        {
            WriteBody(json, route);
        }

        WriteAnswers(json, route);
        WriteSecurity(json, route);
        json.WriteEndObject();
    }

    private static string Rights(Route route) => $"For {string.Join(", ", Access.Rights.Names(route.Who))}."
        + (route.Letter is { } letter ? $" Needs the scope {route.Resource}.{letter}." : "");

    private static void WriteParameters(Utf8JsonWriter json, Route route)
    {
        json.WriteStartArray("parameters"u8);
        foreach (var part in PartOfPath().Matches(ShowOpenApi.PathOf(route)).Select(m => m.Groups[1].Value))
        {
            WriteParameter(json, part, "path");
        }

        foreach (var (name, _) in route is { Interaction: "search-type", Method: "GET" }
            ? Searchable.Parameters(route.Resource) : [])
        {
            WriteParameter(json, name, "query");
        }

        foreach (var name in InQuery(route))
        {
            WriteParameter(json, name, "query");
        }

        foreach (var name in InHeader(route))
        {
            WriteParameter(json, name, "header");
        }

        json.WriteEndArray();
    }

    private static IEnumerable<string> InQuery(Route route)
    {
        var shapes = route is { Interaction: "search-type", Method: "GET" } ? Shapes
            : route.Interaction is "history-instance" or "history-type" ? OfHistory : [];
        var condition = route.Method == "PUT" && route.Path == "/" + route.Resource ? ["identifier"] : (string[])[];
        return [.. shapes, .. condition, .. route.Negotiated ? (string[])["_format", "_pretty"] : []];
    }

    private static IEnumerable<string> InHeader(Route route) => route switch
    {
        { Interaction: "create", Conditional: true } => ["X-Request-ID", "Prefer", "If-None-Exist"],
        { Interaction: "update" or "patch" or "delete" } => ["X-Request-ID", "Prefer", "If-Match"],
        { Interaction: "read" or "vread" } => ["X-Request-ID", "If-None-Match", "If-Modified-Since"],
        { Interaction: "transaction" } => ["X-Request-ID", "Prefer"],
        _ => ["X-Request-ID"],
    };

    private static void WriteParameter(Utf8JsonWriter json, string name, string place)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("in"u8, place);
        if (place == "path")
        {
            json.WriteBoolean("required"u8, true);
        }

        json.WriteStartObject("schema"u8);
        json.WriteString("type"u8, "string"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, Route route)
    {
        json.WriteStartObject("requestBody"u8);
        json.WriteStartObject("content"u8);
        switch (route)
        {
            case { Interaction: "search-type" }:
                WriteContent(json, "application/x-www-form-urlencoded", null);
                break;
            case { Interaction: "patch" }:
                WriteContent(json, "application/json-patch+json", null);
                break;
            default:
                WriteContent(json, Formats.Json, "Resource");
                WriteContent(json, Formats.Xml, "Resource");
                break;
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteAnswers(Utf8JsonWriter json, Route route)
    {
        var body = route.Method is "POST" or "PUT" or "PATCH";
        json.WriteStartObject("responses"u8);
        foreach (var status in Good(route))
        {
            WriteAnswer(json, status, "Done.", route.Negotiated && status != "204" ? route.Interaction switch
            {
                "search-type" or "transaction" or "history-instance" or "history-type" => "Bundle",
                _ => "Resource",
            } : null);
        }

        foreach (var status in Refusals.Concat(body ? RefusalsOfBodies : []).Order(StringComparer.Ordinal))
        {
            WriteAnswer(json, status, "Refused, and why.", "OperationOutcome");
        }

        json.WriteEndObject();
    }

    private static string[] Good(Route route) => route.Interaction switch
    {
        "create" => ["200", "201"],
        "update" => ["200", "201"],
        "delete" => ["204"],
        Operations.Interaction when route.Method != "GET" => ["200", "202"],
        _ => ["200"],
    };

    private static void WriteAnswer(Utf8JsonWriter json, string status, string description, string? schema)
    {
        json.WriteStartObject(status);
        json.WriteString("description"u8, description);
        if (schema is not null)
        {
            json.WriteStartObject("content"u8);
            WriteContent(json, Formats.Json, schema);
            WriteContent(json, Formats.Xml, schema);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter json, string type, string? schema)
    {
        json.WriteStartObject(type);
        json.WriteStartObject("schema"u8);
        if (schema is null)
        {
            json.WriteString("type"u8, "object"u8);
        }
        else
        {
            json.WriteString("$ref"u8, "#/components/schemas/" + schema);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSecurity(Utf8JsonWriter json, Route route)
    {
        json.WriteStartArray("security"u8);
        if (!route.Who.HasFlag(Who.Public))
        {
            json.WriteStartObject();
            json.WriteStartArray("token"u8);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    [GeneratedRegex("[^A-Za-z0-9_]+", RegexOptions.NonBacktracking)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\{(\w+)\}", RegexOptions.NonBacktracking)]
    private static partial Regex PartOfPath();
}
