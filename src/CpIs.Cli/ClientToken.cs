using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CpIs.Cli;

/// <summary>
/// The token of a client, asked for when it is needed and again shortly before it runs out: by its key where it has
/// one, else by its name, which only a sandbox takes.
/// </summary>
internal sealed class ClientToken(HttpClient http, string clientId, ClientKey? key = null)
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

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

        var address = key is null ? new Uri("/oauth2/token", UriKind.Relative)
            : key.TokenAddress ?? await TokenAddressAsync(stop);
        using var form = new FormUrlEncodedContent(Fields(address));
        using var answer = await http.PostAsync(address, form, stop);
        var body = await answer.Content.ReadFromJsonAsync<JsonNode>(stop);
        token = body?["access_token"]?.GetValue<string>()
            ?? throw new HttpRequestException($"no token for {clientId}: {body?["error_description"]}");
        until = TimeProvider.System.GetUtcNow().AddSeconds((body["expires_in"]?.GetValue<int>() ?? 0) - MarginSeconds);
        return new("Bearer", token);
    }

    /// <summary>Whether a token may travel there.</summary>
    public static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps
        || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    private IEnumerable<KeyValuePair<string, string>> Fields(Uri address)
    {
        yield return new("grant_type", "client_credentials");
        if (key is null)
        {
            yield return new("client_id", clientId);
            yield break;
        }

        yield return new("client_assertion_type", AssertionType);
        yield return new(
            "client_assertion", key.Assertion(clientId, address.OriginalString, TimeProvider.System.GetUtcNow()));
    }

    /// <summary>
    /// Where the server says that its clients ask for tokens: an assertion is made out to that address.
    /// </summary>
    private async Task<Uri> TokenAddressAsync(CancellationToken stop)
    {
        var known = new Uri("/FHIR/R4/.well-known/smart-configuration", UriKind.Relative);
        var configuration = await http.GetFromJsonAsync<JsonNode>(known, stop);
        return Uri.TryCreate(configuration?["token_endpoint"]?.GetValue<string>(), UriKind.Absolute, out var address)
            && IsSafe(address)
            ? address
            : throw new HttpRequestException("the server names no https address at which to ask for a token");
    }
}
