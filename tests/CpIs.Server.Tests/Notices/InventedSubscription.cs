using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Tests.Notices;

/// <summary>A council's wish to be told, and the JSON it would send for it.</summary>
internal sealed record InventedSubscription
{
    public string Topic { get; init; } = "access";

    public Uri? Endpoint { get; init; }

    public string Content { get; init; } = "full-resource";

    public string Payload { get; init; } = "application/fhir+json";

    public string Type { get; init; } = "rest-hook";

    public string? Filter { get; init; }

    public IReadOnlyList<string> Headers { get; init; } = [];

    public (string Name, int Value)[] Numbers { get; init; } = [];

    public int? DigestMinutes { get; init; }

    public string Status { get; init; } = "requested";

    public DateTimeOffset? End { get; init; }

    public JsonObject Resource(string? id = null)
    {
        var channel = new JsonObject
        {
            ["type"] = Type,
            ["payload"] = Payload,
            ["_payload"] = Extended(("backport-payload-content", "valueCode", Content)),
        };
        if (Endpoint is not null)
        {
            channel["endpoint"] = Endpoint.OriginalString;
        }

        if (Headers.Count > 0)
        {
            channel["header"] = new JsonArray([.. Headers.Select(h => JsonValue.Create(h))]);
        }

        var extensions = new JsonArray([.. Numbers.Select(n => Extension(Systems.Backport + n.Name,
            n.Name == "backport-max-count" ? "valuePositiveInt" : "valueUnsignedInt", n.Value))]);
        if (DigestMinutes is { } minutes)
        {
            extensions.Add(Extension(Systems.NoticeDigest, "valuePositiveInt", minutes));
        }

        if (extensions.Count > 0)
        {
            channel["extension"] = extensions;
        }

        var resource = new JsonObject
        {
            ["resourceType"] = "Subscription",
            ["status"] = Status,
            ["reason"] = "Our social workers are told",
            ["criteria"] = $"{Systems.Base}/SubscriptionTopic/{Topic}",
            ["channel"] = channel,
        };
        if (Filter is not null)
        {
            resource["_criteria"] = Extended(("backport-filter-criteria", "valueString", Filter));
        }

        if (End is { } end)
        {
            resource["end"] = PlanJson.Instant(end);
        }

        if (id is not null)
        {
            resource["id"] = id;
        }

        return resource;
    }

    public Task<HttpResponseMessage> PostAsync(HttpClient client) =>
        client.PostAsync(new Uri("Subscription", UriKind.Relative), RunningServer.Json(Resource()));

    public Task<HttpResponseMessage> PutAsync(HttpClient client, string id) =>
        client.PutAsync(new Uri("Subscription/" + id, UriKind.Relative), RunningServer.Json(Resource(id)));

    /// <summary>Creates it, which must be accepted; gives its id.</summary>
    public async Task<string> CreateAsync(HttpClient client)
    {
        var answer = await PostAsync(client);
        var body = await answer.BodyAsync();
        return answer.StatusCode == HttpStatusCode.Created ? body.Text("id")
            : throw new InvalidOperationException(body.ToJsonString());
    }

    /// <summary>Creates it and waits until its receiver has answered the handshake; gives its id.</summary>
    public async Task<string> ActivateAsync(HttpClient client)
    {
        var id = await CreateAsync(client);
        await HasStatusAsync(client, id, "active");
        return id;
    }

    /// <summary>Waits until a subscription has a status; gives it as it is read then.</summary>
    public static async Task<JsonNode> HasStatusAsync(HttpClient client, string id, string status)
    {
        const int SecondsMax = 20;
        var since = Stopwatch.StartNew();
        while (true)
        {
            var read = await client.GetOkAsync("Subscription/" + id);
            if (read.Text("status") == status || since.Elapsed > TimeSpan.FromSeconds(SecondsMax))
            {
                return read.Text("status") == status ? read : throw new InvalidOperationException(read.ToJsonString());
            }

            await Task.Delay(20);
        }
    }

    private static JsonObject Extended((string Name, string Type, string Value) one) =>
        new() { ["extension"] = new JsonArray(Extension(Systems.Backport + one.Name, one.Type, one.Value)) };

    private static JsonObject Extension(string url, string type, JsonNode value) =>
        new() { ["url"] = url, [type] = value };
}
