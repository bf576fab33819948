using CpIs.Server.Database;
using CpIs.Testing;
using DbUp.Engine;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>The road from an empty database to this build's, and the databases it refuses.</summary>
public sealed class MigrationsTests
{
    [Fact]
    public void Every_migration_of_server_and_ledger_is_known_in_the_order_of_its_number()
    {
        var names = Migrations.Known.Select(script => script.Name).ToList();

        names.Should().StartWith("0001-roles-and-plans.sql").And.OnlyHaveUniqueItems();
        names.Select(name => name[..4]).Should().OnlyHaveUniqueItems().And.BeInAscendingOrder();
    }

    [Fact]
    public async Task Migrating_twice_changes_nothing_the_second_time()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        await MigrateAsync(database);
        var once = await JournalAsync(database);
        await MigrateAsync(database);

        once.Should().HaveCount(Migrations.Known.Count);
        (await JournalAsync(database)).Should().Equal(once);
    }

    [Fact]
    public async Task Two_servers_that_start_together_migrate_once()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        List<SqlScript> slow = [new("0001-slow.sql", "select pg_sleep(0.5); create table public.once (n int);")];

        await Task.WhenAll(
            Migrations.RunAsync(database.OwnerConnectionString, slow, default),
            Migrations.RunAsync(database.OwnerConnectionString, slow, default));

        (await JournalAsync(database)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_database_that_is_newer_than_this_build_is_refused_and_left_alone()
    {
        await using var database = await TestDatabase.CreateAsync();
        await AskAsync(database.OwnerConnectionString,
            "insert into public.schema_version (scriptname, applied) values ('9999-from-tomorrow.sql', now())");
        var before = await JournalAsync(database);

        var start = () => MigrateAsync(database);

        (await start.Should().ThrowAsync<StartRefusedException>()).WithMessage("*newer*9999-from-tomorrow.sql*");
        (await JournalAsync(database)).Should().Equal(before);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_of_itself()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        List<SqlScript> broken =
        [
            new("0001-good.sql", "create table public.good (n int);"),
            new("0002-broken.sql", "create table public.half (n int); select 1/0;"),
        ];

        var migrate = () => Migrations.RunAsync(database.OwnerConnectionString, broken, default);

        (await migrate.Should().ThrowAsync<StartRefusedException>()).WithMessage("*0002-broken.sql*rolled back*");
        (await JournalAsync(database)).Should().Equal("0001-good.sql");
        (await AskAsync(database.OwnerConnectionString, "select to_regclass('public.half')::text"))
            .Should().Be(DBNull.Value);
    }

    [Fact]
    public async Task Without_the_owners_key_a_current_database_is_accepted_and_an_older_one_refused()
    {
        await using var current = await TestDatabase.CreateAsync();
        await Migrations.PrepareAsync(current.ServerConnectionString, owner: null, default);

        await using var empty = await TestDatabase.CreateEmptyAsync();
        var start = () => Migrations.PrepareAsync(empty.ServerConnectionString, owner: null, default);

        (await start.Should().ThrowAsync<StartRefusedException>())
            .WithMessage("*lacks 0001-roles-and-plans.sql*ConnectionStrings:CpisOwner*");
    }

    private static Task MigrateAsync(TestDatabase database) =>
        Migrations.PrepareAsync(database.ServerConnectionString, database.OwnerConnectionString, default);

    private static async Task<IReadOnlyList<string>> JournalAsync(TestDatabase database)
    {
        await using var source = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using var command = source.CreateCommand("select scriptname from public.schema_version order by 1");
        await using var rows = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await rows.ReadAsync())
        {
            names.Add(rows.GetString(0));
        }
        return names;
    }

    private static async Task<object?> AskAsync(string address, string question)
    {
        await using var source = NpgsqlDataSource.Create(address);
        await using var command = source.CreateCommand(question);
        return await command.ExecuteScalarAsync();
    }
}
