using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace CpIs.Server.Access;

/// <summary>
/// Remembers tokens that were verified, by hash, until they expire: a clinician's client sends one token many times,
/// and a signature costs more than the look-up.
/// </summary>
internal sealed class TokenCache(TimeProvider clock)
{
    /// <summary>Tokens remembered.</summary>
    private const int TokensMax = 10_000;

    private readonly ConcurrentDictionary<string, (ClaimsPrincipal Claims, DateTimeOffset Until)> known =
        new(StringComparer.Ordinal);

    /// <summary>The claims of the request's bearer token; null when there is none or it is not valid.</summary>
    public async Task<ClaimsPrincipal?> VerifyAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return null;
        }

        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(header)));
        if (known.TryGetValue(key, out var held) && clock.GetUtcNow() < held.Until)
        {
            return held.Claims;
        }

        var result = await http.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme);
        if (!result.Succeeded)
        {
            return null;
        }

        if (known.Count >= TokensMax)
        {
            known.Clear();
        }

        if (long.TryParse(result.Principal.FindFirstValue("exp"), out var until))
        {
            known[key] = (result.Principal, DateTimeOffset.FromUnixTimeSeconds(until));
        }

        return result.Principal;
    }
}
