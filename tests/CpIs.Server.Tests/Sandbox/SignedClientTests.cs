using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>
/// SMART Backend Services from end to end: a council's system signs for its token, and for nobody else's.
/// </summary>
public sealed class SignedClientTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private const string Council = "sandbox-council-lancashire";

    private readonly HttpClient http = new() { BaseAddress = server.Root };

    public static TheoryData<string> Faults =>
    [
        "expired", "no expiry", "an hour ahead", "not yet", "wrong aud", "the FHIR base as aud", "no aud", "wrong key",
        "another client's key", "unknown client", "iss is not sub", "no jti", "endless jti", "no kid", "unknown kid",
        "brings its key", "names an address of keys", "ES256", "HS384 with the public key", "alg none", "wrong typ",
        "two subjects", "client_id of another", "no assertion type", "garbage", "a token of ours",
    ];

    [Fact]
    public async Task A_councils_system_signs_and_reads_its_plans()
    {
        var answer = await AskAsync(Sign(Made(Council)));

        answer["expires_in"]!.GetValue<int>().Should().BeLessThanOrEqualTo(300);
        using var client = server.With(() => answer.Text("access_token"));
        (await client.GetOkAsync("EpisodeOfCare")).Text("resourceType").Should().Be("Bundle");
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task An_assertion_with_a_fault_gives_no_token(string fault)
    {
        var (status, body) = await SendAsync(Bad(fault),
            fault == "client_id of another" ? "sandbox-council-leeds" : null,
            fault == "no assertion type" ? "" : Assertions.Type);

        status.Should().Be(HttpStatusCode.Unauthorized);
        body.Text("error").Should().Be("invalid_client");
        body["access_token"].Should().BeNull();
    }

    [Fact]
    public async Task A_refused_assertion_is_recorded_without_what_it_said()
    {
        var assertion = Bad("wrong key");

        await SendAsync(assertion);

        var entry = (await server.Auditor.GetOkAsync("AuditEvent?outcome=4&_sort=-date&_count=1")).All("AuditEvent")[0];
        entry["outcomeDesc"]!.GetValue<string>().Should().Contain("No registered key");
        entry.ToJsonString().Should().NotContain(assertion).And.NotContain(Council);
        var query = entry["entity"]!.AsArray().Single(e => e!["query"] is not null)!["query"]!.GetValue<string>();
        System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(query)).Should().Be("/oauth2/token");
    }

    [Fact]
    public async Task An_assertion_is_good_once_also_when_it_is_sent_twice_at_the_same_time()
    {
        var assertion = Sign(Made(Council));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(assertion)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).Should().Be(1);
        answers.Count(answer => answer.Body["error_description"]?.GetValue<string>()
            == "This assertion was used before.").Should().Be(7);
    }

    [Fact]
    public async Task A_client_registers_its_own_key_by_a_file_and_takes_it_away_again()
    {
        const string Leeds = "sandbox-council-leeds";
        using var rsa = RSA.Create(2048);
        var own = new RsaSecurityKey(rsa) { KeyId = "leeds-2026" };
        var credentials = new SigningCredentials(own, SecurityAlgorithms.RsaSha384);
        var file = Path.Combine(server.Folder, "keys", "clients", Leeds + ".jwks.json");
        (await SendAsync(Sign(credentials, Leeds))).Status.Should().Be(HttpStatusCode.Unauthorized);

        var parts = rsa.ExportParameters(false);
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA", ["kid"] = own.KeyId, ["alg"] = "RS384", ["use"] = "sig",
                ["n"] = Base64UrlEncoder.Encode(parts.Modulus), ["e"] = Base64UrlEncoder.Encode(parts.Exponent),
            }),
        }.ToJsonString());
        (await SendAsync(Sign(credentials, Leeds))).Status.Should().Be(HttpStatusCode.OK);

        File.Delete(file);
        (await SendAsync(Sign(credentials, Leeds))).Status.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("system/Flag.rs", "system/Flag.rs")]
    [InlineData("system/Flag.read system/Nothing.rs", "system/Flag.rs")]
    [InlineData("system/*.d", "system/Flag.d system/EpisodeOfCare.d system/Subscription.d")]
    public async Task Asked_for_less_a_token_opens_less(string asked, string granted) =>
        (await AskAsync(Sign(Made(Council)), asked)).Text("scope").Should().Be(granted);

    [Theory]
    [InlineData("user/Flag.rs")]
    [InlineData("system/Organization.d")]
    [InlineData("nonsense")]
    public async Task What_a_client_does_not_hold_is_not_granted(string asked)
    {
        var (status, body) = await SendAsync(Sign(Made(Council)), scope: asked);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.Text("error").Should().Be("invalid_scope");
    }

    [Fact]
    public async Task The_configuration_tells_clients_how_to_sign()
    {
        var known = JsonNode.Parse(await http.GetStringAsync(
            new Uri(server.Base, ".well-known/smart-configuration")))!;

        known.Text("token_endpoint").Should().Be(new Uri(server.Root, "oauth2/token").ToString());
        known["token_endpoint_auth_methods_supported"]!.ToJsonString().Should().Contain("private_key_jwt");
        known["token_endpoint_auth_signing_alg_values_supported"]!.ToJsonString().Should().Contain("ES384");
        known["capabilities"]!.ToJsonString().Should().Contain("client-confidential-asymmetric");
    }

    public void Dispose() => http.Dispose();

    private DateTime Now => server.Clock.GetUtcNow().UtcDateTime;

    private SigningCredentials Made(string client)
    {
        var key = KeyFile.LoadOrMake(Path.Combine(server.Folder, "keys", "clients", client + ".pem"));
        return new(KeyFile.Named(key), SecurityAlgorithms.EcdsaSha384);
    }

    private string Bad(string fault)
    {
        var good = Made(Council);
        var key = (ECDsaSecurityKey)good.Key;
        var named = key.KeyId;
        return fault switch
        {
            "expired" => Sign(good, with: d => d.Expires = Now.AddMinutes(-2)),
            "no expiry" => Sign(good, with: d => d.Expires = null),
            "an hour ahead" => Sign(good, with: d => d.Expires = Now.AddHours(1)),
            "not yet" => Sign(good, with: d => d.NotBefore = Now.AddMinutes(3)),
            "wrong aud" => Sign(good, with: d => d.Audience = "https://elsewhere.example/oauth2/token"),
            "the FHIR base as aud" => Sign(good, with: d => d.Audience = server.Base.ToString().TrimEnd('/')),
            "no aud" => Sign(good, with: d => d.Audience = null),
            "wrong key" => Sign(Elliptic(ECCurve.NamedCurves.nistP384, SecurityAlgorithms.EcdsaSha384, named)),
            "another client's key" => Sign(Made("sandbox-council-leeds")),
            "unknown client" => Sign(good, "somebody"),
            "iss is not sub" => Sign(good, with: d => d.Claims["sub"] = "sandbox-council-leeds"),
            "no jti" => Sign(good, with: d => d.Claims.Remove("jti")),
            "endless jti" => Sign(good, with: d => d.Claims["jti"] = new string('1', 300)),
            "no kid" => Sign(new(new ECDsaSecurityKey(key.ECDsa), SecurityAlgorithms.EcdsaSha384)),
            "unknown kid" => Sign(new(
                new ECDsaSecurityKey(key.ECDsa) { KeyId = "another" }, SecurityAlgorithms.EcdsaSha384)),
            "brings its key" => Sign(good, with: d => d.AdditionalHeaderClaims = new Dictionary<string, object>
                { ["jwk"] = new Dictionary<string, object> { ["kty"] = "EC" } }),
            "names an address of keys" => Sign(good, with: d => d.AdditionalHeaderClaims =
                new Dictionary<string, object> { ["jku"] = "http://localhost/keys" }),
            "ES256" => Sign(Elliptic(ECCurve.NamedCurves.nistP256, SecurityAlgorithms.EcdsaSha256, named)),
            "HS384 with the public key" => Sign(new(
                new SymmetricSecurityKey(key.ECDsa.ExportSubjectPublicKeyInfo()) { KeyId = named },
                SecurityAlgorithms.HmacSha384)),
            "alg none" => Base64UrlEncoder.Encode($$"""{"alg":"none","typ":"JWT","kid":"{{named}}"}""") + "."
                + Sign(good).Split('.')[1] + ".",
            "wrong typ" => Sign(good, with: d => d.TokenType = "at+jwt"),
            "two subjects" => Base64UrlEncoder.Encode($$"""{"alg":"ES384","typ":"JWT","kid":"{{named}}"}""") + "."
                + Base64UrlEncoder.Encode($$"""{"iss":"{{Council}}","sub":"{{Council}}","sub":"x"}""") + ".AAAA",
            "garbage" => "abc.def.ghi",
            "a token of ours" => server.Token(Council),
            _ => Sign(good),
        };
    }

    private static SigningCredentials Elliptic(ECCurve curve, string algorithm, string name) =>
        new(new ECDsaSecurityKey(ECDsa.Create(curve)) { KeyId = name }, algorithm);

    private string Sign(
        SigningCredentials credentials, string client = Council, Action<SecurityTokenDescriptor>? with = null)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = client,
            Audience = new Uri(server.Root, "oauth2/token").ToString(),
            Expires = Now.AddMinutes(4),
            Claims = new Dictionary<string, object> { ["sub"] = client, ["jti"] = Guid.NewGuid().ToString() },
            SigningCredentials = credentials,
        };
        with?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    private async Task<JsonNode> AskAsync(string assertion, string? scope = null)
    {
        var (status, body) = await SendAsync(assertion, scope: scope);
        status.Should().Be(HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(
        string assertion, string? clientId = null, string type = Assertions.Type, string? scope = null)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_assertion_type"] = type,
            ["client_assertion"] = assertion,
        };
        if (clientId is not null)
        {
            fields["client_id"] = clientId;
        }

        if (scope is not null)
        {
            fields["scope"] = scope;
        }

        using var form = new FormUrlEncodedContent(fields);
        using var answer = await http.PostAsync(new Uri("oauth2/token", UriKind.Relative), form);
        return (answer.StatusCode, await answer.BodyAsync());
    }
}
