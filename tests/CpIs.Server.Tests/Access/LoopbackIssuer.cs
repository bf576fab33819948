using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// An issuer on the loopback address with metadata, keys that it rolls, and tokens in which a test may write anything.
/// As Entra it publishes the metadata that many tenants share.
/// </summary>
internal sealed class LoopbackIssuer : IAsyncDisposable
{
    public const string Audience = "6f1b3a52-2f0f-4f1e-9d67-0c6f3a1f2b11";
    public const string Tenant = "0c1d2e3f-1111-4222-8333-944455556666";

    private readonly WebApplication app;
    private readonly TimeProvider clock;
    private readonly IssuerType type;
    private int names;
    private int asked;

    private LoopbackIssuer(TimeProvider clock, IssuerType type)
    {
        (this.clock, this.type) = (clock, type);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapGet((IsEntra ? "/organizations/v2.0" : "") + "/.well-known/openid-configuration", Metadata);
        app.MapGet("/keys", Keys);
        Roll();
    }

    public RSA Key { get; private set; } = null!;

    public string KeyName { get; private set; } = "";

    /// <summary>What else stands among its keys.</summary>
    public List<JsonObject> AlsoPublished { get; } = [];

    /// <summary>Times its metadata were asked for, also while it was down.</summary>
    public int Asked => Volatile.Read(ref asked);

    public bool IsDown { get; set; }

    /// <summary>What its metadata call it, when that is not its name.</summary>
    public string? CallsItself { get; set; }

    private bool IsEntra => type == IssuerType.Entra;

    public string Root => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.Single();

    public string Issuer => IsEntra ? $"{Root}/{Tenant}/v2.0" : Root;

    public static async Task<LoopbackIssuer> StartAsync(TimeProvider clock, IssuerType type)
    {
        var issuer = new LoopbackIssuer(clock, type);
        await issuer.app.StartAsync();
        return issuer;
    }

    /// <summary>From now on another key signs, and the one before is taken back.</summary>
    public void Roll()
    {
        Key = RSA.Create(2048);
        KeyName = $"{type}-{++names}";
    }

    /// <summary>A token with good times and addressees, changed as the test says.</summary>
    public string Token(
        Action<JsonObject> claims, Action<JsonObject>? header = null, Func<byte[], byte[]>? sign = null)
    {
        var now = clock.GetUtcNow();
        var head = new JsonObject { ["typ"] = "JWT", ["alg"] = "RS256", ["kid"] = KeyName };
        var body = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
        };
        header?.Invoke(head);
        claims(body);
        return Raw(head.ToJsonString(), body.ToJsonString(), sign ?? Sign);
    }

    public static string Raw(string header, string claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(claims)}";
        return $"{signed}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public byte[] Sign(byte[] data) => Key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public JsonObject Published(RSA key, string name)
    {
        var parts = key.ExportParameters(false);
        return new()
        {
            ["kty"] = "RSA", ["use"] = "sig", ["kid"] = name,
            ["n"] = Base64UrlEncoder.Encode(parts.Modulus), ["e"] = Base64UrlEncoder.Encode(parts.Exponent),
            ["issuer"] = IsEntra ? Root + "/{tenantid}/v2.0" : Root,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Key.Dispose();
    }

    private IResult Metadata()
    {
        Interlocked.Increment(ref asked);
        return IsDown ? Results.StatusCode(503) : Results.Json(new JsonObject
        {
            ["issuer"] = CallsItself ?? (IsEntra ? Root + "/{tenantid}/v2.0" : Root),
            ["jwks_uri"] = Root + "/keys",
            ["authorization_endpoint"] = Root + "/authorize",
            ["token_endpoint"] = Root + "/token",
        });
    }

    private IResult Keys() => IsDown ? Results.StatusCode(503) : Results.Json(new JsonObject
    {
        ["keys"] = new JsonArray([Published(Key, KeyName), .. AlsoPublished.Select(key => key.DeepClone())]),
    });
}
