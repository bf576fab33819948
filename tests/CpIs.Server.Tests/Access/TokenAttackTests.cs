using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// What an attacker may try with tokens, one line each: nothing but 401, always the same words, and an entry in the
/// ledger. The last test shows that the same tokens without their fault are good.
/// </summary>
public sealed class TokenAttackTests(TrustedIssuers issuers) : IClassFixture<TrustedIssuers>
{
    private static readonly string Answer = Words();

    public static TheoryData<string> Attacks =>
    [
        "no header", "no token", "Basic", "another scheme", "token in the query", "two tokens", "garbage", "five parts",
        "alg none", "alg nOnE", "HS256 with the public key", "HS256 with the public key as PEM",
        "HS256 with the modulus", "no signature", "another token's signature", "changed claims", "changed header",
        "no kid", "empty kid", "kid as a number", "unknown kid", "kid as a path", "kid as SQL", "endless kid",
        "another issuer's key and kid", "another issuer's key under this kid", "a stranger's key under this kid",
        "jwk in the header", "jku in the header", "x5u in the header", "x5c in the header", "crit in the header",
        "b64 in the header", "zip in the header", "two alg in the header", "no typ", "typ of an ID token",
        "typ of a log-out token", "expired", "not yet", "no exp", "exp as text", "exp beyond time", "wrong aud",
        "no aud", "two aud", "aud with a slash", "aud in capitals", "wrong iss", "iss with a slash", "no iss",
        "two iss", "iss as a list", "an ID token by nonce", "an ID token by at_hash", "a log-out token",
        "a refresh token by its use", "unregistered client", "no client", "endless token", "depth bomb",
        "claims are a list", "short RSA key", "shared secret among the keys", "key for encryption",
        "our own issuer named",
        "a person weakly proven", "a person's proof unsaid", "a tenant not allowed", "another tenant's iss",
        "a v1 token", "neither roles nor scopes", "a platform's token as Entra's", "spaces in the token",
    ];

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_forged_or_foreign_token_is_401_with_one_body_and_one_entry(string attack)
    {
        using var client = issuers.Server.Stranger();
        var id = Guid.NewGuid().ToString();
        var (header, query) = Make(attack);
        client.DefaultRequestHeaders.Add("X-Request-ID", id);
        if (header is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header).Should().BeTrue();
        }

        var answer = await client.TryAsync($"EpisodeOfCare{query}");

