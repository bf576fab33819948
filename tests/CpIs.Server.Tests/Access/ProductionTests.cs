using System.Net;
using CpIs.Server.Access;
using CpIs.Server.Database;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>A server that is no sandbox believes the configured issuers, needs one, and gives no tokens.</summary>
public sealed class ProductionTests
{
    [Fact]
    public async Task It_lets_in_whom_its_issuers_vouch_for_and_gives_no_tokens_itself()
    {
        await using var platform = await LoopbackIssuer.StartAsync(TimeProvider.System, IssuerType.Backend);
        var server = new RunningServer
        {
            Sandbox = false,
            Issuers =
            [
                new()
                {
                    Type = IssuerType.Backend, Authority = platform.Root, Audience = LoopbackIssuer.Audience,
                    Vouched = [new("a-councils-system", ["ZZ001"], ["council"])],
                },
            ],
        };
        await server.InitializeAsync();
        try
        {
            using var council = server.With(() => platform.Token(TrustedIssuers.System));
            using var form = new FormUrlEncodedContent(
                [new("grant_type", "client_credentials"), new("client_id", "sandbox-council-lancashire")]);

            await council.GetOkAsync("EpisodeOfCare");
            (await council.PostAsync(new Uri(server.Root, "oauth2/token"), form)).StatusCode
                .Should().Be(HttpStatusCode.NotFound);
            (await council.TryAsync(".well-known/smart-configuration")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Without_an_issuer_it_does_not_start_and_says_what_to_configure()
    {
        await using var database = await Testing.TestDatabase.CreateAsync();

        var starting = () => House.OpenAsync(
            new() { Connection = database.ServerConnectionString, OwnerConnection = database.OwnerConnectionString },
            TimeProvider.System, CancellationToken.None);

        await starting.Should().ThrowAsync<StartRefusedException>().WithMessage("*Issuers*");
    }
}
