using System.Globalization;
using System.Security.Cryptography;
using CpIs.Fhir;
using CpIs.Server.Searching;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CpIs.Server;

/// <summary>
/// Puts resources on the wire: status, version, and whether anybody may keep them.
/// </summary>
internal static class Answers
{
    /// <summary>Bytes of a digest that an ETag shows: enough that no two answers share one.</summary>
    private const int TagBytes = 12;

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

    /// <summary>
    /// What says nothing about anybody and changes with a release or the configuration: anybody may keep it for a time.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="body">FHIR JSON.</param>
    /// <param name="tag">ETag of what it says.</param>
    /// <param name="keepSeconds">How long it may be kept.</param>
    /// <param name="type">Media type of what is no FHIR.</param>
    public static Task PublicAsync(
        HttpContext http, ReadOnlyMemory<byte> body, string tag, int keepSeconds, string? type = null)
    {
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Vary = "Accept";
        var keep = $"public, max-age={keepSeconds}";
        if (http.Request.Method is "GET" or "HEAD" && Names(http.Request.Headers.IfNoneMatch, tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            http.Response.Headers.CacheControl = keep;
            return Task.CompletedTask;
        }

        return SendAsync(http, StatusCodes.Status200OK, body, keep, type);
    }

    /// <summary>An ETag made from what is said: weak, since JSON and XML of it share it.</summary>
    public static string Tag(ReadOnlySpan<byte> said) =>
        $"W/\"{Convert.ToHexStringLower(SHA256.HashData(said).AsSpan(0, TagBytes))}\"";

    /// <summary>Any FHIR JSON, turned into XML where the caller asked for that; nobody may keep it.</summary>
    public static Task BytesAsync(HttpContext http, int status, ReadOnlyMemory<byte> body) =>
        SendAsync(http, status, body, "no-store");

    private static Task SendAsync(
        HttpContext http, int status, ReadOnlyMemory<byte> json, string keep, string? otherType = null)
    {
        var response = http.Response;
        var (type, body) = otherType is null ? Formats.Of(http, json) : (otherType, json);
        response.StatusCode = status;
        response.Headers.CacheControl = keep;
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentType = type + "; charset=utf-8";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(http.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    private static bool Names(StringValues ifNoneMatch, string tag) => ifNoneMatch == "*"
        || (EntityTagHeaderValue.TryParseList(ifNoneMatch, out var tags)
            && tags.Any(one => one.Compare(EntityTagHeaderValue.Parse(tag), useStrongComparison: false)));
}
