using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Replays;

namespace CpIs.Server.Plans;

/// <summary>Answers to writes: version, place, and as much of the resource as <c>Prefer: return</c> asks for.</summary>
internal static class WriteAnswers
{
    private static readonly OutcomeIssue Done = new("information", "informational", DetailCode.Informational, "Done.");

    /// <summary>The answer to a write of one resource.</summary>
    public static WriteAnswer One(Call call, IReadOnlyList<Changed> all)
    {
        var changed = all[0];
        var preference = Preference(call);
        if (changed.Status == StatusCodes.Status204NoContent)
        {
            return preference == "OperationOutcome"
                ? new(StatusCodes.Status200OK) { ETag = changed.ETag, Body = Outcome.Render(Done) }
                : new(changed.Status) { ETag = changed.ETag };
        }

        var place = $"{call.Base}/{changed.Location}";
        return new(changed.Status)
        {
            ETag = changed.ETag,
            LastModified = changed.Updated.ToString("R", CultureInfo.InvariantCulture),
            Location = place,
            ContentLocation = preference is null or "representation" ? place : null,
            Body = preference switch
            {
                "minimal" => null,
                "OperationOutcome" => Outcome.Render(Done),
                _ => changed.Body,
            },
        };
    }

    /// <summary>http://hl7.org/fhir/R4/bundle.html#transaction</summary>
    public static WriteAnswer Bundle(Call call, IReadOnlyList<Changed> all)
    {
        var preference = Preference(call);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Bundle"u8);
            json.WriteString("type"u8, "transaction-response"u8);
            json.WriteStartArray("entry"u8);
            foreach (var changed in all)
            {
                WriteEntry(json, call, changed, preference);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new(StatusCodes.Status200OK) { Body = buffer.WrittenSpan.ToArray() };
    }

    /// <summary>Sends an answer whose write is committed.</summary>
    public static Task SendAsync(Call call, WriteAnswer answer)
    {
        var headers = call.Http.Response.Headers;
        Set(headers, "ETag", answer.ETag);
        Set(headers, "Last-Modified", answer.LastModified);
        Set(headers, "Location", answer.Location);
        Set(headers, "Content-Location", answer.ContentLocation);
        Set(headers, "X-Replayed", answer.Replayed ? "true" : null);
        if (answer.Body is { } body)
        {
            return Answers.BytesAsync(call.Http, answer.Status, body);
        }

        call.Http.Response.StatusCode = answer.Status;
        return Task.CompletedTask;
    }

    private static void Set(IHeaderDictionary headers, string name, string? value)
    {
        if (value is not null)
        {
            headers[name] = value;
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, Call call, Changed changed, string? preference)
    {
        json.WriteStartObject();
        if (changed.Status != StatusCodes.Status204NoContent)
        {
            json.WriteString("fullUrl"u8, $"{call.Base}/{changed.ResourceType}/{changed.Id}");
            if (preference == "representation")
            {
                json.WritePropertyName("resource"u8);
                json.WriteRawValue(changed.Body, skipInputValidation: true);
            }
        }

        json.WriteStartObject("response"u8);
        json.WriteString("status"u8, changed.Status switch
        {
            201 => "201 Created",
            204 => "204 No Content",
            _ => "200 OK",
        });
        if (changed.Status != StatusCodes.Status204NoContent)
        {
            json.WriteString("location"u8, $"{call.Base}/{changed.Location}");
        }

        json.WriteString("etag"u8, changed.ETag);
        json.WriteString("lastModified"u8, PlanJson.Instant(changed.Updated));
        if (preference == "OperationOutcome")
        {
            json.WritePropertyName("outcome"u8);
            Outcome.Write(json, [Done]);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string? Preference(Call call)
    {
        var prefer = call.Http.Request.Headers["Prefer"].ToString();
        return ((string[])["minimal", "representation", "OperationOutcome"])
            .FirstOrDefault(p => prefer.Contains("return=" + p, StringComparison.Ordinal));
    }
}