        await answer.ShouldBeRefusedAsync(401);
        (await answer.Content.ReadAsStringAsync()).Should().Be(Answer);
        answer.Headers.WwwAuthenticate.ToString().Should().Be("Bearer");
        (await Ledger.OfRequestAsync(issuers.Server, id)).Should().Equal((401, 4));
    }

    [Fact]
    public async Task The_same_tokens_without_a_fault_are_good_each_for_its_own_organisation()
    {
        foreach (var token in new[]
        {
            issuers.Entra.Token(TrustedIssuers.Application), issuers.Platform.Token(TrustedIssuers.System),
        })
        {
            using var council = issuers.Server.With(() => token);
            await council.GetOkAsync("EpisodeOfCare");
        }

        var number = InventedPlan.NewNumber();
        using var clinician = issuers.Server.With(() => issuers.Cis2.Token(TrustedIssuers.Clinician));
        await clinician.GetOkAsync($"Flag?patient={number}");
        (await issuers.Server.Auditor.GetOkAsync($"AuditEvent?patient={number}&organization=RXR")).Total()
            .Should().Be(1);
    }

    private static string Words() => Encoding.UTF8.GetString(CpIs.Fhir.Outcome.Render(
        [new("error", "login", CpIs.Fhir.DetailCode.AccessDenied, "A valid bearer token is needed.")]));

    private (string? Header, string Query) Make(string attack)
    {
        var good = issuers.Platform.Token(TrustedIssuers.System);
        return attack switch
        {
            "no header" => (null, ""),
            "no token" => ("Bearer ", ""),
            "Basic" => ("Basic " + Convert.ToBase64String("council:secret"u8), ""),
            "another scheme" => ("Token " + good, ""),
            "token in the query" => (null, "?access_token=" + good),
            "two tokens" => ($"Bearer {good}, Bearer {good}", ""),
            "spaces in the token" => ($"Bearer {good.Replace(".", " .", StringComparison.Ordinal)}", ""),
            _ => ("Bearer " + (Malformed(attack, good) ?? OfHeader(attack) ?? OfKey(attack) ?? OfClaims(attack)
                ?? OfType(attack) ?? throw new InvalidOperationException(attack)), ""),
        };
    }

    private string? Malformed(string attack, string good)
    {
        var parts = good.Split('.');
        var other = issuers.Platform.Token(TrustedIssuers.System).Split('.');
        string Twice(string header, string claims) => LoopbackIssuer.Raw(header, claims, issuers.Platform.Sign);
        var head = Base64UrlEncoder.Decode(parts[0]);
        var body = Base64UrlEncoder.Decode(parts[1]);
        return attack switch
        {
            "garbage" => "abc.def.ghi",
            "five parts" => good + ".AAAA.AAAA",
            "no signature" => $"{parts[0]}.{parts[1]}.",
            "another token's signature" => $"{parts[0]}.{parts[1]}.{other[2]}",
            "changed claims" => $"{parts[0]}.{other[1]}.{parts[2]}",
            "changed header" => Base64UrlEncoder.Encode(head.Replace("RS256", "RS384", StringComparison.Ordinal))
                + $".{parts[1]}.{parts[2]}",
            "two alg in the header" => Twice(head[..^1] + ",\"alg\":\"RS256\"}", body),
            "two iss" => Twice(head, body[..^1] + $",\"iss\":\"{issuers.Platform.Issuer}\"}}"),
            "claims are a list" => Twice(head, $"[{body}]"),
            "depth bomb" => Twice(head, body[..^1] + $",\"x\":{new string('[', 200)}{new string(']', 200)}}}"),
            _ => null,
        };
    }

    private string? OfHeader(string attack) => attack switch
    {
        "no kid" => Head(h => h.Remove("kid")),
        "empty kid" => Head(h => h["kid"] = ""),
        "kid as a number" => Head(h => h["kid"] = 1),
        "unknown kid" => Head(h => h["kid"] = "another"),
        "kid as a path" => Head(h => h["kid"] = "../../../../../../dev/null"),
        "kid as SQL" => Head(h => h["kid"] = "' or '1'='1"),
        "endless kid" => Head(h => h["kid"] = new string('k', 1000)),
        "jwk in the header" => Head(h => h["jwk"] = issuers.Platform.Published(issuers.Platform.Key, "key-1")),
        "jku in the header" => Head(h => h["jku"] = issuers.Platform.Root + "/keys"),
        "x5u in the header" => Head(h => h["x5u"] = issuers.Platform.Root + "/keys"),
        "x5c in the header" => Head(h => h["x5c"] = new JsonArray("AAAA")),
        "crit in the header" => Head(h => h["crit"] = new JsonArray("exp")),
        "b64 in the header" => Head(h => h["b64"] = true),
        "zip in the header" => Head(h => h["zip"] = "DEF"),
        "no typ" => Head(h => h.Remove("typ")),
        "typ of an ID token" => Head(h => h["typ"] = "id+jwt"),
        "typ of a log-out token" => Head(h => h["typ"] = "logout+jwt"),
        _ => null,
    };

    private string? OfKey(string attack)
    {
        var own = issuers.Platform;
        Func<byte[], byte[]> Secret(byte[] key) => data => HMACSHA256.HashData(key, data);
        string Shared(byte[] key) => own.Token(TrustedIssuers.System, h => h["alg"] = "HS256", Secret(key));
        string Named(RSA key, string name)
        {
            using (key)
            {
                return own.Token(TrustedIssuers.System, h => h["kid"] = name,
                    data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            }
        }

        return attack switch
        {
            "alg none" => own.Token(TrustedIssuers.System, h => h["alg"] = "none", _ => [0]),
            "alg nOnE" => own.Token(TrustedIssuers.System, h => h["alg"] = "nOnE", _ => [0]),
            "HS256 with the public key" => Shared(own.Key.ExportSubjectPublicKeyInfo()),
            "HS256 with the public key as PEM" => Shared(
                Encoding.ASCII.GetBytes(own.Key.ExportSubjectPublicKeyInfoPem())),
            "HS256 with the modulus" => Shared(own.Key.ExportParameters(false).Modulus!),
            "another issuer's key and kid" => own.Token(
                TrustedIssuers.System, h => h["kid"] = issuers.Cis2.KeyName, issuers.Cis2.Sign),
            "another issuer's key under this kid" => own.Token(TrustedIssuers.System, null, issuers.Cis2.Sign),
            "a stranger's key under this kid" => Named(RSA.Create(2048), own.KeyName),
            "short RSA key" => Named(Publish(RSA.Create(1024), "short", "sig"), "short"),
            "key for encryption" => Named(Publish(RSA.Create(2048), "enc-key", "enc"), "enc-key"),
            "shared secret among the keys" => own.Token(TrustedIssuers.System,
                h => { h["alg"] = "HS256"; h["kid"] = "secret"; }, Secret(PublishSecret())),
            _ => null,
        };
    }

    private string? OfClaims(string attack)
    {
        var own = issuers.Platform;
        var now = issuers.Server.Clock.GetUtcNow();
        return attack switch
        {
            "expired" => Body(c => c["exp"] = now.AddMinutes(-2).ToUnixTimeSeconds()),
            "not yet" => Body(c => c["nbf"] = now.AddMinutes(2).ToUnixTimeSeconds()),
            "no exp" => Body(c => c.Remove("exp")),
            "exp as text" => Body(c => c["exp"] = "never"),
            "exp beyond time" => Body(c => c["exp"] = 1e30),
            "wrong aud" => Body(c => c["aud"] = "https://elsewhere.example"),
            "no aud" => Body(c => c.Remove("aud")),
            "two aud" => Body(c => c["aud"] = new JsonArray(LoopbackIssuer.Audience, "a-client")),
            "aud with a slash" => Body(c => c["aud"] = LoopbackIssuer.Audience + "//"),
            "aud in capitals" => Body(c => c["aud"] = LoopbackIssuer.Audience.ToUpperInvariant()),
            "wrong iss" => Body(c => c["iss"] = "https://elsewhere.example"),
            "iss with a slash" => Body(c => c["iss"] = own.Issuer + "/"),
            "no iss" => Body(c => c.Remove("iss")),
            "iss as a list" => Body(c => c["iss"] = new JsonArray(own.Issuer)),
            "our own issuer named" => Body(c => c["iss"] = issuers.Server.Root.ToString().TrimEnd('/')),
            "an ID token by nonce" => Body(c => c["nonce"] = "n-0S6_WzA2Mj"),
            "an ID token by at_hash" => Body(c => c["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ"),
            "a log-out token" => Body(c => c["events"] = new JsonObject()),
            "a refresh token by its use" => Body(c => c["token_use"] = "refresh"),
            "unregistered client" => Body(c => c["client_id"] = "somebody"),
            "no client" => Body(c => c.Remove("client_id")),
            "endless token" => Body(c => c["x"] = new string('x', 20_000)),
            _ => null,
        };
    }

    private string? OfType(string attack) => attack switch
    {
        "a person weakly proven" => issuers.Cis2.Token(c =>
        {
            TrustedIssuers.Clinician(c);
            c["authentication_assurance_level"] = "1";
        }),
        "a person's proof unsaid" => issuers.Cis2.Token(c =>
        {
            TrustedIssuers.Clinician(c);
            c.Remove("id_assurance_level");
        }),
        "a tenant not allowed" => Entra(c =>
        {
            c["tid"] = "99999999-1111-4222-8333-944455556666";
            c["iss"] = $"{issuers.Entra.Root}/99999999-1111-4222-8333-944455556666/v2.0";
        }),
        "another tenant's iss" => Entra(c => c["tid"] = "99999999-1111-4222-8333-944455556666"),
        "a v1 token" => Entra(c => c["ver"] = "1.0"),
        "neither roles nor scopes" => Entra(c => c.Remove("roles")),
        "a platform's token as Entra's" => issuers.Entra.Token(
            TrustedIssuers.Application, h => h["kid"] = issuers.Platform.KeyName, issuers.Platform.Sign),
        _ => null,
    };

    private string Head(Action<JsonObject> change) => issuers.Platform.Token(TrustedIssuers.System, change);

    private string Body(Action<JsonObject> change) => issuers.Platform.Token(claims =>
    {
        TrustedIssuers.System(claims);
        change(claims);
    });

    private string Entra(Action<JsonObject> change) => issuers.Entra.Token(claims =>
    {
        TrustedIssuers.Application(claims);
        change(claims);
    });

    /// <summary>The issuer itself publishes a key that must not count; the server looks again for it.</summary>
    private RSA Publish(RSA key, string name, string use)
    {
        var published = issuers.Platform.Published(key, name);
        published["use"] = use;
        LookAgain(published);
        return key;
    }

    private byte[] PublishSecret()
    {
        var secret = RandomNumberGenerator.GetBytes(64);
        LookAgain(new() { ["kty"] = "oct", ["kid"] = "secret", ["k"] = Base64UrlEncoder.Encode(secret) });
        return secret;
    }

    private void LookAgain(JsonObject published)
    {
        issuers.Platform.AlsoPublished.Add(published);
        issuers.Server.Clock.Move(TimeSpan.FromHours(2));
    }
}
