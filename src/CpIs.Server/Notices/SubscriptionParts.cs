using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Notices;

/// <summary>
/// Reads a Subscription that was sent, checked against its profile, into a council's wish; what cannot be kept is
/// refused and never adjusted. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html
/// </summary>
internal sealed class SubscriptionParts(Doorman doorman)
{
    /// <summary>Notices in one notification, at the most.</summary>
    public const int CountMax = 100;

    /// <summary>Seconds a receiver may ask to be given for its answer.</summary>
    public const int TimeoutSecondsMax = 60;

    /// <summary>Minutes a digest may collect: a day.</summary>
    public const int DigestMinutesMax = 24 * 60;

    /// <summary>Seconds between heartbeats, at the least and at the most.</summary>
    private const int HeartbeatSecondsMin = 10;
    private const int HeartbeatSecondsMax = 7 * 24 * 3600;
    private const int HeadersMax = 10;
    private const int HeaderCharactersMax = 4096;
    private const int EndpointCharactersMax = 1024;
    private const string KindFilter = "EpisodeOfCare?type=";

    /// <summary>Headers that are ours to set, or that speak of the connection and not of the request.</summary>
    private static readonly HashSet<string> OwnHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "TE",
        "Trailer", "Upgrade", "Expect", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "X-Request-ID",
    };

    /// <summary>https://www.rfc-editor.org/rfc/rfc9110.html#name-tokens</summary>
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The wish that a resource speaks of.</summary>
    /// <exception cref="Refused">422 naming the element that cannot be kept.</exception>
    public Wish Read(JsonElement sent, DateTimeOffset now)
    {
        var channel = sent.GetProperty("channel");
        RequireListed(sent, "Subscription", "_criteria", Systems.FilterCriteria);
        RequireListed(channel, "Subscription.channel", "_payload", Systems.PayloadContent);
        var payload = Incoming.Text(channel, "payload");
        return new()
        {
            Topic = Topic.Of(Incoming.Text(sent, "criteria")) is { } topic
                && Incoming.Text(sent, "criteria") == topic.Url ? topic
                : throw No("This topic is not served: see the CapabilityStatement.", "Subscription.criteria"),
            Kinds = Kinds(sent),
            Reason = Incoming.Text(sent, "reason")!,
            End = End(sent, now),
            Endpoint = Endpoint(channel),
            Headers = Headers(channel),
            Payload = payload is "application/fhir+json" or "application/json" ? payload
                : throw No("Notifications are application/fhir+json.", "Subscription.channel.payload"),
            Content = Content(channel),
            HeartbeatSeconds = Number(channel, Systems.HeartbeatPeriod, HeartbeatSecondsMin, HeartbeatSecondsMax),
            TimeoutSeconds = Number(channel, Systems.NoticeTimeout, 1, TimeoutSecondsMax),
            CountMax = Number(channel, Systems.NoticeCountMax, 1, CountMax),
            DigestMinutes = Number(channel, Systems.NoticeDigest, 1, DigestMinutesMax),
            Off = Incoming.Text(sent, "status") == "off",
        };
    }

    private Uri? Endpoint(JsonElement channel)
    {
        const string At = "Subscription.channel.endpoint";
        if (Incoming.Text(channel, "type") != "rest-hook")
        {
            throw No("The one channel served is rest-hook.", "Subscription.channel.type");
        }

        if (Incoming.Text(channel, "endpoint") is not { } text)
        {
            return null;
        }

        if (text.Length > EndpointCharactersMax || !Uri.TryCreate(text, UriKind.Absolute, out var endpoint))
        {
            throw No("The endpoint is no address.", At);
        }

        return doorman.Refusal(endpoint) is { } why ? throw No(why, At) : endpoint;
    }

    private static List<PlanKind> Kinds(JsonElement sent)
    {
        const string At = "Subscription.criteria.extension";
        var kinds = new List<PlanKind>();
        foreach (var one in Extensions(sent, "_criteria", Systems.FilterCriteria))
        {
            var text = Incoming.Text(one, "valueString") ?? "";
            if (!text.StartsWith(KindFilter, StringComparison.Ordinal) || kinds.Count > 0)
            {
                throw No("The one filter served is EpisodeOfCare?type= with kinds of plan.", At);
            }

            foreach (var code in text[KindFilter.Length..].Split(','))
            {
                var bare = code.StartsWith(Systems.Snomed + "|", StringComparison.Ordinal)
                    ? code[(Systems.Snomed.Length + 1)..] : code;
                kinds.Add(PlanKind.All.FirstOrDefault(k => k.Code == bare)
                    ?? throw No("The filter names what is no kind of plan.", At));
            }
        }

        return kinds;
    }

    private static DateTimeOffset? End(JsonElement sent, DateTimeOffset now)
    {
        if (Incoming.Text(sent, "end") is not { } text)
        {
            return null;
        }

        var end = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
        return end > now ? end.ToUniversalTime() : throw No("The end is past already.", "Subscription.end");
    }

    private static List<string> Headers(JsonElement channel)
    {
        const string At = "Subscription.channel.header";
        if (!channel.TryGetProperty("header", out var lines))
        {
            return [];
        }

        var headers = lines.EnumerateArray().Select(l => l.GetString()!).ToList();
        if (headers.Count > HeadersMax || headers.Sum(h => h.Length) > HeaderCharactersMax)
        {
            throw No($"At most {HeadersMax} headers of {HeaderCharactersMax} characters in all are sent.", At);
        }

        return headers.TrueForAll(IsHeader) ? headers
            : throw No("A header is Name: value, in plain characters, and none that the connection needs.", At);
    }

    private static bool IsHeader(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !line.AsSpan(0, colon).ContainsAnyExcept(NameCharacters)
            && line.All(c => c is >= ' ' and < '\u007f') && !OwnHeaders.Contains(line[..colon]);
    }

    private static string Content(JsonElement channel)
    {
        var content = Extensions(channel, "_payload", Systems.PayloadContent)
            .Select(e => Incoming.Text(e, "valueCode")).ToList();
        return content is ["empty" or "id-only" or "full-resource"] ? content[0]!
            : throw No("Say how much a notification holds: empty, id-only or full-resource.",
                "Subscription.channel.payload.extension");
    }

    private static int? Number(JsonElement channel, string url, int least, int most)
    {
        var found = Extensions(channel, null, url)
            .Select(e => e.EnumerateObject().FirstOrDefault(m => m.Name.StartsWith("value", StringComparison.Ordinal))
                .Value)
            .ToList();
        if (found.Count == 0)
        {
            return null;
        }

        return found is [{ ValueKind: JsonValueKind.Number } one] && one.TryGetInt32(out var number)
            && number >= least && number <= most
            ? number
            : throw No($"{url[(url.LastIndexOf('/') + 1)..]} is one number from {least} to {most}.",
                "Subscription.channel.extension");
    }

    /// <summary>
    /// The profile closes the extensions of elements; of primitives none but one is kept, on one of them.
    /// </summary>
    private static void RequireListed(JsonElement element, string path, string primitive, string url)
    {
        foreach (var member in element.EnumerateObject().Where(m => m.Name.StartsWith('_')))
        {
            var kept = Extensions(element, primitive, url).Count();
            if (member.Name != primitive || member.Value.ValueKind != JsonValueKind.Object
                || member.Value.EnumerateObject().Any(m => m.Name != "extension" || m.Value.GetArrayLength() != kept))
            {
                throw No("This extension is not served.", $"{path}.{member.Name[1..]}.extension");
            }
        }
    }

    /// <summary>Extensions of one address, of the element itself or of one of its primitives.</summary>
    private static IEnumerable<JsonElement> Extensions(JsonElement element, string? primitive, string url)
    {
        if (primitive is not null && !element.TryGetProperty(primitive, out element))
        {
            return [];
        }

        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty("extension", out var all)
            ? all.EnumerateArray().Where(e => Incoming.Text(e, "url") == url) : [];
    }

    private static Refused No(string why, string at) => Refused.Unprocessable(DetailCode.InvalidResource, why, at);
}
