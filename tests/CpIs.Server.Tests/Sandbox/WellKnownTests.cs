using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>What the sandbox says of its tokens in the places clients look for it is so.</summary>
public sealed class WellKnownTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData("FHIR/R4/.well-known/smart-configuration")]
    [InlineData(".well-known/openid-configuration")]
    public async Task The_places_it_names_answer(string place)
    {
        var known = await KnownAsync(place);
        using var anybody = server.With(() => null);
        using var form = new FormUrlEncodedContent(
            [new("grant_type", known["grant_types_supported"]!.AsArray().Single()!.GetValue<string>()),
                new("client_id", "sandbox-ed-clinician")]);

        var granted = await (await anybody.PostAsync(new Uri(known.Text("token_endpoint")), form)).BodyAsync();
        var keys = new JsonWebKeySet((await anybody.GetOkAsync(known.Text("jwks_uri"))).ToJsonString());
        var checkedToken = await new JsonWebTokenHandler().ValidateTokenAsync(granted.Text("access_token"), new()
        {
            ValidIssuer = known.Text("issuer"),
            ValidAudience = server.Base.ToString().TrimEnd('/'),
            IssuerSigningKeys = keys.GetSigningKeys(),
        });

        checkedToken.IsValid.Should().BeTrue(checkedToken.Exception?.Message);
        known["id_token_signing_alg_values_supported"]!.AsArray().Select(a => a!.GetValue<string>())
            .Should().Equal(new JsonWebToken(granted.Text("access_token")).Alg);
    }

    [Fact]
    public async Task The_scopes_it_names_open_the_routes_and_each_letter_of_them_opens_something()
    {
        var scopes = (await KnownAsync("FHIR/R4/.well-known/smart-configuration"))["scopes_supported"]!.AsArray()
            .Select(s => s!.GetValue<string>()).ToList();
        var routes = Routes.Table.Where(r => r.Letter is not null).ToList();

        routes.Should().OnlyContain(r => scopes.Any(s => Covers(s, r.Resource, r.Letter!.Value)));
        scopes.Should().OnlyContain(s => s.Split('.', 2)[1].All(letter =>
            routes.Any(r => r.Resource == TypeOf(s) && r.Letter == letter)));
    }

    [Fact]
    public async Task The_capabilities_it_names_are_had()
    {
        var known = await KnownAsync("FHIR/R4/.well-known/smart-configuration");
        using var anybody = server.With(() => null);

        known["capabilities"]!.AsArray().Select(c => c!.GetValue<string>()).Should().BeEquivalentTo(
            "client-confidential-asymmetric", "permission-v1", "permission-v2");
        known["token_endpoint_auth_methods_supported"]!.AsArray().Select(m => m!.GetValue<string>())
            .Should().BeEquivalentTo("private_key_jwt", "none");
        foreach (var (asked, given) in ((string, string)[])[
            ("user/Flag.read", "user/Flag.rs"), ("user/Flag.s", "user/Flag.s")])
        {
            using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"),
                new("client_id", "sandbox-ed-clinician"), new("scope", asked)]);
            var token = await (await anybody.PostAsync(new Uri(server.Root, "oauth2/token"), form)).BodyAsync();
            token.Text("scope").Should().BeOneOf(asked, given);
        }
    }

    private async Task<JsonNode> KnownAsync(string place)
    {
        using var anybody = server.With(() => null);
        return await anybody.GetOkAsync(new Uri(server.Root, place).ToString());
    }

    private static bool Covers(string scope, string type, char letter) =>
        TypeOf(scope) == type && scope.Split('.', 2)[1].Contains(letter, StringComparison.Ordinal);

    private static string TypeOf(string scope) => scope.Split('/', 2)[1].Split('.')[0];
}
