using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace CpIs.Server.Access;

/// <summary>
/// Remembers the callers of tokens that were verified, by hash, until the tokens expire: a clinician's client sends one
/// token many times, and a signature costs more than the look-up.
/// </summary>
internal sealed class TokenCache(ServerOptions options, Issuers issuers, TimeProvider clock)
{
    /// <summary>Callers remembered.</summary>
    private const int CallersMax = 10_000;

    /// <summary>Bytes of a token that are hashed without an array of their own; most are shorter.</summary>
    private const int TokenBytes = 4096;

    private readonly ConcurrentDictionary<Digest, (Caller Caller, DateTimeOffset Until)> known = new();

    /// <summary>The caller of the request's bearer token; null when there is none or it is not valid.</summary>
    /// <exception cref="Refused">When a valid token makes no caller: see <see cref="Caller.Of"/>; 503 when its issuer's
    /// keys cannot be had.</exception>
    public async ValueTask<Caller?> CallerAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return null;
        }

        var role = http.Request.Headers["NHSD-Session-URID"].ToString();
        var organisation = http.Request.Headers["NHSD-End-User-Organisation-ODS"].ToString();
        var key = Digest.Of(header, role, organisation);
        if (known.TryGetValue(key, out var held) && clock.GetUtcNow() < held.Until)
        {
            return held.Caller;
        }

        if (await issuers.PrincipalAsync(http, header) is not { } principal)
        {
            return null;
        }

        var caller = Caller.Of(principal, role.Length > 0 ? role : null,
            organisation.Length > 0 ? organisation : null, options.NationalOrganisation);
        if (organisation.Length == 0 || organisation == caller.Organisation)
        {
            // Any other is refused at the door; remembered, one token could push all others out.
            Remember(key, caller, principal.FindFirstValue("exp"));
        }

        return caller;
    }

    private void Remember(Digest key, Caller caller, string? expires)
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

    /// <summary>SHA-256 of a token, and of the role and the organisation chosen with it.</summary>
    private readonly record struct Digest(UInt128 First, UInt128 Second)
    {
        public static Digest Of(string token, string role, string organisation)
        {
            // A line feed stands in no header, so none of the three runs into the next.
            var count = Encoding.UTF8.GetByteCount(token) + Encoding.UTF8.GetByteCount(role)
                + Encoding.UTF8.GetByteCount(organisation) + 2;
            var bytes = count <= TokenBytes ? stackalloc byte[TokenBytes] : new byte[count];
            var at = Encoding.UTF8.GetBytes(token, bytes);
            bytes[at++] = (byte)'\n';
            at += Encoding.UTF8.GetBytes(role, bytes[at..]);
            bytes[at++] = (byte)'\n';
            at += Encoding.UTF8.GetBytes(organisation, bytes[at..]);
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes[..at], hash);
            return new Digest(
                BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
        }
    }
}
