using CpIs.Testing;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

/// <summary>A primary whose synchronous standby is away: PostgreSQL may then say "committed" when it is not.</summary>
public sealed class ReplicationTests : IAsyncLifetime
{
    private const string CancelSql = """
        select count(pg_cancel_backend(pid)) from pg_stat_activity
        where application_name like 'cpis-lane-%' and wait_event = 'SyncRep'
        """;

    private TestCluster? cluster;
    private Database? database;

    public async Task InitializeAsync()
    {
        cluster = await TestCluster.StartAsync(durable: true);
        database = await Database.NewAsync(cluster);
    }

    public async Task DisposeAsync() => await cluster!.DisposeAsync();

    [Fact]
    public async Task A_commit_that_reached_no_standby_opens_nothing()
    {
        var log = await Invented.StartedAsync(Invented.Options(database!));
        await log.OpenAsync(Invented.Plan(), Invented.LookUp());
        await StandbyAsync("'nobody'");

        var look = log.OpenAsync(Invented.Plan(), Invented.LookUp());
        await Invented.EventuallyAsync(async () => await database!.ScalarAsync<long>(CancelSql) > 0);

        var answer = () => look;
        (await answer.Should().ThrowAsync<LedgerUnavailable>()).Which.Message.Should().NotContain("too long");
        await StandbyAsync("''");
        (await log.OpenAsync(Invented.Plan(), Invented.LookUp())).Should().Be("the plan");
        await log.DisposeAsync();
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database!);
    }

    [Fact]
    public async Task No_checkpoint_leaves_the_house_before_the_standby_holds_what_it_speaks_of()
    {
        using var folder = new Folder();
        var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database!)));
        await log.RecordAsync(Invented.LookUp());
        await Invented.Eventually(() => folder.Newest() == 1);
        await StandbyAsync("'nobody'");
        var look = log.RecordAsync(Invented.LookUp());
        await Invented.EventuallyAsync(async () => await database!.ScalarAsync<long>(CancelSql) > 0);
        var answer = () => look;
        await answer.Should().ThrowAsync<LedgerUnavailable>();
        await Invented.EventuallyAsync(async () => await database!.ScalarAsync<bool>("""
            select exists (select 1 from pg_stat_activity
                where application_name = 'cpis-ledger' and wait_event = 'SyncRep')
            """));

        folder.Newest().Should().Be(1);
        await StandbyAsync("''");
        await Invented.Eventually(() => folder.Newest() == 2);
        await log.DisposeAsync();
    }

    [Fact]
    public async Task A_change_that_reached_no_standby_is_not_acknowledged()
    {
        await database!.ExecuteAsync("create table cpis.counter (n int); grant insert on cpis.counter to cpis_server");
        var log = await Invented.StartedAsync(Invented.Options(database) with { CommitWaitMs = 1000 });
        await StandbyAsync("'nobody'");

        var change = log.WriteAsync(null, async transaction =>
        {
            await using var batch = transaction.CreateBatch();
            batch.BatchCommands.Add(new("insert into cpis.counter values (1)"));
            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync([Invented.LookUp()]);
            return 0;
        });
        await Invented.EventuallyAsync(async () => await database.ScalarAsync<long>(CancelSql.Replace(
            "pg_cancel_backend", "pg_terminate_backend", StringComparison.Ordinal)) > 0);

        var answer = () => change;
        await answer.Should().ThrowAsync<LedgerUnavailable>();
        await StandbyAsync("''");
        await log.DisposeAsync();
    }

    private async Task StandbyAsync(string names)
    {
        NpgsqlConnection.ClearAllPools();
        await database!.ExecuteAsync("alter system set synchronous_standby_names = " + names);
        await database.ExecuteAsync("select pg_reload_conf()");
        var wanted = names.Trim('\'');
        await Invented.EventuallyAsync(async () =>
            await database.ScalarAsync<string>("show synchronous_standby_names") == wanted);
    }
}
