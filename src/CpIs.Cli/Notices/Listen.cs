using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CpIs.Cli.Notices;

/// <summary>
/// A council's receiver on this machine, for trying out: it subscribes, answers the handshake, and prints each notice
/// as it comes. What a real receiver must do besides is in docs/notices.md.
/// </summary>
internal sealed class Listen(HttpClient http, ListenOptions options, TextWriter output)
{
    /// <summary>Bytes of one notification that it reads.</summary>
    private const int NotificationBytesMax = 16 * 1024 * 1024;

    private const string Backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";

    private readonly ClientToken token = new(http, options.ClientId);

    /// <summary>Listens until it is told to stop.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var endpoint = $"http://localhost:{options.Port}/notices/";
        using var listener = new HttpListener { Prefixes = { endpoint } };
        listener.Start();
        var ids = new List<string>();
        try
        {
            await SubscribeAsync(endpoint, ids, stop);
            while (true)
            {
                await TakeAsync(await listener.GetContextAsync().WaitAsync(stop), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        finally
        {
            foreach (var id in ids)
            {
                using var gone = await SendAsync(HttpMethod.Delete, "Subscription/" + id, null, CancellationToken.None);
            }
        }
    }

    /// <summary>The handshake comes before the answer is waited for: it is taken by the loop that follows.</summary>
    private async Task SubscribeAsync(string endpoint, List<string> ids, CancellationToken stop)
    {
        foreach (var topic in options.Topic)
        {
            using var answer = await SendAsync(HttpMethod.Post, "Subscription", Wish(topic, endpoint), stop);
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop));
            if (answer.StatusCode != HttpStatusCode.Created)
            {
                throw new HttpRequestException($"{topic}: {body?["issue"]?[0]?["diagnostics"]}");
            }

            ids.Add(body!["id"]!.GetValue<string>());
        }

        await output.WriteLineAsync($"{options.ClientId} listens at {endpoint}; Ctrl-C ends it.");
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, new Uri(options.Server, "/FHIR/R4/" + path));
        request.Headers.Authorization = await token.GetAsync(stop);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8,
                new MediaTypeHeaderValue("application/fhir+json"));
        }

        return await http.SendAsync(request, stop);
    }

    private async Task TakeAsync(HttpListenerContext context, CancellationToken stop)
    {
        using var answer = context.Response;
        if (context.Request.ContentLength64 is <= 0 or > NotificationBytesMax)
        {
            answer.StatusCode = (int)HttpStatusCode.BadRequest;
            return;
        }

        try
        {
            foreach (var line in NoticeText.Of((await JsonNode.ParseAsync(
                context.Request.InputStream, cancellationToken: stop))!))
            {
                await output.WriteLineAsync(line);
            }
        }
        catch (JsonException)
        {
            answer.StatusCode = (int)HttpStatusCode.BadRequest;
        }
    }

    private static JsonObject Wish(string topic, string endpoint) => new()
    {
        ["resourceType"] = "Subscription",
        ["status"] = "requested",
        ["reason"] = "Trying out notices",
        ["criteria"] = "https://fhir.cpis.example/SubscriptionTopic/" + topic,
        ["channel"] = new JsonObject
        {
            ["type"] = "rest-hook",
            ["endpoint"] = endpoint,
            ["payload"] = "application/fhir+json",
            ["_payload"] = new JsonObject
            {
                ["extension"] = new JsonArray(new JsonObject
                {
                    ["url"] = Backport + "backport-payload-content", ["valueCode"] = "full-resource",
                }),
            },
        },
    };
}
