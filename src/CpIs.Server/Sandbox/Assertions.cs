using System.Collections.Concurrent;
using System.Text.Json;
using CpIs.Server.Access;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Judges the signed assertions by which clients say who they are, each good once. RFC 7523 and SMART Backend Services:
/// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
/// The ids of used assertions are kept in memory: this endpoint is one process, and gives its personas away by name.
/// </summary>
internal sealed class Assertions(ClientKeys keys, int councils, string tokenAddress, TimeProvider clock)
{
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>Used assertions remembered; beyond them every client is refused until some have expired.</summary>
    private const int UsedMax = 100_000;

    /// <summary>Characters of <c>jti</c>.</summary>
    private const int IdMax = 256;

    /// <summary>How far ahead an assertion may expire.</summary>
    private static readonly TimeSpan LifetimeMax = TimeSpan.FromMinutes(5);

    /// <summary>How far two clocks may differ.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private static readonly JsonWebTokenHandler Handler = new();

    private readonly ConcurrentDictionary<(string Client, string Id), DateTimeOffset> used = new();

    /// <summary>The client that signed, or why it is not believed.</summary>
    public async Task<(Persona? Client, string Why)> JudgeAsync(string assertion)
    {
        if (TokenShape.Claims(assertion) is not { } claims)
        {
            return (null, "The assertion is no signed JWT that names its key by kid and brings none.");
        }

        if (claims.Text("iss") is not { } id || Persona.Find(id, councils) is not { } client
            || claims.Text("sub") != id)
        {
            return (null, "iss and sub must both be the id of a registered client.");
        }

        if (claims.Text("jti") is not { Length: > 0 and <= IdMax } jti)
        {
            return (null, $"jti is missing, or longer than {IdMax} characters.");
        }

        var result = await Handler.ValidateTokenAsync(assertion, Expected(client));
        if (!result.IsValid)
        {
            return (null, Why(result.Exception));
        }

        return Use(id, jti, Until(claims)) ? (client, "") : (null, "This assertion was used before.");
    }

    private TokenValidationParameters Expected(Persona client) => new()
    {
        ValidIssuer = client.ClientId,
        ValidAudience = tokenAddress,
        IssuerSigningKeys = keys.Of(client),
        TryAllIssuerSigningKeys = false,
        ValidAlgorithms = [SecurityAlgorithms.RsaSha384, SecurityAlgorithms.EcdsaSha384],
        ValidTypes = ["JWT"],
        RequireExpirationTime = true,
        RequireSignedTokens = true,
        LifetimeValidator = (from, until, _, _) => InTime(from, until, clock.GetUtcNow().UtcDateTime),
    };

    private static bool InTime(DateTime? from, DateTime? until, DateTime now) =>
        until is { } end && now <= end + Skew && end <= now + LifetimeMax + Skew
        && (from is not { } start || now >= start - Skew);

    private static string Why(Exception? fault) => fault switch
    {
        SecurityTokenInvalidAudienceException => "aud must be the address of this token endpoint.",
        SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException =>
            "exp is missing, past, or more than five minutes ahead.",
        SecurityTokenInvalidTypeException => "typ must be JWT.",
        _ => "No registered key of this client verifies it with RS384 or ES384.",
    };

    /// <summary>When an assertion need not be remembered any more.</summary>
    private static DateTimeOffset Until(JsonElement claims) =>
        DateTimeOffset.FromUnixTimeSeconds((long)claims.GetProperty("exp").GetDouble()) + Skew
            + TimeSpan.FromSeconds(1);

    private bool Use(string client, string id, DateTimeOffset until)
    {
        if (used.Count >= UsedMax)
        {
            var now = clock.GetUtcNow();
            foreach (var past in used.Where(one => one.Value < now))
            {
                used.TryRemove(past);
            }
        }

        return used.Count < UsedMax && used.TryAdd((client, id), until);
    }
}
