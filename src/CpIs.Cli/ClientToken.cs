using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CpIs.Cli;

/// <summary>The token of a client, asked for when it is needed and again shortly before it runs out.</summary>
internal sealed class ClientToken(HttpClient http, string clientId)
{
    /// <summary>Seconds before its end at which a token is not used any more.</summary>
    private const int MarginSeconds = 60;

    private string? token;
    private DateTimeOffset until;

    /// <exception cref="HttpRequestException">The server gives this client none.</exception>
    public async Task<AuthenticationHeaderValue> GetAsync(CancellationToken stop)
    {
        if (token is not null && TimeProvider.System.GetUtcNow() < until)
        {
            return new("Bearer", token);
        }

        using var form = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("client_id", clientId)]);
        using var answer = await http.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form, stop);
        var body = await answer.Content.ReadFromJsonAsync<JsonNode>(stop);
        token = body?["access_token"]?.GetValue<string>()
            ?? throw new HttpRequestException($"no token for {clientId}: {body?["error_description"]}");
        until = TimeProvider.System.GetUtcNow().AddSeconds((body["expires_in"]?.GetValue<int>() ?? 0) - MarginSeconds);
        return new("Bearer", token);
    }
}
