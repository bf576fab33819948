using Dapper;
using FluentAssertions;
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

    private async Task<string?> ReasonAsync(string organisation)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<string?>(
            "select reason from ledger.entry where organisation = @organisation", new { organisation });
    }
}
