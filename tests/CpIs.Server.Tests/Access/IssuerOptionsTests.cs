using CpIs.Server.Access;
using CpIs.Server.Database;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>The configuration of issuers: what is half said stops the start.</summary>
public sealed class IssuerOptionsTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["Issuers:0:Type"] = "Entra",
        ["Issuers:0:Authority"] = "https://login.microsoftonline.com/",
        ["Issuers:0:Audience"] = LoopbackIssuer.Audience,
        ["Issuers:0:Tenants:0:Id"] = LoopbackIssuer.Tenant,
        ["Issuers:0:Tenants:0:Organisation"] = "ZZ001",
        ["Issuers:0:Tenants:0:Roles:0"] = "council",
        ["Issuers:1:Type"] = "Cis2",
        ["Issuers:1:Authority"] = "https://am.example/openam",
        ["Issuers:1:Audience"] = "https://cpis.example/FHIR/R4",
        ["Issuers:2:Type"] = "Backend",
        ["Issuers:2:Authority"] = "https://platform.example",
        ["Issuers:2:Audience"] = "https://cpis.example/FHIR/R4",
        ["Issuers:2:Clients:0:Id"] = "a-client",
        ["Issuers:2:Clients:0:Organisation"] = "RXR",
        ["Issuers:2:Clients:0:Roles:0"] = "feed",
    };

    [Fact]
    public void Several_issuers_are_read_each_with_those_it_may_vouch_for()
    {
        var issuers = Read(Good);

        issuers.Select(one => one.Type).Should().Equal(IssuerType.Entra, IssuerType.Cis2, IssuerType.Backend);
        issuers[0].Authority.Should().Be("https://login.microsoftonline.com");
        issuers[0].Vouched.Single().Organisations.Should().Equal("ZZ001");
        issuers[2].Vouched.Single().Roles.Should().Equal("feed");
    }

    [Fact]
    public void A_client_may_serve_several_organisations()
    {
        var settings = new Dictionary<string, string?>(Good)
        {
            ["Issuers:2:Clients:0:Organisation"] = null,
            ["Issuers:2:Clients:0:Organisations:0"] = "ZZ001",
            ["Issuers:2:Clients:0:Organisations:1"] = "ZZ002",
        };

        Read(settings)[2].Vouched.Single().Organisations.Should().Equal("ZZ001", "ZZ002");
    }

    [Theory]
    [InlineData("Issuers:2:Clients:0:Organisations:0", "ZZ001")]
    [InlineData("Issuers:0:Type", "Sandbox")]
    [InlineData("Issuers:0:Type", null)]
    [InlineData("Issuers:0:Audience", null)]
    [InlineData("Issuers:0:Authority", "http://login.example")]
    [InlineData("Issuers:0:Authority", "login.example")]
    [InlineData("Issuers:0:Tenants:0:Roles:0", "emperor")]
    [InlineData("Issuers:0:Tenants:0:Roles:0", null)]
    [InlineData("Issuers:0:Tenants:0:Organisation", null)]
    [InlineData("Issuers:2:Clients:0:Id", "")]
    [InlineData("Issuers:2:Authority", "https://am.example/openam")]
    public void What_is_missing_or_unsafe_stops_the_start_and_is_named(string setting, string? value)
    {
        var settings = new Dictionary<string, string?>(Good) { [setting] = value };

        var reading = () => Read(settings);

        reading.Should().Throw<StartRefusedException>().WithMessage("*Issuers*");
    }

    private static IReadOnlyList<IssuerOptions> Read(Dictionary<string, string?> settings) =>
        IssuerOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
}
