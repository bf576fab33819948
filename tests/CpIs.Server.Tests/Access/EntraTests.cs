using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// Microsoft Entra by its own library, against an issuer of the same shape: app roles, delegated scopes, tenants, keys
/// that roll, and an issuer that is away.
/// </summary>
public sealed class EntraTests : IAsyncLifetime
{
    private readonly TrustedIssuers issuers = new();

    private RunningServer Server => issuers.Server;

    public Task InitializeAsync() => issuers.InitializeAsync();

    public Task DisposeAsync() => issuers.DisposeAsync();

    [Fact]
    public async Task A_tenants_system_acts_for_the_organisation_that_is_configured_for_the_tenant()
    {
        var theirs = new InventedPlan { Start = Server.Today.AddDays(-1) };
        var own = new InventedPlan { Start = Server.Today.AddDays(-1) }.OfLeeds();
        await Server.SubmitAsync(theirs);
        await Server.SubmitAsync(own);
        using var client = Server.With(() => issuers.Entra.Token(claims =>
        {
            TrustedIssuers.Application(claims);
            claims["org_code"] = "ZZ001";
        }));

        (await client.GetOkAsync($"EpisodeOfCare?patient={own.Number}")).Total().Should().Be(1);
        (await client.GetOkAsync($"EpisodeOfCare?patient={theirs.Number}")).Total().Should().Be(0);
        var trail = (await Server.Auditor.GetOkAsync($"AuditEvent?patient={theirs.Number}&organization=ZZ002"))
            .ToJsonString();
        trail.Should().Contain("7d4ab6a0-0000-4000-8000-000000000001").And.Contain(issuers.Entra.Issuer);
    }

    [Fact]
    public async Task A_role_that_the_tenant_may_not_give_gives_nothing()
    {
        using var client = Server.With(() => issuers.Entra.Token(claims =>
        {
            TrustedIssuers.Application(claims);
            claims["roles"] = new JsonArray("registrar", "auditor", "system.AuditEvent.rs");
        }));

        await (await client.TryAsync("AuditEvent")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task A_person_has_the_scopes_that_were_delegated_and_an_application_its_own()
    {
        void Delegated(JsonObject claims)
        {
            TrustedIssuers.Application(claims);
            claims["roles"] = new JsonArray("council", "system.Flag.rs");
            claims["scp"] = "user.EpisodeOfCare.rs";
        }

        using var person = Server.With(() => issuers.Entra.Token(Delegated));

        await person.GetOkAsync("EpisodeOfCare");
        await (await person.TryAsync("Flag")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task A_new_key_is_found_at_its_first_token_and_the_old_one_no_longer_opens()
    {
        var old = issuers.Entra.Token(TrustedIssuers.Application);
        await StatusAsync(old, HttpStatusCode.OK);
        var unseen = issuers.Entra.Token(TrustedIssuers.Application);

        issuers.Entra.Roll();
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.OK);

        issuers.Entra.Asked.Should().Be(2);
        await StatusAsync(unseen, HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Unknown_keys_make_it_look_again_once_in_five_minutes_however_many_come()
    {
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.OK);
        async Task ManyAsync() => await Task.WhenAll(Enumerable.Range(0, 40).Select(at => StatusAsync(
            issuers.Entra.Token(TrustedIssuers.Application, h => h["kid"] = $"unknown-{at}"),
            HttpStatusCode.Unauthorized)));

        await ManyAsync();
        await ManyAsync();
        issuers.Entra.Asked.Should().Be(2);

        Server.Clock.Move(TimeSpan.FromMinutes(5));
        await ManyAsync();
        issuers.Entra.Asked.Should().Be(3);
    }

    [Fact]
    public async Task An_issuer_that_is_away_does_not_lock_out_those_whose_keys_are_known_for_a_day()
    {
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.OK);
        issuers.Entra.IsDown = true;

        Server.Clock.Move(TimeSpan.FromHours(3));
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.OK);
        await StatusAsync(
            issuers.Entra.Token(TrustedIssuers.Application, h => h["kid"] = "unknown"), HttpStatusCode.Unauthorized);

        Server.Clock.Move(TimeSpan.FromHours(22));
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.ServiceUnavailable);

        issuers.Entra.IsDown = false;
        Server.Clock.Move(TimeSpan.FromMinutes(6));
        await StatusAsync(issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.OK);
    }

    [Fact]
    public async Task While_no_keys_are_known_nothing_is_said_about_a_token_and_that_is_recorded()
    {
        issuers.Entra.IsDown = true;
        using var client = Server.With(() => issuers.Entra.Token(TrustedIssuers.Application));
        var id = Guid.NewGuid().ToString();
        client.DefaultRequestHeaders.Add("X-Request-ID", id);

        var answer = await client.TryAsync("EpisodeOfCare");

        await answer.ShouldBeRefusedAsync(503);
        answer.Headers.RetryAfter.Should().NotBeNull();
        (await Ledger.OfRequestAsync(Server, id)).Should().Equal((503, 4));
        await StatusAsync(issuers.Platform.Token(TrustedIssuers.System), HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_issuer_that_is_away_is_asked_more_and_more_seldom()
    {
        issuers.Entra.IsDown = true;

        for (var minute = 0; minute < 30; minute++)
        {
            for (var at = 0; at < 3; at++)
            {
                await StatusAsync(
                    issuers.Entra.Token(TrustedIssuers.Application), HttpStatusCode.ServiceUnavailable);
            }

            Server.Clock.Move(TimeSpan.FromMinutes(1));
        }

        issuers.Entra.Asked.Should().BeInRange(5, 15);
    }

    [Fact]
    public async Task Metadata_that_name_another_issuer_are_not_believed()
    {
        issuers.Platform.CallsItself = "https://elsewhere.example";

        await StatusAsync(issuers.Platform.Token(TrustedIssuers.System), HttpStatusCode.ServiceUnavailable);
    }

    private async Task StatusAsync(string token, HttpStatusCode wanted)
    {
        using var client = Server.With(() => token);
        (await client.TryAsync("EpisodeOfCare")).StatusCode.Should().Be(wanted);
    }
}
