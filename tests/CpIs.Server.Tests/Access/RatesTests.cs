using CpIs.Fhir;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>One client in a loop does not take the look-ups of the others with it.</summary>
public sealed class RatesTests(RatesTests.LimitedServer limited) : IClassFixture<RatesTests.LimitedServer>
{
    private const int PerSecond = 1;

    /// <summary>What may come at once: five seconds' worth.</summary>
    private const int Rush = 5 * PerSecond;

    private RunningServer Server => limited.Server;

    [Fact]
    public async Task A_client_that_asks_too_often_waits_while_the_others_are_answered()
    {
        using var doctor = Server.Clinician;
        using var nurse = Server.Nurse;
        var number = InventedPlan.NewNumber();
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 20 * Rush; i++)
        {
            answers.Add(await doctor.TryAsync($"Flag?patient={number}"));
        }

        answers.Take(Rush).Should().OnlyContain(a => (int)a.StatusCode == 200);
        var slowed = answers.First(a => (int)a.StatusCode == 429);
        int.Parse(slowed.Headers.GetValues("Retry-After").Single(), null).Should().BeInRange(1, Rush);
        (await slowed.ShouldBeRefusedAsync(429)).Diagnostics().Should().Equal(Words.NoAnswer);
        (await nurse.GetOkAsync($"Flag?patient={number}")).Total().Should().Be(0);

        Server.Clock.Move(TimeSpan.FromSeconds(Rush));
        (await doctor.GetOkAsync($"Flag?patient={number}")).Total().Should().Be(0);
        (await SlowedAsync()).Should().BeInRange(1, 60, "many refusals are recorded by their count");
    }

    private async Task<long> SlowedAsync()
    {
        await using var connection = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<long>("""
            select count(*) from ledger.entry
            where status = 429 and outcome = 4 and client_id = 'sandbox-ed-clinician' and agent_name is not null
            """);
    }

    /// <summary>A server that lets a client ask once a second.</summary>
    public sealed class LimitedServer : IAsyncLifetime
    {
        public RunningServer Server { get; } = new() { Wire = new() { RequestsPerSecond = PerSecond } };

        public Task InitializeAsync() => Server.InitializeAsync();

        public Task DisposeAsync() => Server.DisposeAsync();
    }
}
