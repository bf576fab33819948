using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Sandbox;

/// <summary>
/// The sandbox's own issuer of tokens: a key made on first start and kept in the data folder. Production has none.
/// RFC 7517, RFC 7519.
/// </summary>
internal sealed class TokenIssuer : IDisposable
{
    /// <summary>Seconds a token lives.</summary>
    public const int LifetimeSeconds = 300;

    private readonly ECDsa key;
    private readonly SigningCredentials signing;
    private readonly TimeProvider clock;

    public TokenIssuer(string issuer, string keyFolder, TimeProvider clock)
    {
        Issuer = issuer;
        Audience = issuer + Routes.Prefix;
        this.clock = clock;
        key = KeyFile.LoadOrMake(Path.Combine(keyFolder, "token-signing-key.pem"));
        Key = KeyFile.Named(key);
        signing = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha384);
    }

    public string Issuer { get; }

    public string Audience { get; }

    /// <summary>Where tokens are asked for; assertions are made out to it.</summary>
    public string TokenAddress => Issuer + TokenEndpoint.Path;

    public ECDsaSecurityKey Key { get; }

    public void Map(WebApplication app, TokenEndpoint endpoint)
    {
        app.MapPost(TokenEndpoint.Path, (Delegate)endpoint.AnswerAsync);
        app.MapGet("/.well-known/jwks.json", () => Results.Json(new { keys = new[] { Jwk() } }));
        app.MapGet("/.well-known/openid-configuration", Configuration);
        app.MapGet(Routes.Prefix + "/.well-known/smart-configuration", Configuration);
    }

    /// <summary>A token of a persona, also for the sandbox's own loading of samples.</summary>
    public string Issue(Persona persona)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var claims = persona.Claims();
        claims["jti"] = Guid.NewGuid().ToString();
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
            .CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddSeconds(LifetimeSeconds),
            Claims = claims,
            SigningCredentials = signing,
        });
    }

    public void Dispose() => key.Dispose();

    private static readonly string[] Capabilities =
        ["client-confidential-asymmetric", "permission-v1", "permission-v2"];

    private IResult Configuration() => Results.Json(new Dictionary<string, object>
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = Issuer + "/.well-known/jwks.json",
        ["token_endpoint"] = TokenAddress,
        ["grant_types_supported"] = List("client_credentials"),
        ["token_endpoint_auth_methods_supported"] = List("private_key_jwt", "none"),
        ["token_endpoint_auth_signing_alg_values_supported"] = List("RS384", "ES384"),
        ["scopes_supported"] = Persona.All.Values.SelectMany(p => p.Scope.Split(' ')).Distinct().Order(),
        ["capabilities"] = Capabilities,
        ["response_types_supported"] = List(),
        ["subject_types_supported"] = List("public"),
        ["id_token_signing_alg_values_supported"] = List("ES384"),
        ["code_challenge_methods_supported"] = List("S256"),
    });

    private static string[] List(params string[] values) => values;

    private Dictionary<string, string> Jwk()
    {
        var point = key.ExportParameters(false).Q;
        return new()
        {
            ["kty"] = "EC",
            ["crv"] = "P-384",
            ["use"] = "sig",
            ["alg"] = "ES384",
            ["kid"] = Key.KeyId,
            ["x"] = Base64UrlEncoder.Encode(point.X),
            ["y"] = Base64UrlEncoder.Encode(point.Y),
        };
    }
}
