using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Bundles;

/// <summary>
/// The answer to a batch: what each entry would have been answered alone.
/// http://hl7.org/fhir/R4/bundle.html#batch-response
/// </summary>
internal sealed class BatchAnswer : IDisposable
{
    private const int FirstBytes = 4096;

    private readonly ArrayBufferWriter<byte> buffer = new(FirstBytes);
    private readonly Utf8JsonWriter json;

    public BatchAnswer(Call call)
    {
        json = new Utf8JsonWriter(buffer, Outcome.Writing);
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "Bundle"u8);
        json.WriteString("type"u8, "batch-response"u8);
        json.WriteStartArray("link"u8);
        json.WriteStartObject();
        json.WriteString("relation"u8, "self"u8);
        json.WriteString("url"u8, call.Base);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("entry"u8);
    }

    /// <summary>Bytes so far.</summary>
    public long Bytes => buffer.WrittenCount + json.BytesPending;

    /// <summary>An entry that was answered.</summary>
    public void Add(BundleEntry entry, HttpResponse response, ReadOnlyMemory<byte> body)
    {
        var outcome = body.Length > 0 && (response.StatusCode >= StatusCodes.Status400BadRequest
            || (entry.Method is not ("GET" or "POST") && IsOutcome(body)) || IsOutcomeOfWrite(entry, body));
        json.WriteStartObject();
        if (body.Length > 0 && !outcome)
        {
            json.WritePropertyName("resource"u8);
            json.WriteRawValue(body.Span, skipInputValidation: true);
        }

        json.WriteStartObject("response"u8);
        WriteStatus(response.StatusCode);
        Write("location", response.Headers.Location);
        Write("etag", response.Headers.ETag);
        if (DateTimeOffset.TryParse(response.Headers.LastModified, CultureInfo.InvariantCulture, out var modified))
        {
            json.WriteString("lastModified"u8, PlanJson.Instant(modified));
        }

        if (outcome)
        {
            json.WritePropertyName("outcome"u8);
            json.WriteRawValue(body.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>An entry that met nobody who could answer it.</summary>
    public void Add(int status, OutcomeIssue issue)
    {
        json.WriteStartObject();
        json.WriteStartObject("response"u8);
        WriteStatus(status);
        json.WritePropertyName("outcome"u8);
        Outcome.Write(json, [issue]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public ReadOnlyMemory<byte> Finish()
    {
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public void Dispose() => json.Dispose();

    /// <summary>A create that was asked for an outcome; an operation's outcome is its resource.</summary>
    private static bool IsOutcomeOfWrite(BundleEntry entry, ReadOnlyMemory<byte> body) =>
        entry.Method == "POST" && !entry.Path.Contains('$', StringComparison.Ordinal) && IsOutcome(body);

    private static bool IsOutcome(ReadOnlyMemory<byte> body) =>
        body.Span.StartsWith("{\"resourceType\":\"OperationOutcome\""u8);

    private void WriteStatus(int status) =>
        json.WriteString("status"u8, $"{status} {ReasonPhrases.GetReasonPhrase(status)}".TrimEnd());

    private void Write(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }
}
