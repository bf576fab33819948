using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// A client that serves several councils names one with each request, and sees that one's plans alone.
/// </summary>
public sealed class ClientOfCouncilsTests(TrustedIssuers issuers) : IClassFixture<TrustedIssuers>
{
    private const string Header = "NHSD-End-User-Organisation-ODS";

    [Theory]
    [InlineData(null, 400)]
    [InlineData("ZZ003", 400)]
    [InlineData("ZZ001", 200)]
    public async Task It_must_name_one_of_its_own(string? organisation, int status)
    {
        using var client = Shared(organisation);

        ((int)(await client.TryAsync("EpisodeOfCare")).StatusCode).Should().Be(status);
    }

    [Fact]
    public async Task It_sees_the_named_councils_plans_and_the_ledger_says_for_whom_it_asked()
    {
        var server = issuers.Server;
        var lancashire = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(lancashire);
        await server.SubmitAsync(new InventedPlan { Start = server.Today }.OfLeeds());

        foreach (var (council, sees) in ((string, int)[])[("ZZ001", 1), ("ZZ002", 0)])
        {
            using var client = Shared(council);
            (await client.GetOkAsync($"EpisodeOfCare?patient={lancashire.Number}")).Total().Should().Be(sees);
            (await server.Auditor.GetOkAsync($"AuditEvent?patient={lancashire.Number}&organization={council}"
                + "&agent=%7Ca-shared-system")).Total().Should().Be(1);
        }
    }

    [Fact]
    public async Task A_client_of_one_council_cannot_name_another()
    {
        using var client = issuers.Server.Leeds;
        client.DefaultRequestHeaders.Add(Header, "ZZ001");

        await (await client.TryAsync("EpisodeOfCare")).ShouldBeRefusedAsync(400);
    }

    private HttpClient Shared(string? organisation)
    {
        var client = issuers.Server.With(() => issuers.Platform.Token(claims =>
        {
            TrustedIssuers.System(claims);
            claims["sub"] = "a-shared-system";
            claims["client_id"] = "a-shared-system";
        }));
        if (organisation is not null)
        {
            client.DefaultRequestHeaders.Add(Header, organisation);
        }

        return client;
    }
}
