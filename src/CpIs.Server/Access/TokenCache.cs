using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace CpIs.Server.Access;

/// <summary>
/// Remembers the callers of tokens that were verified, by hash, until the tokens expire: a clinician's client sends one
/// token many times, and a signature costs more than the look-up.
/// </summary>
internal sealed class TokenCache(ServerOptions options, TimeProvider clock)
{
    /// <summary>Callers remembered.</summary>
    private const int CallersMax = 10_000;

    private readonly ConcurrentDictionary<string, (Caller Caller, DateTimeOffset Until)> known =
        new(StringComparer.Ordinal);

    /// <summary>The caller of the request's bearer token; null when there is none or it is not valid.</summary>
    /// <exception cref="Refused">When a valid token makes no caller: see <see cref="Caller.Of"/>.</exception>
    public async Task<Caller?> CallerAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return null;
        }

        var role = http.Request.Headers["NHSD-Session-URID"].ToString();
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(header + "\n" + role)));
        if (known.TryGetValue(key, out var held) && clock.GetUtcNow() < held.Until)
        {
            return held.Caller;
        }

        var result = await http.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme);
        if (!result.Succeeded)
        {
            return null;
        }

        var caller = Caller.Of(result.Principal, role.Length > 0 ? role : null, options.NationalOrganisation);
        Remember(key, caller, result.Principal.FindFirstValue("exp"));
        return caller;
    }

    private void Remember(string key, Caller caller, string? expires)
    {
        if (known.Count >= CallersMax)
        {
            known.Clear();
        }

        if (long.TryParse(expires, out var until))
        {
            known[key] = (caller, DateTimeOffset.FromUnixTimeSeconds(until));
        }
    }
}
