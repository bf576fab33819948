using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Versions;

/// <summary>
/// Writes a history Bundle: each version with the request that made it and what that was answered.
/// http://hl7.org/fhir/R4/bundle.html#history
/// </summary>
internal static class VersionBundle
{
    /// <summary>Bytes of an entry beside its resource.</summary>
    private const int EntryBytes = 384;

    public static ReadOnlyMemory<byte> Write(
        Call call, VersionPage page, string self, string? next, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(EntryBytes + page.Rows.Sum(r => EntryBytes + r.Body.Length));
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Bundle"u8);
            json.WriteString("type"u8, "history"u8);
            json.WriteString("timestamp"u8, PlanJson.Instant(now));
            json.WriteNumber("total"u8, page.Total);
            json.WriteStartArray("link"u8);
            WriteLink(json, "self", self);
            if (next is not null)
            {
                WriteLink(json, "next", next);
            }

            json.WriteEndArray();
            if (page.Rows.Count > 0)
            {
                json.WriteStartArray("entry"u8);
                foreach (var row in page.Rows)
                {
                    WriteEntry(json, call, row);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteEntry(Utf8JsonWriter json, Call call, VersionRow row)
    {
        var type = call.Route.Resource;
        var (method, status) = row.Deleted ? ("DELETE", "204 No Content")
            : row.Version == 1 ? ("POST", "201 Created") : ("PUT", "200 OK");
        json.WriteStartObject();
        json.WriteString("fullUrl"u8, $"{call.Base}/{type}/{row.Id}");
        if (!row.Deleted)
        {
            json.WritePropertyName("resource"u8);
            json.WriteRawValue(row.Body, skipInputValidation: true);
        }

        json.WriteStartObject("request"u8);
        json.WriteString("method"u8, method);
        json.WriteString("url"u8, method == "POST" ? type : $"{type}/{row.Id}");
        json.WriteEndObject();
        json.WriteStartObject("response"u8);
        json.WriteString("status"u8, status);
        json.WriteString("etag"u8, $"W/\"{row.Version}\"");
        json.WriteString("lastModified"u8, PlanJson.Instant(row.Updated));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLink(Utf8JsonWriter json, string relation, string url)
    {
        json.WriteStartObject();
        json.WriteString("relation"u8, relation);
        json.WriteString("url"u8, url);
        json.WriteEndObject();
    }
}
