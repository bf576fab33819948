using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Access;

/// <summary>
/// What makes a bearer token valid: a configured issuer, our audience, an asymmetric signature, and its time, judged by
/// the server's clock. RFC 7519, RFC 8725.
/// </summary>
internal static class Tokens
{
    /// <summary>How far two clocks may differ.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private static readonly string[] Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Accepts tokens of one issuer.</summary>
    public static void Accept(JwtBearerOptions bearer, string issuer, string audience, TimeProvider clock)
    {
        bearer.MapInboundClaims = false;
        bearer.IncludeErrorDetails = false;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = issuer,
            ValidAudience = audience,
            ValidAlgorithms = Algorithms,
            ValidTypes = ["JWT", "at+jwt", "application/at+jwt"],
            TryAllIssuerSigningKeys = false,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            RequireAudience = true,
            ValidateIssuer = true,
            ValidateAudience = true,
            ValidateIssuerSigningKey = true,
            LifetimeValidator = (from, until, _, _) => InTime(from, until, clock.GetUtcNow().UtcDateTime),
        };
    }

    private static bool InTime(DateTime? from, DateTime? until, DateTime now) =>
        until is { } end && now <= end + Skew && (from is not { } start || now >= start - Skew);
}
