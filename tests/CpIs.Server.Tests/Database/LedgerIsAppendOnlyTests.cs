using CpIs.Testing;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>
/// The migrated database refuses to change the ledger: to the server's role because it has no such right, to the
/// owner by triggers, which stop accidents (an administrator is caught by the checkpoints kept outside).
/// </summary>
public sealed class LedgerIsAppendOnlyTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string EveryTable = """
        select format('%I.%I', 'ledger', relname), (select quote_ident(attname) from pg_attribute
            where attrelid = pg_class.oid and attnum = 1)
        from pg_class where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p')
        """;

    [Fact]
    public Task The_server_can_neither_change_nor_delete_nor_empty_any_table_of_the_ledger() =>
        EveryChangeIsRefusedAsync(database.ServerConnectionString, "");

    [Fact]
    public Task The_owner_cannot_either() =>
        EveryChangeIsRefusedAsync(database.OwnerConnectionString, "set role cpis_owner; ");

    [Fact]
    public async Task The_ledger_has_room_for_this_month_and_three_ahead()
    {
        await using var source = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using var command = source.CreateCommand("""
            select count(*) from generate_series(0, 3) ahead
            where to_regclass('ledger.entry_' || to_char((now() at time zone 'utc')
                + ahead * interval '1 month', 'YYYY_MM')) is null
            """);
        (await command.ExecuteScalarAsync()).Should().Be(0L);
    }

    private async Task EveryChangeIsRefusedAsync(string address, string role)
    {
        var tables = await TablesAsync();
        tables.Should().HaveCountGreaterThan(6);
        await using var source = NpgsqlDataSource.Create(address);
        foreach (var (table, column) in tables)
        {
            foreach (var attempt in new[]
            {
                $"update {table} set {column} = {column}", $"delete from {table}", $"truncate {table}",
            })
            {
                await using var command = source.CreateCommand(role + attempt);
                var tried = () => command.ExecuteNonQueryAsync();
                (await tried.Should().ThrowAsync<PostgresException>(attempt)).Which.SqlState
                    .Should().Be("42501", attempt);
            }
        }
    }

    private async Task<List<(string Table, string Column)>> TablesAsync()
    {
        await using var source = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using var command = source.CreateCommand(EveryTable);
        await using var rows = await command.ExecuteReaderAsync();
        var tables = new List<(string, string)>();
        while (await rows.ReadAsync())
        {
            tables.Add((rows.GetString(0), rows.GetString(1)));
        }
        return tables;
    }
}
