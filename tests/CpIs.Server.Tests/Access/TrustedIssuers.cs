using System.Text.Json.Nodes;
using CpIs.Server.Access;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>A server that believes three issuers beside its own, one of each type.</summary>
public sealed class TrustedIssuers : IAsyncLifetime
{
    private static readonly string[] Activities = [Caller.ViewActivity];

    internal RunningServer Server { get; private set; } = null!;

    internal LoopbackIssuer Entra { get; private set; } = null!;

    internal LoopbackIssuer Cis2 { get; private set; } = null!;

    internal LoopbackIssuer Platform { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var clock = new MovableClock();
        Entra = await LoopbackIssuer.StartAsync(clock, IssuerType.Entra);
        Cis2 = await LoopbackIssuer.StartAsync(clock, IssuerType.Cis2);
        Platform = await LoopbackIssuer.StartAsync(clock, IssuerType.Backend);
        Server = new()
        {
            Clock = clock,
            Issuers =
            [
                Options(IssuerType.Entra, Entra, [new(LoopbackIssuer.Tenant, ["ZZ002"], ["council"])]),
                Options(IssuerType.Cis2, Cis2, []),
                Options(IssuerType.Backend, Platform, [
                    new("a-councils-system", ["ZZ003"], ["council"]),
                    new("a-shared-system", ["ZZ001", "ZZ002"], ["council"]),
                ]),
            ],
        };
        await Server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Entra.DisposeAsync();
        await Cis2.DisposeAsync();
        await Platform.DisposeAsync();
    }

    private static IssuerOptions Options(IssuerType type, LoopbackIssuer issuer, IReadOnlyList<Vouched> vouched) =>
        new() { Type = type, Authority = issuer.Root, Audience = LoopbackIssuer.Audience, Vouched = vouched };

    /// <summary>Claims of a council's system, as a tenant's application gets them from Entra.</summary>
    internal static void Application(JsonObject claims)
    {
        claims["ver"] = "2.0";
        claims["tid"] = LoopbackIssuer.Tenant;
        claims["oid"] = "7d4ab6a0-0000-4000-8000-000000000001";
        claims["sub"] = "7d4ab6a0-0000-4000-8000-000000000001";
        claims["azp"] = "11111111-2222-4333-8444-555555555555";
        claims["azpacr"] = "2";
        claims["uti"] = Guid.NewGuid().ToString("N");
        claims["roles"] = new JsonArray("council", "system.EpisodeOfCare.rs", "system.Flag.rs");
    }

    /// <summary>Claims of a clinician.</summary>
    internal static void Clinician(JsonObject claims)
    {
        claims["sub"] = "999100000009";
        claims["name"] = "Dr Peregrine Oake";
        claims["client_id"] = "an-epr";
        claims["jti"] = Guid.NewGuid().ToString();
        claims["scope"] = "openid user/Flag.rs";
        claims["authentication_assurance_level"] = "3";
        claims["id_assurance_level"] = "3";
        claims["nhsid_useruid"] = "999100000009";
        claims["nhsid_nrbac_roles"] = new JsonArray(new JsonObject
        {
            ["person_roleid"] = "9991",
            ["org_code"] = "RXR",
            ["role_name"] = "Doctor",
            ["activity_codes"] = new JsonArray([.. Activities.Select(code => JsonValue.Create(code))]),
        });
    }

    /// <summary>Claims of a council's system, as a platform gives them.</summary>
    internal static void System(JsonObject claims)
    {
        claims["sub"] = "a-councils-system";
        claims["client_id"] = "a-councils-system";
        claims["jti"] = Guid.NewGuid().ToString();
        claims["scope"] = "system/EpisodeOfCare.rs system/Flag.rs";
    }
}
