using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CpIs.Server.Database;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Demographics;

/// <summary>
/// The access token of the application, got with a JWT that its private key signed, and kept until shortly before its
/// end.
/// https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation (application-restricted RESTful
/// APIs, signed JWT authentication)
/// </summary>
internal sealed class PdsToken : IDisposable
{
    /// <summary>Seconds that a signed JWT is good for; the service takes no more than five minutes.</summary>
    private const int AssertionSeconds = 240;

    /// <summary>Seconds before its end at which a token is not used any more.</summary>
    private const int MarginSeconds = 30;

    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private readonly PdsOptions options;
    private readonly HttpClient http;
    private readonly TimeProvider clock;
    private readonly RSA key = RSA.Create();
    private readonly SemaphoreSlim one = new(1);
    private Held? held;

    /// <exception cref="StartRefusedException">The key file is not there, or holds no RSA key.</exception>
    public PdsToken(PdsOptions options, HttpClient http, TimeProvider clock)
    {
        (this.options, this.http, this.clock) = (options, http, clock);
        try
        {
            key.ImportFromPem(File.ReadAllText(options.KeyFile));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or ArgumentException
            or CryptographicException)
        {
            throw new StartRefusedException("The private key of the national service cannot be read.", unread);
        }
    }

    /// <summary>A token that is good now.</summary>
    /// <exception cref="PdsAway">The token endpoint gave none.</exception>
    public async Task<string> GetAsync(CancellationToken stop)
    {
        if (Current() is { } known)
        {
            return known;
        }

        await one.WaitAsync(stop);
        try
        {
            return Current() ?? await FetchAsync(stop);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>The service would not have this token: the next question gets a new one.</summary>
    public void Forget(string token)
    {
        var known = held;
        if (known?.Token == token)
        {
            Interlocked.CompareExchange(ref held, null, known);
        }
    }

    public void Dispose()
    {
        key.Dispose();
        one.Dispose();
    }

    private string? Current() => held is { } known && clock.GetUtcNow() < known.Until ? known.Token : null;

    private async Task<string> FetchAsync(CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"),
            new("client_assertion_type", AssertionType),
            new("client_assertion", Assertion()),
        ]);
        using var answer = await http.PostAsync(options.TokenAddress, form, stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new PdsAway($"the token endpoint answered {(int)answer.StatusCode}",
                answer.Headers.RetryAfter?.Delta, final: (int)answer.StatusCode is 400 or 401 or 403);
        }

        try
        {
            using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(stop));
            var token = body.RootElement.GetProperty("access_token").GetString()!;
            held = new(token, clock.GetUtcNow().AddSeconds(Seconds(body.RootElement) - MarginSeconds));
            return token;
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw new PdsAway("the token endpoint's answer could not be read");
        }
    }

    /// <summary>The service writes the seconds as text.</summary>
    private static int Seconds(JsonElement body) => body.GetProperty("expires_in") is var seconds
        && seconds.ValueKind == JsonValueKind.String
            ? int.Parse(seconds.GetString()!, CultureInfo.InvariantCulture)
            : seconds.GetInt32();

    private string Assertion() => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new
        SecurityTokenDescriptor
        {
            Issuer = options.ApiKey,
            Audience = options.TokenAddress.OriginalString,
            Claims = new Dictionary<string, object>
            {
                ["sub"] = options.ApiKey,
                ["jti"] = Guid.NewGuid().ToString(),
            },
            Expires = clock.GetUtcNow().UtcDateTime.AddSeconds(AssertionSeconds),
            SigningCredentials = new(new RsaSecurityKey(key) { KeyId = options.KeyId }, SecurityAlgorithms.RsaSha512),
        });

    private sealed record Held(string Token, DateTimeOffset Until);
}
