using CpIs.Server.Tests.Notices;
using CpIs.Testing;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>
/// The second wall alone: questions that forgot to name a council, asked through the very pool the server uses, show a
/// council its own and nothing of another's.
/// </summary>
public sealed class CouncilWallTests(RunningServer server) : IClassFixture<RunningServer>, IAsyncLifetime
{
    private const string Lancashire = "ZZ001";
    private const string Leeds = "ZZ002";

    /// <summary>Connections that are held at one time, as many as the pool has.</summary>
    private const int PoolConnections = 16;

    private const string TablesOfCouncils = """
        select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'council'
        where c.relnamespace = 'cpis'::regnamespace and c.relkind in ('r', 'p') order by 1
        """;

    public async Task InitializeAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-1) };
        await server.SubmitAsync(plan);
        await server.SubmitAsync(plan with { Persona = "sandbox-council-leeds", Council = Leeds });
        foreach (var council in new[] { server.Lancashire, server.Leeds })
        {
            (await council.PutAsync(new Uri("Patient/" + plan.Number, UriKind.Relative),
                RunningServer.Json((plan with { Family = "Ashgrove" }).Patient()))).EnsureSuccessStatusCode();
            await new InventedSubscription().CreateAsync(council);
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(Lancashire)]
    [InlineData(Leeds)]
    public async Task A_question_without_its_filter_shows_a_council_its_own_alone(string council)
    {
        var seen = new Dictionary<string, string[]>();
        foreach (var table in await TablesAsync())
        {
            seen[table] = [.. await AsAsync(council, $"select distinct council from cpis.{table}")];
        }

        seen.Should().OnlyContain(t => t.Value.All(c => c == council));
        foreach (var filled in new[] { "patient", "plan", "version", "subscription" })
        {
            seen[filled].Should().Equal([council], "the table {0} holds something of it", filled);
        }
    }

    [Fact]
    public async Task A_change_without_its_filter_reaches_a_councils_own_rows_alone()
    {
        const string Change = """
            with changed as (update cpis.plan set status_until = status_until returning council)
            select distinct council from changed
            """;

        (await AsAsync(Leeds, Change)).Should().Equal(Leeds);
        (await AsAsync(null, Change)).Should().BeEmpty();
    }

    [Fact]
    public async Task No_connection_of_the_pool_remembers_the_council_that_used_it_a_moment_before()
    {
        var pool = server.Services.GetRequiredService<NpgsqlDataSource>();
        var asking = Enumerable.Range(0, 4 * PoolConnections).Select(_ => server.Lancashire.GetOkAsync("Flag"));
        (await Task.WhenAll(asking)).Should().OnlyContain(a => a.Total() > 0);

        var held = new List<NpgsqlConnection>();
        try
        {
            for (var i = 0; i < PoolConnections / 2; i++)
            {
                held.Add(await pool.OpenConnectionAsync());
            }

            foreach (var connection in held)
            {
                (await connection.QueryAsync<string>("select distinct council from cpis.plan")).Should().BeEmpty();
                (await connection.QueryAsync<string>("select distinct council from cpis.patient")).Should().BeEmpty();
            }
        }
        finally
        {
            foreach (var connection in held)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private async Task<List<string>> TablesAsync()
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return (await connection.QueryAsync<string>(TablesOfCouncils)).AsList();
    }

    /// <summary>What a question shows, asked as the server asks for a council; null: for nobody.</summary>
    private async Task<List<string>> AsAsync(string? council, string sql)
    {
        await using var connection = await server.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            "select set_config('cpis.council', @council, true)", new { council = council ?? "" }, transaction);
        var rows = (await connection.QueryAsync<string>(sql, transaction: transaction)).AsList();
        await transaction.RollbackAsync();
        return rows;
    }
}
