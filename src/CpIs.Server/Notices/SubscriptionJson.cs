using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.Notices;

/// <summary>
/// Writes a Subscription with the extensions of the backport guide. http://hl7.org/fhir/R4/subscription.html
/// </summary>
internal static class SubscriptionJson
{
    private const string Masked = "***";

    /// <param name="row">What is written.</param>
    /// <param name="now">When it is shown: what has ended is off.</param>
    /// <param name="own">Whether its own council reads it: nobody else is shown what its headers hold.</param>
    public static byte[] Render(SubscriptionRow row, DateTimeOffset now, bool own)
    {
        var wish = row.Wish;
        return PlanJson.Write("Subscription", new(row.Id.ToString(), row.Version, row.Updated), json =>
        {
            json.WriteString("status"u8, row.StatusAt(now));
            if (wish.End is { } end)
            {
                json.WriteString("end"u8, PlanJson.Instant(end));
            }

            json.WriteString("reason"u8, wish.Reason);
            json.WriteString("criteria"u8, wish.Topic.Url);
            WriteFilter(json, wish);
            if (row.Error is not null)
            {
                json.WriteString("error"u8, row.Error);
            }

            json.WriteStartObject("channel"u8);
            WriteChannelExtensions(json, wish);
            json.WriteString("type"u8, "rest-hook"u8);
            if (wish.Endpoint is not null)
            {
                json.WriteString("endpoint"u8, wish.Endpoint.OriginalString);
            }

            json.WriteString("payload"u8, wish.Payload);
            json.WriteStartObject("_payload"u8);
            json.WriteStartArray("extension"u8);
            json.WriteStartObject();
            json.WriteString("url"u8, Systems.PayloadContent);
            json.WriteString("valueCode"u8, wish.Content);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            WriteHeaders(json, wish, own);
            json.WriteEndObject();
        });
    }

    private static void WriteFilter(Utf8JsonWriter json, Wish wish)
    {
        if (wish.Kinds.Count == 0)
        {
            return;
        }

        json.WriteStartObject("_criteria"u8);
        json.WriteStartArray("extension"u8);
        json.WriteStartObject();
        json.WriteString("url"u8, Systems.FilterCriteria);
        json.WriteString("valueString"u8, "EpisodeOfCare?type="
            + string.Join(',', wish.Kinds.Select(k => $"{Systems.Snomed}|{k.Code}")));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteChannelExtensions(Utf8JsonWriter json, Wish wish)
    {
        (string Url, string Type, int? Value)[] numbers =
        [
            (Systems.HeartbeatPeriod, "valueUnsignedInt", wish.HeartbeatSeconds),
            (Systems.NoticeTimeout, "valueUnsignedInt", wish.TimeoutSeconds),
            (Systems.NoticeCountMax, "valuePositiveInt", wish.CountMax),
            (Systems.NoticeDigest, "valuePositiveInt", wish.DigestMinutes),
        ];
        if (Array.TrueForAll(numbers, n => n.Value is null))
        {
            return;
        }

        json.WriteStartArray("extension"u8);
        foreach (var (url, type, value) in numbers.Where(n => n.Value is not null))
        {
            json.WriteStartObject();
            json.WriteString("url"u8, url);
            json.WriteNumber(type, value!.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHeaders(Utf8JsonWriter json, Wish wish, bool own)
    {
        if (wish.Headers.Count == 0)
        {
            return;
        }

        json.WriteStartArray("header"u8);
        foreach (var header in wish.Headers)
        {
            var name = header[..header.IndexOf(':', StringComparison.Ordinal)];
            json.WriteStringValue(own ? header : string.Create(CultureInfo.InvariantCulture, $"{name}: {Masked}"));
        }

        json.WriteEndArray();
    }
}
