using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Organizations;

/// <summary>The registrar keeps the register, a council its own telephones.</summary>
public sealed class WriteOrganizationTests(RunningServer server) : IClassFixture<RunningServer>
{
    private HttpClient Registrar => server.As("sandbox-registrar");

    [Fact]
    public async Task The_registrar_adds_a_trust_and_everybody_finds_it_at_once()
    {
        var trust = Trust("ZZT01");

        var answer = await Registrar.PostAsync(Url("Organization"), RunningServer.Json(trust));

        ((int)answer.StatusCode).Should().Be(201, await answer.Content.ReadAsStringAsync());
        var found = (await server.Clinician.GetOkAsync("Organization?identifier=ZZT01")).All("Organization").Single();
        found.Text("name").Should().Be("Invented Trust");
        await (await Registrar.PostAsync(Url("Organization"), RunningServer.Json(trust))).ShouldBeRefusedAsync(409);
    }

    [Fact]
    public async Task A_council_corrects_its_own_telephones_and_nothing_else()
    {
        var leeds = await server.Leeds.GetOkAsync("Organization/ZZ002");
        leeds["telecom"]![0]!["value"] = "01632 960299";

        var answer = await PutAsync(server.Leeds, leeds);

        ((int)answer.StatusCode).Should().Be(200, await answer.Content.ReadAsStringAsync());
        (await server.Clinician.GetOkAsync("Organization/ZZ002"))["telecom"]![0]!.Text("value")
            .Should().Be("01632 960299");
        leeds["name"] = "Leeds and Lancashire";
        await (await PutAsync(server.Leeds, leeds)).ShouldBeRefusedAsync(403);
        await (await PutAsync(server.Lancashire, await server.Leeds.GetOkAsync("Organization/ZZ002")))
            .ShouldBeRefusedAsync(403);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_live_council_keeps_both_telephones_that_a_clinician_may_need(int gone)
    {
        var council = await server.Leeds.GetOkAsync("Organization/ZZ002");
        council["telecom"]!.AsArray().RemoveAt(gone);

        (await (await PutAsync(server.Leeds, council)).ShouldBeRefusedAsync(422)).Diagnostics().Single()
            .Should().Contain("two telephones");
        (await (await PutAsync(Registrar, council)).ShouldBeRefusedAsync(422)).Diagnostics().Single()
            .Should().Contain("two telephones");
    }

    [Fact]
    public async Task A_council_without_telephones_does_not_go_live()
    {
        var council = Trust("ZZT77");
        council["type"]![0]!["coding"]![0]!["code"] = "govt";
        (await Registrar.PostAsync(Url("Organization"), RunningServer.Json(council))).StatusCode
            .Should().Be(System.Net.HttpStatusCode.Created);

        var answer = await Registrar.PostAsync(Url("Organization/ZZT77/$set-live"), Parameters(true));

        (await answer.ShouldBeRefusedAsync(422)).Diagnostics().Single().Should().Contain("two telephones");
    }

    [Fact]
    public async Task The_same_again_makes_no_new_version_and_an_outdated_version_is_refused()
    {
        var islington = await Registrar.GetOkAsync("Organization/ZZ003");

        var same = await PutAsync(Registrar, islington);
        using var stale = new HttpRequestMessage(HttpMethod.Put, Url("Organization/ZZ003"));
        stale.Content = RunningServer.Json(islington);
        stale.Headers.TryAddWithoutValidation("If-Match", "W/\"9\"");

        same.Headers.ETag!.ToString().Should().Be("W/\"1\"");
        await (await Registrar.SendAsync(stale)).ShouldBeRefusedAsync(412);
    }

    [Theory]
    [InlineData("""{"address":[{"city":"Invented"}]}""", 422)]
    [InlineData("""{"alias":["x"]}""", 422)]
    [InlineData("""{"id":"ZZ002"}""", 400)]
    [InlineData("""
        {"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"govt"}]}]}
        """, 422)]
    public async Task What_the_register_does_not_keep_is_refused(string change, int status)
    {
        var trust = await Registrar.GetOkAsync("Organization/RW5");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            trust[name] = value?.DeepClone();
        }

        await (await Registrar.PutAsync(Url("Organization/RW5"), RunningServer.Json(trust)))
            .ShouldBeRefusedAsync(status);
    }

    [Theory]
    [InlineData("ZZ 1")]
    [InlineData("ZZ/1")]
    [InlineData("Z\u00c91")]
    public async Task A_code_that_no_URL_can_hold_is_refused(string code)
    {
        var answer = await Registrar.PostAsync(new Uri(server.Base, "Organization"), RunningServer.Json(Trust(code)));

        var refused = await answer.ShouldBeRefusedAsync(422);
        refused["issue"]![0]!["expression"]![0]!.GetValue<string>().Should().Be("Organization.identifier");
    }

    [Fact]
    public async Task Health_sees_a_councils_plans_only_while_the_registrar_has_it_live()
    {
        var plan = new InventedPlan
        {
            Persona = "sandbox-council-sheffield", Council = "ZZ004", Start = server.Today.AddDays(-1),
        };
        await server.SubmitAsync(plan);

        await SetLiveAsync("ZZ004", false);
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        await SetLiveAsync("ZZ004", true);
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);
    }

    [Fact]
    public async Task A_trust_does_not_go_live_and_nobody_but_the_registrar_decides_it()
    {
        var live = Parameters(true);

        await (await Registrar.PostAsync(Url("Organization/RXR/$set-live"), live)).ShouldBeRefusedAsync(422);
        await (await server.Leeds.PostAsync(Url("Organization/ZZ002/$set-live"), Parameters(true)))
            .ShouldBeRefusedAsync(403);
        await (await Registrar.PostAsync(Url("Organization/ZZ999/$set-live"), Parameters(true)))
            .ShouldBeRefusedAsync(404);
    }

    internal static JsonObject Trust(string ods) => new()
    {
        ["resourceType"] = "Organization",
        ["identifier"] = new JsonArray(new JsonObject { ["system"] = CpIs.Fhir.Systems.Ods, ["value"] = ods }),
        ["active"] = true,
        ["type"] = new JsonArray(new JsonObject
        {
            ["coding"] = new JsonArray(new JsonObject
            {
                ["system"] = "http://terminology.hl7.org/CodeSystem/organization-type", ["code"] = "prov",
            }),
        }),
        ["name"] = "Invented Trust",
    };

    internal static StringContent Parameters(bool isLive) => RunningServer.Json(new JsonObject
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray(new JsonObject { ["name"] = "live", ["valueBoolean"] = isLive }),
    });

    private async Task SetLiveAsync(string council, bool isLive)
    {
        var answer = await Registrar.PostAsync(Url($"Organization/{council}/$set-live"), Parameters(isLive));
        ((int)answer.StatusCode).Should().Be(200, await answer.Content.ReadAsStringAsync());
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, JsonNode organization) =>
        client.PutAsync(Url("Organization/" + organization.Text("id")), RunningServer.Json(organization));

    private static Uri Url(string path) => new(path, UriKind.Relative);
}
