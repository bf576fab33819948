using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CpIs.Fhir;

namespace CpIs.Faults;

/// <summary>An answer received whole, and what it shows, read from nothing but its bytes.</summary>
internal sealed partial class Answer
{
    private static readonly string[] Recorded = ["Flag", "EpisodeOfCare", "Patient", "Encounter"];

    private readonly byte[] body;
    private readonly string? etag;
    private readonly bool retryAfter;

    private Answer(HttpResponseMessage response, byte[] body)
    {
        this.body = body;
        Status = (int)response.StatusCode;
        etag = response.Headers.ETag?.Tag.Trim('"');
        retryAfter = response.Headers.RetryAfter is not null;
        using var json = Succeeded && body.Length > 0 ? JsonDocument.Parse(body) : null;
        if (json is not null)
        {
            Read(json.RootElement);
        }
    }

    public int Status { get; }

    public bool Succeeded => Status is >= 200 and < 300;

    public string Hash => Convert.ToHexStringLower(SHA256.HashData(body));

    public int Version => int.TryParse(etag, out var version) ? version : 0;

    /// <summary>Versioned references of the resources in the body.</summary>
    public List<string> Shown { get; } = [];

    /// <summary>The same of a body that is one resource, of whatever type.</summary>
    public string? Single { get; private set; }

    /// <summary>Where a transaction put things.</summary>
    public List<string> Put { get; } = [];

    public static async Task<Answer> ReceiveAsync(HttpResponseMessage response) =>
        new(response, await response.Content.ReadAsByteArrayAsync());

    /// <summary>
    /// Promise P5 on this one answer: without success it says that it is none, and nothing about anybody.
    /// </summary>
    public string? Fault()
    {
        if (Succeeded)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(body);
        if (Status != (int)HttpStatusCode.ServiceUnavailable)
        {
            return $"status {Status}: {text[..Math.Min(text.Length, 300)]}";
        }

        return !text.Contains(Words.NoAnswer, StringComparison.Ordinal) ? "without the fixed words"
            : !retryAfter ? "without Retry-After"
            : Leak();
    }

    /// <summary>What a refusal says about anybody; null when nothing.</summary>
    public string? Leak()
    {
        var text = Encoding.UTF8.GetString(body);
        return !text.Contains("\"OperationOutcome\"", StringComparison.Ordinal) ? "no OperationOutcome"
            : Numbers().IsMatch(text) ? "an NHS number"
            : Child.Families.Any(name => text.Contains(name, StringComparison.Ordinal)) ? "a family name"
            : Recorded.Any(type => text.Contains($"\"{type}\"", StringComparison.Ordinal)) ? "a resource"
            : null;
    }

    private void Read(JsonElement root)
    {
        var type = root.GetProperty("resourceType").GetString()!;
        if (type != "Bundle")
        {
            Add(root);
            Single = root.TryGetProperty("meta", out _) ? Reference(root) : null;
            return;
        }

        foreach (var entry in root.TryGetProperty("entry", out var all) ? [.. all.EnumerateArray()]
            : Array.Empty<JsonElement>())
        {
            if (entry.TryGetProperty("resource", out var resource))
            {
                Add(resource);
            }

            if (entry.TryGetProperty("response", out var response)
                && response.TryGetProperty("location", out var location))
            {
                var place = location.GetString()!;
                Put.Add(place[(place.IndexOf("/R4/", StringComparison.Ordinal) + "/R4/".Length)..]);
            }
        }
    }

    private void Add(JsonElement resource)
    {
        if (Recorded.Contains(resource.GetProperty("resourceType").GetString()))
        {
            Shown.Add(Reference(resource));
        }
    }

    private static string Reference(JsonElement resource) =>
        $"{resource.GetProperty("resourceType").GetString()}/{resource.GetProperty("id").GetString()}/_history/"
        + resource.GetProperty("meta").GetProperty("versionId").GetString();

    [GeneratedRegex(@"\b999\d{7}\b")]
    private static partial Regex Numbers();
}
