using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CpIs.Server.Tests.Notices;

/// <summary>What a receiver was sent, and when.</summary>
internal sealed record Received(JsonNode Bundle, IReadOnlyDictionary<string, string> Headers, long At)
{
    public JsonNode Status => Bundle["entry"]![0]!["resource"]!;

    public string Type => Value("type", "valueCode");

    /// <summary>Numbers of the events in it.</summary>
    public List<long> Numbers =>
        [.. Events.Select(e => long.Parse(Part(e, "event-number").Text("valueString"), CultureInfo.InvariantCulture))];

    public List<JsonNode> Events =>
        [.. Status["parameter"]!.AsArray().Where(p => p!.Text("name") == "notification-event").Select(p => p!)];

    public string Value(string name, string type) =>
        Status["parameter"]!.AsArray().Single(p => p!.Text("name") == name)!.Text(type);

    public bool Has(string name) => Status["parameter"]!.AsArray().Any(p => p!.Text("name") == name);

    /// <summary>Last two parts of the focus.</summary>
    public static string Focus(JsonNode one) =>
        string.Join('/', Part(one, "focus")["valueReference"]!.Text("reference").Split('/')[^2..]);

    private static JsonNode Part(JsonNode one, string name) =>
        one["part"]!.AsArray().First(p => p!.Text("name") == name)!;
}

/// <summary>
/// A council's receiver on the loopback address: it keeps what it took, and answers as the test says.
/// </summary>
internal sealed class LoopbackReceiver : IAsyncDisposable
{
    private readonly WebApplication app;

    private LoopbackReceiver(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        app = builder.Build();
        app.MapPost("/notices", (Delegate)TakeAsync);
    }

    /// <summary>What it took, in order.</summary>
    public ConcurrentQueue<Received> Taken { get; } = new();

    /// <summary>All requests, those it did not take included.</summary>
    public int Asked;

    /// <summary>What it does with a request; null takes it.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    public Uri Address => new(new Uri(app.Urls.Single()), "notices");

    public IEnumerable<Received> Events => Taken.Where(t => t.Type == "event-notification");

    public List<long> Numbers => [.. Events.SelectMany(e => e.Numbers)];

    public static async Task<LoopbackReceiver> StartAsync(int port = 0)
    {
        var receiver = new LoopbackReceiver(port);
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>Waits until it has taken so many events, and a moment longer for what must not come.</summary>
    public async Task<List<Received>> EventsAsync(int count, int secondsMax = 20)
    {
        var since = Stopwatch.StartNew();
        while (Numbers.Count < count && since.Elapsed < TimeSpan.FromSeconds(secondsMax))
        {
            await Task.Delay(20);
        }

        return [.. Events];
    }

    /// <summary>Answers every request with a status.</summary>
    public void Answer(HttpStatusCode status, string? location = null) => Instead = http =>
    {
        http.Response.StatusCode = (int)status;
        if (location is not null)
        {
            http.Response.Headers.Location = location;
        }

        return Task.FromResult(true);
    };

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http)
    {
        Interlocked.Increment(ref Asked);
        var at = Stopwatch.GetTimestamp();
        var body = await JsonNode.ParseAsync(http.Request.Body);
        if (Instead is { } instead && await instead(http))
        {
            return;
        }

        Taken.Enqueue(new(body!, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(),
            StringComparer.OrdinalIgnoreCase), at));
        http.Response.StatusCode = 200;
    }
}
