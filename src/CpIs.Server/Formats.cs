using System.Text;
using System.Text.Json;
using System.Xml;
using CpIs.Fhir;
using CpIs.Server.Access;
using Hl7.Fhir.Serialization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CpIs.Server;

/// <summary>
/// In which format an answer is wanted, and the answer in that format: JSON as it is stored, the same laid out for
/// reading, or XML. http://hl7.org/fhir/R4/http.html#mime-type
/// </summary>
internal static class Formats
{
    public const string Json = "application/fhir+json";
    public const string Xml = "application/fhir+xml";

    /// <summary>Ranges of an Accept header that are looked at.</summary>
    private const int RangesMax = 32;

    private static readonly object XmlWanted = new();
    private static readonly object PrettyWanted = new();
    private static readonly object PartOfAnswer = new();
    private static readonly JsonWriterOptions Compact = Outcome.Writing;
    private static readonly JsonWriterOptions Indented = Outcome.Writing with { Indented = true };

    private static readonly FhirXmlSerializer Serializer = new();

    private static readonly FhirJsonDeserializer Parser =
        new(new DeserializerSettings().UsingMode(DeserializationMode.Recoverable));

    /// <summary>Settles the answer's format. Not to have it is refused, once it is known whom (406).</summary>
    public static Refused? Negotiate(HttpContext http)
    {
        var query = http.Request.Query;
        Lay(http, query["_pretty"]);
        var format = query["_format"].ToString();
        return Settle(http, format.Length > 0 ? OfName(format) : OfHeader(http.Request.Headers.Accept.ToString()));
    }

    /// <summary>Settles the format by a posted search's form, which may name it as a URL may.</summary>
    /// <exception cref="Refused">406 for a format that is not served.</exception>
    public static void Negotiate(HttpContext http, IReadOnlyDictionary<string, StringValues> form)
    {
        Lay(http, form.GetValueOrDefault("_pretty"));
        if (form.TryGetValue("_format", out var format) && Settle(http, OfName(format.ToString())) is { } refused)
        {
            throw refused;
        }
    }

    /// <summary>The answer becomes a part of another, whose format is settled once, for the whole.</summary>
    public static void Inside(HttpContext http) => http.Items[PartOfAnswer] = true;

    /// <summary>FHIR JSON in the format settled for this answer, and what that is called.</summary>
    public static (string Type, ReadOnlyMemory<byte> Body) Of(HttpContext http, ReadOnlyMemory<byte> json)
    {
        if (http.Items.ContainsKey(PartOfAnswer))
        {
            return (Json, json);
        }

        var pretty = http.Items.ContainsKey(PrettyWanted);
        return http.Items.ContainsKey(XmlWanted) ? (Xml, ToXml(json, pretty))
            : (Json, pretty ? Laid(json, Indented) : json);
    }

    private static Refused? Settle(HttpContext http, string? wanted)
    {
        http.Items.Remove(XmlWanted);
        if (wanted == Xml)
        {
            http.Items[XmlWanted] = true;
        }

        return wanted is not null ? null : new Refused(406, [new("error", "not-supported", DetailCode.Unsupported,
            "Answers are application/fhir+json or application/fhir+xml.")]);
    }

    private static void Lay(HttpContext http, StringValues pretty)
    {
        if (pretty == "true")
        {
            http.Items[PrettyWanted] = true;
        }
    }

    /// <summary>The same JSON without the blanks between its parts.</summary>
    public static ReadOnlyMemory<byte> Dense(ReadOnlyMemory<byte> json) => Laid(json, Compact);

    /// <summary>Whether a media type is ours, of the version of FHIR that we speak; else null.</summary>
    /// <param name="type">Type of a body, or one range of an Accept header.</param>
    public static string? Known(MediaTypeHeaderValue type)
    {
        var version = type.Parameters.FirstOrDefault(p => p.Name.Equals("fhirVersion",
            StringComparison.OrdinalIgnoreCase))?.GetUnescapedValue();
        return version.HasValue && version.Value != "4.0" ? null : type.MediaType.Value?.ToLowerInvariant() switch
        {
            Json or "application/json" or "text/json" => Json,
            Xml or "application/xml" or "text/xml" => Xml,
            _ => null,
        };
    }

    /// <summary><c>_format</c>: a short name or a media type, whose plus sign a URL may have made a blank.</summary>
    private static string? OfName(string format) => format switch
    {
        "json" => Json,
        "xml" => Xml,
        _ => OfHeader(format.Replace(' ', '+')),
    };

    /// <summary>The best of what is accepted: by weight, then in the order written; weight 0 rules out.</summary>
    private static string? OfHeader(string accept)
    {
        if (accept.Length == 0 || accept == "*/*" || accept == Json)
        {
            return Json;
        }

        var ranges = accept.Split(',', RangesMax).Select(one => MediaTypeHeaderValue.TryParse(one, out var range)
            ? range : null).OfType<MediaTypeHeaderValue>().ToList();
        var never = ranges.Where(r => r.Quality == 0).Select(Known).ToList();
        return ranges.Where(r => r.Quality != 0).OrderByDescending(r => r.Quality ?? 1)
            .SelectMany(r => r.MediaType.Value is "*/*" or "application/*" ? [Json, Xml] : (string?[])[Known(r)])
            .FirstOrDefault(known => known is not null && !never.Contains(known));
    }

    private static byte[] ToXml(ReadOnlyMemory<byte> json, bool pretty)
    {
        var resource = Parser.DeserializeResource(Encoding.UTF8.GetString(json.Span));
        using var xml = new MemoryStream();
        using (var writer = XmlWriter.Create(xml, new() { Encoding = new UTF8Encoding(false), Indent = pretty }))
        {
            Serializer.Serialize(resource, writer);
        }

        return xml.ToArray();
    }

    private static ReadOnlyMemory<byte> Laid(ReadOnlyMemory<byte> json, JsonWriterOptions options)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(json.Length);
        using (var document = JsonDocument.Parse(json))
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            document.RootElement.WriteTo(writer);
        }

        return buffer.WrittenMemory;
    }
}
