using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;

namespace CpIs.Faults;

/// <summary>
/// Bearer tokens of the sandbox's personas, fetched from each server and used until they are nearly old.
/// </summary>
internal sealed class Tokens
{
    /// <summary>They live five minutes.</summary>
    private static readonly TimeSpan UsedMax = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<(Uri, string), (AuthenticationHeaderValue Token, DateTimeOffset At)> held =
        [];

    public async Task<AuthenticationHeaderValue> OfAsync(HttpClient http, Uri server, string persona)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (held.TryGetValue((server, persona), out var known) && now - known.At < UsedMax)
        {
            return known.Token;
        }

        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = persona,
        });
        using var answer = await http.PostAsync(new Uri(server, "/oauth2/token"), form);
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var token = new AuthenticationHeaderValue(
            "Bearer", json.RootElement.GetProperty("access_token").GetString());
        held[(server, persona)] = (token, now);
        return token;
    }
}
