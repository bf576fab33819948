using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Encounters;

/// <summary>
/// The wall around attendances inside PostgreSQL: it holds where a query of the server forgot who asks. Every query
/// here is without a condition.
/// </summary>
public sealed class EncounterWallTests(RunningServer server) : IClassFixture<RunningServer>, IAsyncLifetime
{
    private const string Organisations = "select distinct organisation from cpis.encounter order by 1";
    private const string Versions = "select distinct organisation from cpis.encounter_version order by 1";
    private const string People = "select distinct nhs_number from cpis.encounter order by 1";

    private InventedPlan own = null!;
    private InventedPlan others = null!;

    public async Task InitializeAsync()
    {
        own = new InventedPlan { Start = server.Today };
        others = new InventedPlan { Start = server.Today }.OfLeeds();
        await server.SubmitAsync(own);
        await server.SubmitAsync(others);
        foreach (var client in new[] { server.Clinician, server.Another("RW5") })
        {
            foreach (var plan in new[] { own, others })
            {
                var encounter = new InventedEncounter { Number = plan.Number, Start = server.Clock.GetUtcNow() };
                var id = await encounter.ReportAsync(client);
                await (encounter with { Status = "finished" }).PutAsync(client, id);
            }
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(Organisations)]
    [InlineData(Versions)]
    public async Task Whoever_says_not_who_asks_sees_nothing(string everything)
    {
        (await AsAsync("cpis.council", "", everything)).Should().BeEmpty();
        (await AsAsync("cpis.reads", "every-council", everything)).Should().BeEmpty();
    }

    [Theory]
    [InlineData(Organisations)]
    [InlineData(Versions)]
    public async Task An_organisation_sees_its_own_alone(string everything) =>
        (await AsAsync("cpis.organisation", "RW5", everything)).Should().Equal("RW5");

    [Fact]
    public async Task A_council_sees_those_of_people_it_holds_a_plan_for_from_every_organisation()
    {
        (await AsAsync("cpis.council", "ZZ001", People)).Should().Contain(own.Number).And.NotContain(others.Number);
        (await AsAsync("cpis.council", "ZZ001", Organisations)).Should().Equal("RW5", "RXR");
        (await AsAsync("cpis.council", "ZZ003", People)).Should().BeEmpty();
    }

    [Fact]
    public async Task The_count_sees_every_organisation_and_no_replaced_version_and_changes_nothing()
    {
        (await AsAsync("cpis.attendances", "every-organisation", Organisations)).Should().Equal("RW5", "RXR");
        (await AsAsync("cpis.attendances", "every-organisation", Versions)).Should().BeEmpty();
        (await AsAsync("cpis.attendances", "every-organisation",
            "update cpis.encounter set status = 'cancelled' returning organisation")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_council_changes_nothing_and_an_organisation_nothing_of_anothers()
    {
        const string Change = "update cpis.encounter set status = 'cancelled' returning organisation";
        (await AsAsync("cpis.council", "ZZ001", Change)).Should().BeEmpty();
        (await AsAsync("cpis.organisation", "RW5", Change)).Should().OnlyContain(o => o == "RW5").And.NotBeEmpty();

        var takeOver = () => AsAsync("cpis.organisation", "RW5",
            "update cpis.encounter set organisation = 'RXR' returning organisation");
        (await takeOver.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }

    [Theory]
    [InlineData("delete from cpis.encounter")]
    [InlineData("truncate cpis.encounter")]
    [InlineData("delete from cpis.encounter_version")]
    [InlineData("update cpis.encounter_version set version = 9")]
    [InlineData("alter table cpis.encounter disable row level security")]
    public async Task The_server_can_neither_delete_nor_empty_nor_unlock(string attempt)
    {
        var tried = () => AsAsync("cpis.organisation", "RXR", attempt);

        (await tried.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }

    /// <summary>Runs as the server's role in a transaction that says one thing, and undoes it.</summary>
    private async Task<List<string>> AsAsync(string setting, string value, string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.ServerConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("select set_config(@setting, @value, true)", new { setting, value });
        return [.. await connection.QueryAsync<string>(sql)];
    }
}
