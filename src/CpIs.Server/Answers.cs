using System.Globalization;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;
using Hl7.Fhir.Serialization;
using Microsoft.Extensions.Primitives;

namespace CpIs.Server;

/// <summary>
/// Puts resources on the wire: format by <c>Accept</c> or <c>_format</c>, versions, no storing by anybody.
/// </summary>
internal static class Answers
{
    private const string Json = "application/fhir+json";
    private const string Xml = "application/fhir+xml";
    private static readonly object XmlWanted = new();

    private static readonly FhirJsonDeserializer Parser =
        new(new DeserializerSettings().UsingMode(DeserializationMode.Recoverable));

    /// <summary>Settles the answer's format. Not to have it is refused, once it is known whom (406).</summary>
    public static Refused? Negotiate(HttpContext http)
    {
        var format = http.Request.Query["_format"].ToString();
        var wanted = format.Length > 0 ? [format] : http.Request.Headers.Accept.ToString()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Negotiate(http, wanted);
    }

    private static Refused? Negotiate(HttpContext http, string[] wanted)
    {
        foreach (var one in wanted.DefaultIfEmpty("*/*"))
        {
            switch (one.Split(';')[0].Replace(' ', '+').ToLowerInvariant())
            {
                case "json" or "application/json" or Json or "*/*" or "application/*" or "text/json":
                    http.Items.Remove(XmlWanted);
                    return null;
                case "xml" or "application/xml" or Xml or "text/xml":
                    http.Items[XmlWanted] = true;
                    return null;
            }
        }

        return new Refused(406, [new("error", "not-supported", DetailCode.Unsupported,
            "Answers are application/fhir+json or application/fhir+xml.")]);
    }

    /// <summary>Settles the format by a posted search's form, which may name it as a URL may.</summary>
    /// <exception cref="Refused">406 for a format that is not served.</exception>
    public static void Negotiate(HttpContext http, IReadOnlyDictionary<string, StringValues> form)
    {
        if (form.TryGetValue("_format", out var format) && Negotiate(http, [format.ToString()]) is { } refused)
        {
            throw refused;
        }
    }

    /// <summary>One resource as it is stored, or the part of it that was asked for.</summary>
    public static Task ResourceAsync(HttpContext http, int status, byte[] body, int version, DateTimeOffset updated)
    {
        var etag = $"W/\"{version}\"";
        http.Response.Headers.ETag = etag;
        http.Response.Headers.LastModified = updated.ToString("R", CultureInfo.InvariantCulture);
        if (status == 200 && http.Request.Method is "GET" or "HEAD" && IsHeld(http.Request, etag, version, updated))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            http.Response.Headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }

        return BytesAsync(http, status, status == 200 ? Narrowing.Shown(http, body) : body);
    }

    /// <summary>
    /// http://hl7.org/fhir/R4/http.html#cread. A date knows no parts of a second: where an older version may have been
    /// made in the same one, nobody is told that nothing has changed.
    /// </summary>
    private static bool IsHeld(HttpRequest request, string etag, int version, DateTimeOffset updated)
    {
        if (request.Headers.IfNoneMatch.ToString() is { Length: > 0 } tags)
        {
            return tags.Split(',', StringSplitOptions.TrimEntries).Any(t => t is "*" || t == etag || "W/" + t == etag);
        }

        return request.GetTypedHeaders().IfModifiedSince is { } since
            && (updated <= since || (version == 1 && updated < since.AddSeconds(1)));
    }

    public static Task OutcomeAsync(HttpContext http, int status, IReadOnlyList<OutcomeIssue> issues) =>
        BytesAsync(http, status, Outcome.Render(issues));

    /// <summary>Any FHIR JSON, turned into XML where the caller asked for that.</summary>
    public static Task BytesAsync(HttpContext http, int status, ReadOnlyMemory<byte> body)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (http.Items.ContainsKey(XmlWanted))
        {
            response.ContentType = Xml + "; charset=utf-8";
            body = ToXml(body);
        }
        else
        {
            response.ContentType = Json + "; charset=utf-8";
        }

        response.ContentLength = body.Length;
        return HttpMethods.IsHead(http.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    private static byte[] ToXml(ReadOnlyMemory<byte> json)
    {
        var resource = Parser.DeserializeResource(System.Text.Encoding.UTF8.GetString(json.Span));
        return System.Text.Encoding.UTF8.GetBytes(new FhirXmlSerializer().SerializeToString(resource));
    }
}
