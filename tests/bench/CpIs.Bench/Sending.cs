using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace CpIs.Bench;

/// <summary>
/// A council that sends a caseload and waits for its end, as <c>./cpis upload</c> does: how long the sending took, how
/// long all of it, and what the manifest says.
/// </summary>
internal sealed record Sending(double SentSeconds, double Seconds, int Read, int Inserted, int Unchanged, int Refused,
    int Skipped, bool AddsUp)
{
    private const int AskEveryMs = 50;

    private static readonly string[] Accepted = ["inserted", "changed", "unchanged", "ended", "reopened", "removed"];

    /// <summary>Sends a file; every row of it must be read.</summary>
    public static async Task<Sending> OfAsync(
        HttpClient http, string server, string token, string file, string submission)
    {
        var watch = Stopwatch.StartNew();
        await using var bytes = File.OpenRead(file);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{server}/$submit-caseload?submission={submission}"
            + "&extracted=" + Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("O")))
        {
            Content = new StreamContent(bytes) { Headers = { ContentType = new("text/csv") } },
            Headers = { Authorization = new("Bearer", token) },
        };
        using var accepted = await http.SendAsync(request);
        if (!accepted.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await accepted.Content.ReadAsStringAsync());
        }

        var sent = watch.Elapsed.TotalSeconds;
        var status = accepted.Content.Headers.ContentLocation!;
        while (true)
        {
            using var asking = new HttpRequestMessage(HttpMethod.Get, status)
            {
                Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
            };
            using var answer = await http.SendAsync(asking);
            if ((int)answer.StatusCode == 200)
            {
                var manifest = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
                var counts = manifest.GetProperty("extension");
                int Count(string name) => counts.GetProperty(name).GetInt32();
                var taken = Accepted.Sum(Count);
                return new(sent, watch.Elapsed.TotalSeconds, Count("read"), Count("inserted"), Count("unchanged"),
                    Count("refused"), Count("skipped"),
                    taken + Count("refused") + Count("skipped") == Count("read"));
            }

            answer.EnsureSuccessStatusCode();
            await Task.Delay(AskEveryMs);
        }
    }
}
