using System.Security.Claims;
using System.Text.Json;
using CpIs.Fhir;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Identity.Web;

namespace CpIs.Server.Access;

/// <summary>
/// All whose tokens are believed, each under a scheme of its own with its own keys: a token is verified only with the
/// keys of the issuer it names.
/// </summary>
internal sealed class Issuers(IReadOnlyList<Issuers.Known> all)
{
    private const string Bearer = "Bearer ";

    /// <summary>Claims that stand in tokens about a log-in, which are for the client and open nothing here.</summary>
    private static readonly string[] LogInClaims = ["nonce", "at_hash", "c_hash", "s_hash", "events"];

    /// <summary>Tells the server's authentication of each.</summary>
    /// <param name="bearer">The server's authentication.</param>
    /// <param name="issuers">Those of the configuration.</param>
    /// <param name="clock">By which tokens expire.</param>
    /// <param name="own">The sandbox's own, which has its key at hand.</param>
    public static Issuers Add(
        AuthenticationBuilder bearer, IReadOnlyList<IssuerOptions> issuers, TimeProvider clock, Known? own)
    {
        List<Known> all = own is null ? [] : [own];
        foreach (var options in issuers)
        {
            var known = new Known(options, $"issuer-{all.Count}", Keys(options, clock));
            all.Add(known);
            if (options.Type == IssuerType.Entra)
            {
                bearer.AddMicrosoftIdentityWebApi(o => Accept(o, known, clock), o =>
                {
                    o.Instance = options.Authority + "/";
                    o.TenantId = "organizations";
                    o.ClientId = options.Audience;
                }, known.Scheme);
            }
            else
            {
                bearer.AddJwtBearer(known.Scheme, o => Accept(o, known, clock));
            }
        }

        return new(all);
    }

    /// <summary>Who the bearer token is about, as far as its issuer is believed; null when it is not valid.</summary>
    /// <exception cref="Refused">503 when the issuer's keys cannot be had: nothing can be said about the token.
    /// </exception>
    public async Task<ClaimsPrincipal?> PrincipalAsync(HttpContext http, string header)
    {
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            || TokenShape.Claims(header[Bearer.Length..].Trim()) is not { } claims || !IsForUs(claims)
            || all.FirstOrDefault(one => IsOf(one.Options, claims)) is not { } issuer)
        {
            return null;
        }

        if (issuer.Keys is not null && !await issuer.Keys.AreThereAsync(http.RequestAborted))
        {
            throw new Refused(503, [new("error", "transient", DetailCode.ServiceUnavailable, Words.NoAnswer)]);
        }

        var result = await http.AuthenticateAsync(issuer.Scheme);
        return result.Succeeded ? IssuerClaims.Of(issuer.Options, result.Principal) : null;
    }

    private static void Accept(JwtBearerOptions bearer, Known issuer, TimeProvider clock)
    {
        Tokens.Accept(bearer, issuer.Options.Authority, issuer.Options.Audience, clock);
        bearer.ConfigurationManager = issuer.Keys;
        if (issuer.Options.Type == IssuerType.Entra)
        {
            // A token is sent here only when its iss is that of an allowed tenant: see IsOf.
            bearer.TokenValidationParameters.ValidIssuer = null;
            bearer.TokenValidationParameters.ValidIssuers =
                issuer.Options.Vouched.Select(tenant => IssuerOf(issuer.Options, tenant.Id));
            bearer.TokenValidationParameters.IssuerValidator = (iss, _, expected) =>
                expected.ValidIssuers.Contains(iss, StringComparer.Ordinal) ? iss
                    : throw new Microsoft.IdentityModel.Tokens.SecurityTokenInvalidIssuerException();
        }
    }

    private static IssuerKeys Keys(IssuerOptions options, TimeProvider clock)
    {
        var isEntra = options.Type == IssuerType.Entra;
        var root = isEntra ? options.Authority + "/organizations/v2.0" : options.Authority.TrimEnd('/');
        return new(root + "/.well-known/openid-configuration", isEntra ? null : options.Authority,
            new SocketsHttpHandler { AllowAutoRedirect = false }, clock)
        {
            // Keys that the issuer took back are not used for another hour.
            UseLastKnownGoodConfiguration = false,
        };
    }

    private static bool IsOf(IssuerOptions options, JsonElement claims) => claims.Text("iss") is { } iss
        && (options.Type == IssuerType.Entra
            ? options.Vouched.Any(tenant => tenant.Id == claims.Text("tid") && iss == IssuerOf(options, tenant.Id))
            : iss == options.Authority);

    private static string IssuerOf(IssuerOptions options, string tenant) => $"{options.Authority}/{tenant}/v2.0";

    /// <summary>An access token, for one audience.</summary>
    private static bool IsForUs(JsonElement claims) =>
        claims.TryGetProperty("aud", out var audience)
        && (audience.ValueKind == JsonValueKind.String
            || (audience.ValueKind == JsonValueKind.Array && audience.GetArrayLength() == 1))
        && (claims.Text("token_use") ?? "access") == "access"
        && !LogInClaims.Any(name => claims.TryGetProperty(name, out _));

    /// <param name="Options">What is configured.</param>
    /// <param name="Scheme">Name of its authentication scheme.</param>
    /// <param name="Keys">Null when the key is at hand.</param>
    internal sealed record Known(IssuerOptions Options, string Scheme, IssuerKeys? Keys);
}
