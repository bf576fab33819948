using System.Runtime.InteropServices;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CpIs.Server.Plans;

/// <summary>
/// Reads what a council sends: media type, JSON or XML, profile; what does not pass is refused with every issue.
/// </summary>
internal sealed class Incoming(Profiles profiles)
{
    /// <summary>Depth of nesting a body may have.</summary>
    private const int DepthMax = 64;

    /// <summary>Parameters that say how to answer, not what is meant.</summary>
    private static readonly string[] Shapes = ["_format", "_pretty"];

    private static readonly JsonDocumentOptions Parsing =
        new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    /// <summary>The body as JSON.</summary>
    /// <exception cref="Refused">415 for another media type, 413 when too large, 400 when it cannot be
    /// parsed.</exception>
    public static async Task<JsonElement> BodyAsync(Call call) => Parse(await BytesAsync(call));

    /// <summary>The body as the bytes of JSON, sent as such or as XML.</summary>
    /// <exception cref="Refused">415 for another media type, 413 when too large, 400 for XML that is not
    /// FHIR's.</exception>
    public static async Task<byte[]> BytesAsync(Call call)
    {
        var xml = IsXml(call);
        var body = await call.ReadBodyAsync();
        return xml ? XmlBody.ToJson(body) : body;
    }

    /// <summary>Whether the body is XML rather than JSON.</summary>
    /// <exception cref="Refused">415 when it is neither, or not in UTF-8.</exception>
    public static bool IsXml(Call call) =>
        MediaTypeHeaderValue.TryParse(call.Http.Request.ContentType, out var type)
        && type.Charset.Value?.Trim('"') is var charset
        && (charset is null || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        && Formats.Known(type) is { } format
            ? format == Formats.Xml
            : throw new Refused(415, [new("error", "not-supported", DetailCode.Unsupported,
                "Bodies are application/fhir+json or application/fhir+xml, in UTF-8.")]);

    /// <summary>Checks a resource against our profile of its type.</summary>
    /// <exception cref="Refused">422 with every issue.</exception>
    public void Check(JsonElement resource, string resourceType)
    {
        var issues = profiles.Check(JsonMarshal.GetRawUtf8Value(resource).ToArray(), resourceType)
            .Where(i => i.Severity is IssueSeverity.Error or IssueSeverity.Fatal)
            .Select(i => new OutcomeIssue("error", i.Code, DetailCode.InvalidResource, i.Diagnostics, i.Expression))
            .ToList();
        if (issues.Count > 0)
        {
            throw new Refused(422, issues);
        }
    }

    /// <summary>A member's text, or null.</summary>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Version named by If-Match; null when the header is absent.</summary>
    /// <exception cref="Refused">412 when it is no version of ours.</exception>
    public static int? IfMatch(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        var text = header.StartsWith("W/", StringComparison.Ordinal) ? header[2..] : header;
        return int.TryParse(text.Trim('"'), System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out var version)
            ? version
            : throw Refused.Stale("If-Match names no version of this server.");
    }

    /// <summary>Whether a create is conditional; its condition must name the very identifier that is sent.</summary>
    /// <param name="condition">Value of If-None-Exist, such as <c>identifier=system|value</c>.</param>
    /// <param name="resource">What is sent, checked.</param>
    /// <param name="system">System of the identifier that decides; null where there is but one.</param>
    /// <exception cref="Refused">400 for any other condition.</exception>
    public static bool IfNoneExist(string? condition, JsonElement resource, string? system = null)
    {
        if (string.IsNullOrEmpty(condition))
        {
            return false;
        }

        RequireIdentifier(condition, resource, system);
        return true;
    }

    /// <summary>
    /// A condition is <c>identifier=system|value</c> of what is sent, and nothing else: any other could hit a resource
    /// that the sender did not mean.
    /// </summary>
    /// <exception cref="Refused">400 for any other condition.</exception>
    public static void RequireIdentifier(string? condition, JsonElement resource, string? system = null)
    {
        var query = QueryHelpers.ParseQuery(condition);
        foreach (var shape in Shapes)
        {
            query.Remove(shape);
        }

        var asked = query.Count == 1 && query.TryGetValue("identifier", out var one) && one.Count == 1
            ? one.ToString() : null;
        if (asked is null || !resource.GetProperty("identifier").EnumerateArray().Any(i =>
            (system is null || Text(i, "system") == system) && asked == $"{Text(i, "system")}|{Text(i, "value")}"))
        {
            throw Refused.BadSearch("A conditional write takes identifier=system|value of what is sent.");
        }
    }

    /// <summary>One JSON object.</summary>
    /// <exception cref="Refused">400 when it cannot be parsed, or is something else.</exception>
    public static JsonElement Parse(byte[] body)
    {
        var element = ParseAny(body);
        return element.ValueKind == JsonValueKind.Object ? element
            : throw Refused.BadBody("The body must be one JSON object.");
    }

    /// <summary>Any JSON that can be stored.</summary>
    /// <exception cref="Refused">400 when it cannot be parsed.</exception>
    public static JsonElement ParseAny(byte[] body)
    {
        try
        {
            var element = JsonDocument.Parse(body, Parsing).RootElement;
            RequireStorable(element);
            return element;
        }
        catch (JsonException broken)
        {
            throw Refused.BadBody(body.Length == 0 ? "The body is empty."
                : IsTooDeep(body) ? $"The body is nested deeper than {DepthMax}."
                : broken.LineNumber is null ? "The body has one member twice in the same object."
                : $"The body is no JSON: line {broken.LineNumber + 1}, byte {broken.BytePositionInLine}.");
        }
        catch (InvalidOperationException)
        {
            throw Refused.BadBody("The body holds a text that is no valid Unicode.");
        }
    }

    /// <summary>Whether what cannot be read is well formed as far as it goes, and only nested too deeply.</summary>
    private static bool IsTooDeep(byte[] body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = DepthMax + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= DepthMax)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        return false;
    }

    /// <summary>No NUL and no lone surrogate in any text: neither can be stored.</summary>
    private static void RequireStorable(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    Storable(member.Name);
                    RequireStorable(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    RequireStorable(item);
                }

                break;
            case JsonValueKind.String:
                Storable(element.GetString()!);
                break;
        }
    }

    private static void Storable(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw Refused.BadBody("The body holds a NUL character.");
        }
    }
}
