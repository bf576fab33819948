using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using Microsoft.AspNetCore.Http.Features;

namespace CpIs.Server.Bundles;

/// <summary>
/// An entry of a batch as the request it stands for: who asks, why and under which id are the batch's, what is asked is
/// the entry's.
/// </summary>
internal sealed class EntryRequest : IDisposable
{
    private const string PreferMinimal = "return=minimal";

    /// <summary>Headers that say who asks and why.</summary>
    private static readonly string[] Inherited =
    [
        "Authorization", "X-Request-ID", "X-Correlation-ID", "IsUnscheduledAccessEvent", "IsUnscheduledEvent",
        "X-Purpose-Of-Use", "X-Purpose-Reason", "NHSD-End-User-Organisation-ODS", "NHSD-Session-URID", "Prefer",
    ];

    private readonly MemoryStream sent;
    private readonly MemoryStream answered = new();

    public EntryRequest(Call batch, BundleEntry entry, RouteValueDictionary values)
    {
        var outer = batch.Http;
        Http = new DefaultHttpContext { RequestServices = outer.RequestServices, RequestAborted =
            outer.RequestAborted };
        Http.Connection.RemoteIpAddress = outer.Connection.RemoteIpAddress;
        var request = Http.Request;
        (request.Method, request.Scheme, request.Host) = (entry.Method, outer.Request.Scheme, outer.Request.Host);
        request.Path = PathString.FromUriComponent($"{Routes.Prefix}/{entry.Path}");
        request.QueryString = new(entry.Query);
        request.RouteValues = values;
        Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget =
            $"{Routes.Prefix}/{entry.Path}{entry.Query}";
        foreach (var name in Inherited.Where(outer.Request.Headers.ContainsKey))
        {
            request.Headers[name] = outer.Request.Headers[name];
        }

        AddConditions(request.Headers, entry);
        var (type, body) = BodyOf(entry);
        sent = new MemoryStream(body, writable: false);
        request.Body = sent;
        if (type is not null)
        {
            (request.ContentType, request.ContentLength) = (type, body.Length);
        }

        Http.Response.Body = answered;
        Formats.Inside(Http);
    }

    public HttpContext Http { get; }

    /// <summary>The answer's body as far as it was written.</summary>
    public ReadOnlyMemory<byte> Body => answered.GetBuffer().AsMemory(0, (int)answered.Length);

    public void Dispose()
    {
        sent.Dispose();
        answered.Dispose();
    }

    private static void AddConditions(IHeaderDictionary headers, BundleEntry entry)
    {
        foreach (var (header, name) in ((string, string)[])[
            ("If-Match", "ifMatch"), ("If-None-Match", "ifNoneMatch"), ("If-None-Exist", "ifNoneExist")])
        {
            if (entry.Text(name) is { } value)
            {
                headers[header] = value;
            }
        }

        if (DateTimeOffset.TryParse(entry.Text("ifModifiedSince"), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var since))
        {
            headers.IfModifiedSince = since.ToString("R", CultureInfo.InvariantCulture);
        }

        if (!IsRead(entry.Method) && !headers["Prefer"].ToString().Contains("return=", StringComparison.Ordinal))
        {
            headers.Append("Prefer", PreferMinimal);
        }
    }

    /// <summary>A patch comes as a Binary; everything else as it is.</summary>
    private static (string? Type, byte[] Body) BodyOf(BundleEntry entry)
    {
        if (entry.Sent is not { } resource || IsRead(entry.Method))
        {
            return (null, []);
        }

        return entry.Method == "PATCH" && Incoming.Text(resource, "resourceType") == "Binary"
            && resource.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.String
            && data.TryGetBytesFromBase64(out var patch)
            ? (Incoming.Text(resource, "contentType"), patch)
            : ("application/fhir+json", JsonMarshal.GetRawUtf8Value(resource).ToArray());
    }

    private static bool IsRead(string method) => method is "GET" or "HEAD";
}
