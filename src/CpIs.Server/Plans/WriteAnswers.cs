using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>Answers to writes: version, place, and as much of the resource as <c>Prefer: return</c> asks for.</summary>
internal static class WriteAnswers
{
    private static readonly OutcomeIssue Done = new("information", "informational", DetailCode.Informational, "Done.");

    public static Task OneAsync(Call call, Changed changed)
    {
        var headers = call.Http.Response.Headers;
        headers.ETag = changed.ETag;
        if (changed.Status == StatusCodes.Status204NoContent)
        {
            call.Http.Response.StatusCode = changed.Status;
            return Task.CompletedTask;
        }

        headers.LastModified = changed.Updated.ToString("R", CultureInfo.InvariantCulture);
        headers.Location = $"{call.Base}/{changed.Location}";
        switch (Preference(call))
        {
            case "minimal":
                call.Http.Response.StatusCode = changed.Status;
                return Task.CompletedTask;
            case "OperationOutcome":
                return Answers.OutcomeAsync(call.Http, changed.Status, [Done]);
            default:
                return Answers.BytesAsync(call.Http, changed.Status, changed.Body);
        }
    }

    /// <summary>http://hl7.org/fhir/R4/bundle.html#transaction</summary>
    public static Task BundleAsync(Call call, IReadOnlyList<Changed> all)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Bundle"u8);
            json.WriteString("type"u8, "transaction-response"u8);
            json.WriteStartArray("entry"u8);
            foreach (var changed in all)
            {
                WriteEntry(json, call, changed);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Answers.BytesAsync(call.Http, 200, buffer.WrittenMemory);
    }

    private static void WriteEntry(Utf8JsonWriter json, Call call, Changed changed)
    {
        json.WriteStartObject();
        if (changed.Status != StatusCodes.Status204NoContent)
        {
            json.WriteString("fullUrl"u8, $"{call.Base}/{changed.ResourceType}/{changed.Id}");
            if (Preference(call) == "representation")
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
