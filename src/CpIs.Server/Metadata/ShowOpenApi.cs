using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Metadata;

/// <summary>
/// The same route table as an OpenAPI document, for tools that know no FHIR. What a resource holds is left to the
/// profiles it points at. https://spec.openapis.org/oas/v3.0.3
/// </summary>
internal static class ShowOpenApi
{
    public const string Path = "/openapi.json";

    /// <summary>Seconds for which the document may be kept.</summary>
    private const int KeepSeconds = 300;

    private static readonly string Version = typeof(ShowOpenApi).Assembly.GetName().Version!.ToString(3);

    public static Task AnswerAsync(Call call)
    {
        var document = Render($"{call.Http.Request.Scheme}://{call.Http.Request.Host}");
        return Answers.PublicAsync(
            call.Http, document, Answers.Tag(document.Span), KeepSeconds, "application/json");
    }

    /// <summary>A path as OpenAPI writes it: names of its parts without their kinds.</summary>
    public static string PathOf(Route route)
    {
        var path = (route.Prefix + route.Path).Replace("{**", "{", StringComparison.Ordinal)
            .Replace(":int}", "}", StringComparison.Ordinal);
        return path.EndsWith('/') ? path[..^1] : path;
    }

    private static ReadOnlyMemory<byte> Render(string root)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("openapi"u8, "3.0.3"u8);
            WriteInfo(json, root);
            WritePaths(json);
            WriteShared(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteInfo(Utf8JsonWriter json, string root)
    {
        json.WriteStartObject("info"u8);
        json.WriteString("title"u8, "CpIs: child protection information sharing, FHIR R4"u8);
        json.WriteString("version"u8, Version);
        json.WriteString("description"u8,
            "Made from the server's route table. What resources hold is said by the profiles under "u8
            + "/FHIR/R4/StructureDefinition, what searches take by /FHIR/R4/metadata."u8);
        json.WriteStartObject("license"u8);
        json.WriteString("name"u8, "Apache-2.0"u8);
        json.WriteString("url"u8, "https://www.apache.org/licenses/LICENSE-2.0"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("servers"u8);
        json.WriteStartObject();
        json.WriteString("url"u8, root);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WritePaths(Utf8JsonWriter json)
    {
        json.WriteStartObject("paths"u8);
        foreach (var path in Routes.Table.Concat(Routes.Log).GroupBy(PathOf))
        {
            json.WriteStartObject(path.Key);
            foreach (var route in path)
            {
                OpenApiParts.WriteOperation(json, route);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>What operations refer to.</summary>
    private static void WriteShared(Utf8JsonWriter json)
    {
        json.WriteStartObject("components"u8);
        json.WriteStartObject("securitySchemes"u8);
        json.WriteStartObject("token"u8);
        json.WriteString("type"u8, "http"u8);
        json.WriteString("scheme"u8, "bearer"u8);
        json.WriteString("bearerFormat"u8, "JWT"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("schemas"u8);
        WriteSchema(json, "Resource", "A FHIR R4 resource.");
        WriteSchema(json, "Bundle", "A FHIR R4 Bundle.");
        WriteSchema(json, "OperationOutcome", "Why there is no other answer, as a FHIR R4 OperationOutcome.");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSchema(Utf8JsonWriter json, string name, string description)
    {
        json.WriteStartObject(name);
        json.WriteString("type"u8, "object"u8);
        json.WriteString("description"u8, description);
        json.WriteStartObject("properties"u8);
        json.WriteStartObject("resourceType"u8);
        json.WriteString("type"u8, "string"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("required"u8);
        json.WriteStringValue("resourceType"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
