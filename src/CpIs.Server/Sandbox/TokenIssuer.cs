using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Sandbox;

/// <summary>
/// The sandbox's own issuer of tokens: a key made on first start and kept in the data folder. Production has none.
/// RFC 6749 §4.4, RFC 7517.
/// </summary>
internal sealed class TokenIssuer : IDisposable
{
    /// <summary>Seconds a token lives.</summary>
    private const int LifetimeSeconds = 300;

    private const int FormBytesMax = 16 * 1024;

    private readonly ECDsa key;
    private readonly SigningCredentials signing;
    private readonly TimeProvider clock;
    private readonly int councils;

    public TokenIssuer(string issuer, string keyFolder, TimeProvider clock, int councils)
    {
        this.councils = councils;
        Issuer = issuer;
        Audience = issuer + Routes.Prefix;
        this.clock = clock;
        key = LoadOrMake(Path.Combine(keyFolder, "token-signing-key.pem"));
        Key = new ECDsaSecurityKey(key);
        Key.KeyId = Base64UrlEncoder.Encode(Key.ComputeJwkThumbprint());
        signing = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha384);
    }

    public string Issuer { get; }

    public string Audience { get; }

    public ECDsaSecurityKey Key { get; }

    public void Map(WebApplication app)
    {
        app.MapPost("/oauth2/token", (Delegate)TokenAsync);
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

    private async Task<IResult> TokenAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentLength > FormBytesMax)
        {
            return Error("invalid_request", "Send a form of at most 16 KiB.");
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        if (form["grant_type"] != "client_credentials")
        {
            return Error("unsupported_grant_type", "Only client_credentials is served.");
        }

        if (form.ContainsKey("client_assertion"))
        {
            return Error("invalid_client", "private_key_jwt is not served yet: name a persona by client_id alone.");
        }

        return Persona.Find(form["client_id"].ToString(), councils) is { } persona
            ? Results.Json(new
            {
                access_token = Issue(persona),
                token_type = "Bearer",
                expires_in = LifetimeSeconds,
                scope = persona.Scope,
            })
            : Results.Json(new { error = "invalid_client", error_description = "No such persona." }, statusCode: 401);
    }

    private static IResult Error(string error, string description) =>
        Results.Json(new { error, error_description = description }, statusCode: 400);

    private static readonly string[] Capabilities = ["permission-v1", "permission-v2"];

    private IResult Configuration() => Results.Json(new Dictionary<string, object>
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = Issuer + "/.well-known/jwks.json",
        ["token_endpoint"] = Issuer + "/oauth2/token",
        ["grant_types_supported"] = List("client_credentials"),
        ["token_endpoint_auth_methods_supported"] = List("none"),
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

    private static ECDsa LoadOrMake(string file)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        if (File.Exists(file))
        {
            key.ImportFromPem(File.ReadAllText(file));
            return key;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var writer = new StreamWriter(file, options);
        writer.Write(key.ExportECPrivateKeyPem());
        return key;
    }
}
