using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.Access;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>Who gets in, and as whom: tokens, roles, scheduled or not, purpose.</summary>
public sealed class CallerTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string[] TwoRoles = ["9991", "9992"];

    public static TheoryData<string> BadTokens =>
        ["none", "garbage", "expired", "not yet", "wrong audience", "wrong issuer", "alg none", "other key",
            "HS256 with the public key", "no expiry"];

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_bad_token_is_401_with_one_body_and_one_entry(string fault)
    {
        using var client = server.With(() => Bad(fault));
        var id = Guid.NewGuid().ToString();
        client.DefaultRequestHeaders.Add("X-Request-ID", id);

        var answer = await client.TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

        var outcome = await answer.ShouldBeRefusedAsync(401);
        outcome.Diagnostics().Should().Equal("A valid bearer token is needed.");
        answer.Headers.WwwAuthenticate.ToString().Should().StartWith("Bearer");
        (await Ledger.OfRequestAsync(server, id)).Should().Equal((401, 4));
    }

    [Theory]
    [InlineData("sandbox-ed-clinician", "POST", "EpisodeOfCare", 403)]
    [InlineData("sandbox-ed-clinician", "GET", "AuditEvent", 403)]
    [InlineData("sandbox-epr-system", "GET", "AuditEvent?patient=9990000018", 403)]
    [InlineData("sandbox-auditor", "GET", "Flag?patient=9990000018", 403)]
    [InlineData("sandbox-epr-system", "GET", "Flag?patient=9990000018", 403)]
    [InlineData("sandbox-registrar", "GET", "EpisodeOfCare", 403)]
    [InlineData("sandbox-auditor", "POST", "AuditEvent", 405)]
    [InlineData("sandbox-auditor", "DELETE", "AuditEvent/0198a0e2-0000-7000-8000-000000000000", 405)]
    [InlineData("sandbox-auditor", "GET", "Nothing", 404)]
    [InlineData("sandbox-auditor", "GET", "flag", 404)]
    public async Task What_a_role_may_never_do_is_refused(string persona, string method, string url, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, UriKind.Relative));
        request.Content = method == "POST" ? RunningServer.Json("{}") : null;

        await (await server.As(persona).SendAsync(request)).ShouldBeRefusedAsync(status);
    }

    [Theory]
    [InlineData("sandbox-ed-clinician", null, null, true)]
    [InlineData("sandbox-ed-clinician", "IsUnscheduledAccessEvent", "true", true)]
    [InlineData("sandbox-ed-clinician", "IsUnscheduledEvent", "false", true)]
    [InlineData("sandbox-school-nurse", null, null, false)]
    [InlineData("sandbox-school-nurse", "IsUnscheduledAccessEvent", "true", false)]
    public async Task R11_only_a_holder_of_the_silent_activity_looks_silently(
        string persona, string? header, string? value, bool unscheduled)
    {
        var number = InventedPlan.NewNumber();
        using var client = server.As(persona);
        if (header is not null)
        {
            client.DefaultRequestHeaders.Add(header, value);
        }

        var bundle = await client.GetOkAsync($"Flag?patient={number}");

        bundle.Codes().Contains("COUNTED_UNSCHEDULED").Should().Be(value == "false");
        var wanted = unscheduled ? "true" : "false";
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&unscheduled={wanted}")).Total().Should().Be(1);
    }

    [Theory]
    [InlineData("IsUnscheduledAccessEvent", "maybe")]
    [InlineData("IsUnscheduledAccessEvent", "TRUE")]
    [InlineData("X-Purpose-Of-Use", "CURIOSITY")]
    [InlineData("X-Purpose-Of-Use", "BTG")]
    [InlineData("X-Request-ID", "not-a-uuid")]
    [InlineData("NHSD-Session-URID", "another role")]
    [InlineData("NHSD-End-User-Organisation-ODS", "RW5")]
    public async Task R10_a_header_with_another_value_is_400(string header, string value)
    {
        using var clinician = server.Clinician;
        clinician.DefaultRequestHeaders.Add(header, value);

        await (await clinician.TryAsync($"Flag?patient={InventedPlan.NewNumber()}")).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task Breaking_the_glass_needs_a_reason_and_both_are_recorded()
    {
        var number = InventedPlan.NewNumber();
        using var clinician = server.Clinician;
        clinician.DefaultRequestHeaders.Add("X-Purpose-Of-Use", "BTG");
        clinician.DefaultRequestHeaders.Add("X-Purpose-Reason", "Unconscious child");

        await clinician.GetOkAsync($"Flag?patient={number}");

        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&purpose-of-use=BTG");
        trail.Total().Should().Be(1);
        trail.ToJsonString().Should().Contain("Unconscious child");
    }

    [Fact]
    public async Task R12_a_person_with_two_roles_must_choose_and_acts_as_the_chosen_one()
    {
        using var undecided = server.With(() => WithRoles(null));
        await (await undecided.TryAsync($"Flag?patient={InventedPlan.NewNumber()}")).ShouldBeRefusedAsync(400);

        using var decided = server.With(() => WithRoles(null));
        decided.DefaultRequestHeaders.Add("NHSD-Session-URID", TwoRoles[1]);
        var number = InventedPlan.NewNumber();
        await decided.GetOkAsync($"Flag?patient={number}");
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&organization=RW5&unscheduled=false")).Total()
            .Should().Be(1);
    }

    [Fact]
    public async Task A_trusts_auditor_sees_its_own_organisations_callers_only()
    {
        var number = InventedPlan.NewNumber();
        await server.Clinician.GetOkAsync($"Flag?patient={number}");
        await server.Nurse.GetOkAsync($"Flag?patient={number}");

        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}")).Total().Should().Be(2);
        var own = await server.As("sandbox-auditor-rxr").GetOkAsync($"AuditEvent?patient={number}");

        own.Total().Should().Be(1);
        var theirs = (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&organization=RW5"))
            .All("AuditEvent")[0].Text("id");
        await (await server.As("sandbox-auditor-rxr").TryAsync("AuditEvent/" + theirs)).ShouldBeRefusedAsync(404);
        (await server.Auditor.GetOkAsync("AuditEvent/" + theirs)).Text("id").Should().Be(theirs);
    }

    [Fact]
    public async Task Beyond_sixty_a_minute_a_strangers_refusals_are_counted_not_written_singly()
    {
        await using var own = new OwnServer();
        await own.Server.InitializeAsync();
        using var stranger = own.Server.With(() => "nonsense");

        for (var i = 0; i < 70; i++)
        {
            (await stranger.TryAsync("Flag?patient=9990000018")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }

        (await own.Server.Auditor.GetOkAsync("AuditEvent?outcome=4&_count=0")).Total().Should().Be(60);
        await own.Server.Services.GetRequiredService<Denials>().StopAsync(CancellationToken.None);
        (await own.Server.Auditor.GetOkAsync("AuditEvent?outcome=4&_count=0")).Total().Should().Be(61);
    }

    [Fact]
    public async Task The_token_endpoint_serves_personas_and_nobody_else()
    {
        using var client = new HttpClient { BaseAddress = server.Root };
        async Task<JsonNode> AskAsync(string form) => JsonNode.Parse(await (await client.PostAsync(
            new Uri("oauth2/token", UriKind.Relative),
            new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"))).Content.ReadAsStringAsync())!;

        var token = await AskAsync("grant_type=client_credentials&client_id=sandbox-ed-clinician");
        token["expires_in"]!.GetValue<int>().Should().BeLessThanOrEqualTo(300);
        token.Text("token_type").Should().Be("Bearer");
        token.Text("scope").Should().Contain("user/Flag.rs");
        (await AskAsync("grant_type=client_credentials&client_id=somebody")).Text("error").Should()
            .Be("invalid_client");
        (await AskAsync("grant_type=password&client_id=sandbox-ed-clinician")).Text("error").Should()
            .Be("unsupported_grant_type");
        var keys = JsonNode.Parse(await client.GetStringAsync(new Uri(".well-known/jwks.json", UriKind.Relative)))!;
        keys["keys"]![0]!["d"].Should().BeNull();
    }

    private static DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime;

    private string? Bad(string fault)
    {
        var good = server.Token("sandbox-ed-clinician");
        var parts = good.Split('.');
        var issuer = server.Services.GetRequiredService<TokenIssuer>();
        return fault switch
        {
            "none" => null,
            "garbage" => "abc.def.ghi",
            "expired" => Sign(d => { d.IssuedAt = d.NotBefore = Now.AddHours(-1); d.Expires =
                Now.AddMinutes(-2); }),
            "not yet" => Sign(d => { d.NotBefore = Now.AddMinutes(5); d.Expires = Now
                .AddMinutes(9); }),
            "wrong audience" => Sign(d => d.Audience = "https://elsewhere.example"),
            "wrong issuer" => Sign(d => d.Issuer = "https://elsewhere.example"),
            "alg none" => $"{Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{parts[1]}.",
            "other key" => Sign(d => d.SigningCredentials = new SigningCredentials(
                new ECDsaSecurityKey(System.Security.Cryptography.ECDsa
                    .Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384))
                { KeyId = issuer.Key.KeyId }, SecurityAlgorithms.EcdsaSha384)),
            "HS256 with the public key" => Sign(d => d.SigningCredentials = new SigningCredentials(
                new SymmetricSecurityKey(issuer.Key.ECDsa.ExportSubjectPublicKeyInfo()) { KeyId = issuer.Key.KeyId },
                SecurityAlgorithms.HmacSha256)),
            _ => Sign(d => d.Expires = null),
        };
    }

    private string WithRoles(string? selected)
    {
        return Sign(d =>
        {
            d.Claims.Remove("selected_roleid");
            d.Claims["nhsid_nrbac_roles"] = TwoRoles.Select((id, i) => (object)new Dictionary<string, object>
            {
                ["person_roleid"] = id,
                ["org_code"] = i == 0 ? "RXR" : "RW5",
                ["role_name"] = "Doctor",
                ["activity_codes"] = new object[] { i == 0 ? Caller.ViewActivity : Caller.ViewSilentlyActivity },
            }).ToArray();
            if (selected is not null)
            {
                d.Claims["selected_roleid"] = selected;
            }
        });
    }

    private string Sign(Action<SecurityTokenDescriptor> change)
    {
        var issuer = server.Services.GetRequiredService<TokenIssuer>();
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = issuer.Issuer,
            Audience = issuer.Audience,
            IssuedAt = Now,
            NotBefore = Now,
            Expires = Now.AddMinutes(5),
            Claims = Persona.All["sandbox-ed-clinician"].Claims(),
            SigningCredentials = new SigningCredentials(issuer.Key, SecurityAlgorithms.EcdsaSha384),
        };
        change(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    /// <summary>A server of one test's own.</summary>
    private sealed class OwnServer : IAsyncDisposable
    {
        public RunningServer Server { get; } = new();

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
