using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class AppendOnlyTests
{
    private static readonly string[] Tables = ["lane", "entry", "batch", "tile", "access", "checkpoint"];

    [Fact]
    public async Task Neither_the_server_nor_the_owner_can_change_what_was_recorded()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            await log.OpenAsync(Invented.Plan(), Invented.LookUp());
        }

        var partition = await database.ScalarAsync<string>("select tableoid::regclass::text from ledger.entry");
        partition.Should().NotEndWith("default");
        var statements = Tables.Select(table => "ledger." + table).Append(partition).SelectMany(table => new[]
        {
            $"update {table} set lane = lane",
            $"delete from {table}",
            $"truncate {table}",
        });
        foreach (var statement in statements)
        {
            var asServer = () => database.ExecuteAsServerAsync(statement);
            var asOwner = () => database.ExecuteAsync("set role cpis_owner; " + statement);
            (await asServer.Should().ThrowAsync<PostgresException>(statement)).Which.SqlState.Should().Be("42501");
            (await asOwner.Should().ThrowAsync<PostgresException>(statement)).Which.SqlState.Should().Be("42501");
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(1);
    }

    [Fact]
    public async Task The_server_can_make_the_months_ahead_and_they_refuse_change_too()
    {
        var database = await Database.NewAsync();

        await database.ExecuteAsServerAsync("select ledger.make_partitions('2031-11-15', 3)");
        await database.ExecuteAsServerAsync("select ledger.make_partitions('2031-11-15', 3)");

        (await database.ScalarAsync<bool>("""
            select array_agg(relname::text order by relname) = '{entry_2031_11,entry_2031_12,entry_2032_01}'
            from pg_class where relname like 'entry\_203%' and relkind = 'r'
            """)).Should().BeTrue();
        var truncate = () => database.ExecuteAsync("set role cpis_owner; truncate ledger.entry_2031_12");
        (await truncate.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }
}
