using CpIs.Testing;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>
/// The wall between councils inside PostgreSQL: it holds even where a query forgot its council, because the server's
/// role is not the owner and has no way round it.
/// </summary>
public sealed class RowLevelSecurityTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const string Leeds = "E08000035";
    private const string Islington = "E09000019";

    private const string InsertPatient = """
        insert into cpis.patient (council, nhs_number, version, updated, birth_date, family, content_hash, body)
        values ($1, $2, 1, now(), '2019-03-04', 'Thornber', ''::bytea, '{}'::bytea)
        on conflict do nothing
        """;

    private const string CountPatients = "select count(*) from cpis.patient where council = $1";

    public async Task InitializeAsync()
    {
        await AsAsync(Leeds, InsertPatient, Leeds, "9990000018");
        await AsAsync(Islington, InsertPatient, Islington, "9990000018");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_council_sees_its_own_child_and_nothing_of_another_councils()
    {
        (await AsAsync(Leeds, CountPatients, Leeds)).Should().Be(1L);
        (await AsAsync(Leeds, CountPatients, Islington)).Should().Be(0L);
    }

    [Fact]
    public async Task Whoever_names_no_council_sees_nothing()
    {
        (await AsAsync(null, CountPatients, Leeds)).Should().Be(0L);
        (await AsAsync("", CountPatients, Leeds)).Should().Be(0L);
    }

    [Fact]
    public async Task A_council_cannot_write_in_anothers_name()
    {
        var forge = () => AsAsync(Leeds, InsertPatient, Islington, "9990000026");

        (await forge.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }

    [Fact]
    public async Task A_council_cannot_change_or_take_over_anothers_row()
    {
        (await RowsAsync(Leeds, "update cpis.patient set family = 'Changed' where council = $1", Islington))
            .Should().Be(0);

        var takeOver = () => AsAsync(Leeds, "update cpis.patient set council = $1", Islington);
        (await takeOver.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }

    [Fact]
    public async Task A_read_for_health_sees_every_council_and_changes_none()
    {
        (await ForHealthAsync(CountPatients, Leeds)).Should().Be(1L);
        (await ForHealthAsync(CountPatients, Islington)).Should().Be(1L);
        (await RowsAsync(null, "update cpis.patient set family = 'Changed' where council = $1", Leeds,
            forHealth: true)).Should().Be(0);
    }

    [Fact]
    public async Task The_council_of_one_transaction_is_forgotten_before_the_next_on_the_same_connection()
    {
        await using var source = NpgsqlDataSource.Create(database.ServerConnectionString + ";Maximum Pool Size=1");
        await using var connection = await source.OpenConnectionAsync();
        (await InTransactionAsync(connection, Leeds, false, CountPatients, [Leeds])).Should().Be(1L);

        (await InTransactionAsync(connection, null, false, CountPatients, [Leeds])).Should().Be(0L);
    }

    [Theory]
    [InlineData("cpis.patient")]
    [InlineData("cpis.plan")]
    [InlineData("cpis.version")]
    public async Task The_server_can_neither_delete_nor_empty_nor_unlock_a_table_of_children(string table)
    {
        foreach (var attempt in new[]
        {
            $"delete from {table}", $"truncate {table}", $"alter table {table} disable row level security",
        })
        {
            var tried = () => AsAsync(Leeds, attempt);
            (await tried.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501", attempt);
        }
    }

    [Fact]
    public async Task Every_table_that_names_a_council_stands_behind_the_wall()
    {
        await using var source = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using var command = source.CreateCommand("""
            select count(*) filter (where relrowsecurity and relforcerowsecurity), count(*)
            from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'council'
            where relnamespace = 'cpis'::regnamespace and relkind in ('r', 'p')
            """);
        await using var rows = await command.ExecuteReaderAsync();
        await rows.ReadAsync();

        rows.GetInt64(0).Should().BeGreaterThanOrEqualTo(3).And.Be(rows.GetInt64(1));
    }

    private async Task<object?> AsAsync(string? council, string sql, params object[] values)
    {
        await using var source = NpgsqlDataSource.Create(database.ServerConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        return await InTransactionAsync(connection, council, forHealth: false, sql, values);
    }

    private async Task<object?> ForHealthAsync(string sql, params object[] values)
    {
        await using var source = NpgsqlDataSource.Create(database.ServerConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        return await InTransactionAsync(connection, council: null, forHealth: true, sql, values);
    }

    private async Task<int> RowsAsync(string? council, string sql, object value, bool forHealth = false)
    {
        var counted = $"with done as ({sql} returning 1) select count(*)::int from done";
        await using var source = NpgsqlDataSource.Create(database.ServerConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        return (int)(await InTransactionAsync(connection, council, forHealth, counted, [value]))!;
    }

    private static async Task<object?> InTransactionAsync(
        NpgsqlConnection connection, string? council, bool forHealth, string sql, object[] values)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await SetAsync(connection, "cpis.council", council);
        await SetAsync(connection, "cpis.reads", forHealth ? "every-council" : null);
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        var answer = await command.ExecuteScalarAsync();
        await transaction.CommitAsync();
        return answer;
    }

    private static async Task SetAsync(NpgsqlConnection connection, string setting, string? value)
    {
        if (value is null)
        {
            return;
        }
        await using var set = new NpgsqlCommand("select set_config($1, $2, true)", connection);
        set.Parameters.Add(new NpgsqlParameter { Value = setting });
        set.Parameters.Add(new NpgsqlParameter { Value = value });
        await set.ExecuteNonQueryAsync();
    }
}
