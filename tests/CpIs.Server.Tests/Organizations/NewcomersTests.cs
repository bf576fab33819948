using CpIs.Server.Sandbox;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Organizations;

/// <summary>
/// A doctor of an organisation that nobody registered is answered, for a while, and the registrar hears of it.
/// </summary>
public sealed class NewcomersTests(RunningServer server) : IClassFixture<RunningServer>
{
    private HttpClient Registrar => server.As("sandbox-registrar");

    [Fact]
    public async Task A_doctor_of_an_unknown_trust_is_answered_for_thirty_days_and_again_once_it_is_registered()
    {
        const string Trust = "ZZT77";
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);

        var answer = await server.Another(Trust).TryAsync($"Flag?patient={plan.Number}");

        (await answer.BodyAsync()).Total().Should().Be(1);
        answer.Headers.GetValues("Warning").Single().Should().Contain("not in the register");
        (await ReasonAsync(Trust)).Should().Be("UNREGISTERED_ORGANISATION");
        (await Registrar.GetOkAsync("Organization/$unregistered")).ToJsonString().Should().Contain(Trust);

        server.Clock.Move(TimeSpan.FromDays(29));
        (await server.Another(Trust).GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);
        server.Clock.Move(TimeSpan.FromDays(2));
        await (await server.Another(Trust).TryAsync($"Flag?patient={plan.Number}")).ShouldBeRefusedAsync(403);

        (await Registrar.PostAsync(new Uri("Organization", UriKind.Relative),
            RunningServer.Json(WriteOrganizationTests.Trust(Trust)))).EnsureSuccessStatusCode();
        var registered = await server.Another(Trust).TryAsync($"Flag?patient={plan.Number}");
        (await registered.BodyAsync()).Total().Should().Be(1);
        registered.Headers.Contains("Warning").Should().BeFalse();
        (await Registrar.GetOkAsync("Organization/$unregistered")).ToJsonString().Should().NotContain(Trust);
    }

    [Fact]
    public async Task A_trust_that_was_set_inactive_is_a_newcomer_again()
    {
        var trust = WriteOrganizationTests.Trust("ZZT78");
        (await Registrar.PostAsync(new Uri("Organization", UriKind.Relative), RunningServer.Json(trust)))
            .EnsureSuccessStatusCode();
        trust["active"] = false;
        (await Registrar.PutAsync(new Uri("Organization/ZZT78", UriKind.Relative), RunningServer.Json(trust)))
            .EnsureSuccessStatusCode();

        var answer = await server.Another("ZZT78").TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

        ((int)answer.StatusCode).Should().Be(200);
        answer.Headers.Contains("Warning").Should().BeTrue();
    }

    [Fact]
    public async Task A_council_or_an_auditor_of_an_unknown_organisation_is_answered_for_a_while_too()
    {
        using var auditor = Of("sandbox-auditor-rxr", "ZZT80");
        using var council = Of("sandbox-council-lancashire", "ZZT81");

        foreach (var (client, url) in ((HttpClient, string)[])[(auditor, "AuditEvent?_count=1"), (council, "Flag")])
        {
            (await client.TryAsync(url)).Headers.GetValues("Warning").Single().Should().Contain("not in the register");
        }

        (await Registrar.GetOkAsync("Organization/$unregistered")).ToJsonString().Should().Contain("ZZT80")
            .And.Contain("ZZT81");
        (await server.Auditor.TryAsync("AuditEvent?_count=1")).Headers.Contains("Warning").Should().BeFalse();
        server.Clock.Move(TimeSpan.FromDays(31));
        await (await auditor.TryAsync("AuditEvent?_count=1")).ShouldBeRefusedAsync(403);
        await (await council.TryAsync("Flag")).ShouldBeRefusedAsync(403);
        await Registrar.GetOkAsync("Organization/$unregistered");
    }

    private HttpClient Of(string persona, string organisation) => server.With(() => server.Services
        .GetRequiredService<TokenIssuer>().Issue(Persona.All[persona] with { Organisation = organisation }));

    private async Task<string?> ReasonAsync(string organisation)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<string?>(
            "select reason from ledger.entry where organisation = @organisation", new { organisation });
    }
}
