using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.Notices;

/// <summary>
/// Writes what a receiver gets: a history Bundle that opens with the subscription's status, then the resources of its
/// notices. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
/// </summary>
internal static class NotificationBundle
{
    public const string Handshake = "handshake";
    public const string Heartbeat = "heartbeat";
    public const string Event = "event-notification";
    public const string QueryEvent = "query-event";
    public const string QueryStatus = "query-status";

    private const string StatusProfile = Systems.Backport + "backport-subscription-status-r4";
    private const string BundleProfile = Systems.Backport + "backport-subscription-notification-r4";

    /// <param name="row">The subscription.</param>
    /// <param name="type">What this notification is.</param>
    /// <param name="content">How much of the notices it holds.</param>
    /// <param name="notices">Notices, in order; none for a handshake or a heartbeat.</param>
    /// <param name="now">When it is sent.</param>
    public static ReadOnlyMemory<byte> Write(
        SubscriptionRow row, string type, string content, IReadOnlyList<Notice> notices, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Bundle"u8);
            json.WriteString("id"u8, Guid.NewGuid().ToString());
            WriteProfile(json, BundleProfile);
            json.WriteString("type"u8, "history"u8);
            json.WriteString("timestamp"u8, PlanJson.Instant(now));
            json.WriteStartArray("entry"u8);
            var id = Guid.NewGuid();
            json.WriteStartObject();
            json.WriteString("fullUrl"u8, "urn:uuid:" + id);
            json.WritePropertyName("resource"u8);
            WriteStatus(json, row, id, type, content, notices, now);
            WriteHttp(json, $"{row.Root}/Subscription/{row.Id}/$status");
            json.WriteEndObject();
            WriteResources(json, row, content, notices);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The status of a subscription as Parameters.</summary>
    public static void WriteStatus(Utf8JsonWriter json, SubscriptionRow row, Guid id, string type, string content,
        IReadOnlyList<Notice> notices, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "Parameters"u8);
        json.WriteString("id"u8, id.ToString());
        WriteProfile(json, StatusProfile);
        json.WriteStartArray("parameter"u8);
        WriteReference(json, "subscription", $"{row.Root}/Subscription/{row.Id}");
        if (content != NoticeRows.Empty)
        {
            // What is said in the open says nothing of what it is about.
            Write(json, "topic", "valueCanonical", row.Wish.Topic.Url);
        }

        Write(json, "status", "valueCode", row.StatusAt(now));
        Write(json, "type", "valueCode", type);
        Write(json, "events-since-subscription-start", "valueString", Number(row.Events));
        foreach (var notice in notices)
        {
            WriteEvent(json, row, content, notice);
        }

        if (row.Error is not null)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, "error"u8);
            json.WriteStartObject("valueCodeableConcept"u8);
            json.WriteString("text"u8, row.Error);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteEvent(Utf8JsonWriter json, SubscriptionRow row, string content, Notice notice)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, "notification-event"u8);
        json.WriteStartArray("part"u8);
        Write(json, "event-number", "valueString", Number(notice.Number));
        Write(json, "timestamp", "valueInstant", PlanJson.Instant(notice.Made));
        var name = "focus";
        foreach (var told in NoticeRows.Named(notice, content))
        {
            WriteReference(json, name, told.Url(row.Root));
            name = "additional-context";
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Each resource once in each version, though several notices tell of it.</summary>
    private static void WriteResources(
        Utf8JsonWriter json, SubscriptionRow row, string content, IReadOnlyList<Notice> notices)
    {
        var written = new HashSet<(string, int)>();
        foreach (var told in notices.SelectMany(n => NoticeRows.Named(n, content)))
        {
            if (!written.Add((told.Reference, told.Version)))
            {
                continue;
            }

            json.WriteStartObject();
            json.WriteString("fullUrl"u8, told.Url(row.Root));
            if (content != NoticeRows.IdOnly)
            {
                json.WritePropertyName("resource"u8);
                json.WriteRawValue(told.Body, skipInputValidation: true);
            }

            WriteHttp(json, told.Reference);
            json.WriteEndObject();
        }
    }

    /// <summary>A history Bundle has a request and a response on each entry (bdl-3, bdl-4).</summary>
    private static void WriteHttp(Utf8JsonWriter json, string url)
    {
        json.WriteStartObject("request"u8);
        json.WriteString("method"u8, "GET"u8);
        json.WriteString("url"u8, url);
        json.WriteEndObject();
        json.WriteStartObject("response"u8);
        json.WriteString("status"u8, "200"u8);
        json.WriteEndObject();
    }

    private static void WriteProfile(Utf8JsonWriter json, string url)
    {
        json.WriteStartObject("meta"u8);
        json.WriteStartArray("profile"u8);
        json.WriteStringValue(url);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, string type, string value)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString(type, value);
        json.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter json, string name, string reference)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteStartObject("valueReference"u8);
        json.WriteString("reference"u8, reference);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Numbers that may pass 32 bits are texts in R4.</summary>
    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
