using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class ReadLaneTests
{
    [Fact]
    public async Task Many_look_ups_at_once_get_positions_without_a_gap_and_the_recorded_root()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            var callers = Enumerable.Range(0, 64).Select(async caller =>
            {
                for (var i = 0; i < 10; i++)
                {
                    var envelope = Invented.Plan(id: $"f{caller}-{i}");
                    (await log.OpenAsync(envelope, Invented.LookUp())).Should().Be("the plan");
                }
            });
            await Task.WhenAll(callers);
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(640);
        (await database.ScalarAsync<bool>("""
            select array_agg(position order by position) = array(select generate_series(1, 640)::bigint)
            from ledger.entry
            """)).Should().BeTrue();
        (await database.ScalarAsync<long>("select count(*) from ledger.batch where first > 0"))
            .Should().BeLessThan(640, "commits are shared");
        (await database.ScalarAsync<long>("select count(*) from ledger.access")).Should().Be(640);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task Two_read_lanes_share_one_queue_and_lose_nothing()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database) with { ReadLanes = 2 }))
        {
            await Invented.EventuallyAsync(async () =>
                await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'") == 2);
            for (var i = 0; i < 20; i++)
            {
                await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => log.RecordAsync(Invented.LookUp())));
            }
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(640);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task Nothing_opens_while_the_ledger_refuses_the_record()
    {
        var database = await Database.NewAsync();
        var options = Invented.Options(database) with { CommitWaitMs = 1000 };
        await using var log = await Invented.StartedAsync(options);
        await database.ExecuteAsync("revoke insert on ledger.entry from cpis_server");

        var look = () => log.OpenAsync(Invented.Plan(), Invented.LookUp());

        await look.Should().ThrowAsync<LedgerUnavailable>();
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(0);
        (await database.ScalarAsync<long>("select count(*) from ledger.batch where first > 0")).Should().Be(0);

        await database.ExecuteAsync("grant insert on ledger.entry to cpis_server");
        await Invented.Eventually(() => log.Ready);
        (await log.OpenAsync(Invented.Plan(), Invented.LookUp())).Should().Be("the plan");
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_look_up_waits_no_longer_than_it_was_told_when_the_table_is_locked()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database) with { CommitWaitMs = 300 });
        await using var locker = new NpgsqlConnection(database.Admin);
        await locker.OpenAsync();
        await using var transaction = await locker.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("lock table ledger.batch", locker, transaction);
        await command.ExecuteNonQueryAsync();

        var look = () => log.OpenAsync(Invented.Plan(), Invented.LookUp());

        await look.Should().ThrowAsync<LedgerUnavailable>();
        await transaction.RollbackAsync();
        (await log.OpenAsync(Invented.Plan(), Invented.LookUp())).Should().Be("the plan");
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_drops_nothing_it_accepted()
    {
        var database = await Database.NewAsync();
        var options = Invented.Options(database) with { QueueEntriesMax = 10 };
        await using var log = await Invented.StartedAsync(options);
        await using var locker = new NpgsqlConnection(database.Admin);
        await locker.OpenAsync();
        await using var transaction = await locker.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("lock table ledger.batch", locker, transaction);
        await command.ExecuteNonQueryAsync();

        var first = log.RecordAsync(Invented.LookUp());
        await Task.Delay(200);
        var accepted = Enumerable.Range(0, 10).Select(_ => log.RecordAsync(Invented.LookUp())).ToArray();
        var refused = () => log.RecordAsync(Invented.LookUp());

        await refused.Should().ThrowAsync<LedgerUnavailable>().WithMessage("*full*");
        await transaction.RollbackAsync();
        await first;
        await Task.WhenAll(accepted);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(11);
    }

    [Fact]
    public async Task A_killed_connection_costs_at_most_one_answer_and_heals_by_itself()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        await log.OpenAsync(Invented.Plan(), Invented.LookUp());
        var opened = 1;
        var refused = 0;
        for (var i = 0; i < 200; i++)
        {
            if (i % 50 == 25)
            {
                await database.ExecuteAsync("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where application_name like 'cpis-lane-%' and datname = current_database()
                    """);
            }

            try
            {
                await log.OpenAsync(Invented.Plan(), Invented.LookUp());
                opened++;
            }
            catch (LedgerUnavailable)
            {
                refused++;
            }
        }

        refused.Should().BeLessThanOrEqualTo(4);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().BeGreaterThanOrEqualTo(opened);
        (await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'"))
            .Should().Be(1, "the lane is taken again");
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_lost_lane_is_taken_again_before_anybody_asks()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        await log.RecordAsync(Invented.LookUp());
        await database.ExecuteAsync("""
            select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where application_name like 'cpis-lane-%' and datname = current_database()
            """);
        var look = () => log.RecordAsync(Invented.LookUp());
        await look.Should().ThrowAsync<LedgerUnavailable>();

        await Invented.EventuallyAsync(async () => await database.ScalarAsync<long>("""
            select count(*) from pg_locks k join pg_database d on d.oid = k.database
            join ledger.lane l on l.lane = k.objid::bigint
            where k.locktype = 'advisory' and d.datname = current_database() and l.kind = 'read'
            """) == 1);
        await look();
    }

    [Fact]
    public async Task Servers_that_start_at_once_make_their_lanes_without_an_alarm()
    {
        var database = await Database.NewAsync();
        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var options = Invented.Options(database) with { WriteLanes = 8, Alarm = alarms.Enqueue };
        var logs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Invented.StartedAsync(options)));
        await Invented.EventuallyAsync(async () =>
            await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'write'") == 24);

        alarms.Should().BeEmpty();
        foreach (var log in logs)
        {
            await log.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_bad_entry_fails_alone()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync("alter table ledger.entry add check (agent_name <> 'Dr Poison')");
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        var answers = Enumerable.Range(0, 40).Select(async i =>
        {
            var entry = Invented.LookUp() with { AgentName = i == 17 ? "Dr Poison" : "Dr Good" };
            try
            {
                return await log.OpenAsync(Invented.Plan(), entry);
            }
            catch (LedgerUnavailable)
            {
                return "refused " + i;
            }
        });

        var results = await Task.WhenAll(answers);

        results.Count(result => result == "the plan").Should().Be(39);
        results[17].Should().Be("refused 17");
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task Two_servers_on_one_database_never_share_a_lane()
    {
        var database = await Database.NewAsync();
        await using (var one = await Invented.StartedAsync(Invented.Options(database)))
        await using (var two = await Invented.StartedAsync(Invented.Options(database)))
        {
            var looks = Enumerable.Range(0, 200)
                .Select(i => (i % 2 == 0 ? one : two).OpenAsync(Invented.Plan(), Invented.LookUp()));
            await Task.WhenAll(looks);
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'")).Should().Be(2);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(200);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_lane_whose_place_another_writer_took_gives_way_without_a_fork()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        await log.OpenAsync(Invented.Plan(), Invented.LookUp());
        await using (var thief = await Invented.ThiefAsync(database))
        {
            await thief.AppendAsync(thief.Place([[StoredEntry.Of(Invented.LookUp(), "thief")]], DateTimeOffset.UtcNow));
        }

        var look = () => log.OpenAsync(Invented.Plan(), Invented.LookUp());

        await look.Should().ThrowAsync<LedgerUnavailable>();
        (await log.OpenAsync(Invented.Plan(), Invented.LookUp())).Should().Be("the plan");
        (await database.ScalarAsync<long>("select max(position) from ledger.entry")).Should().Be(3);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_restarted_server_continues_the_lane()
    {
        var database = await Database.NewAsync();
        for (var run = 0; run < 3; run++)
        {
            await using var log = await Invented.StartedAsync(Invented.Options(database));
            for (var i = 0; i < 5; i++)
            {
                await log.OpenAsync(Invented.Plan(), Invented.LookUp());
            }
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'")).Should().Be(1);
        (await database.ScalarAsync<long>("select max(position) from ledger.entry")).Should().Be(15);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_restarted_server_opens_a_lane_from_its_tiles()
    {
        var database = await Database.NewAsync();
        var options = Invented.Options(database);
        foreach (var looks in new[] { 255, 2, 300, 456 })
        {
            await using var log = await Invented.StartedAsync(options);
            await Task.WhenAll(Enumerable.Range(0, looks).Select(_ => log.RecordAsync(Invented.LookUp())));
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.tile")).Should().Be(3);
        (await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'")).Should().Be(1);
        (await database.ScalarAsync<long>("select max(position) from ledger.entry")).Should().Be(1013);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_lane_that_was_tampered_with_is_parked_and_another_is_taken()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            await log.OpenAsync(Invented.Plan(), Invented.LookUp());
        }

        await database.ExecuteAsync("""
            alter table ledger.entry disable trigger all;
            set session_replication_role = replica;
            update ledger.entry set agent_name = 'Somebody else';
            """);
        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var again = await Invented.StartedAsync(Invented.Options(database) with { Alarm = alarms.Enqueue });

        await again.OpenAsync(Invented.Plan(), Invented.LookUp());

        alarms.Should().ContainMatch("Lane parked*");
        (await database.ScalarAsync<long>("select count(*) from ledger.lane where kind = 'read'")).Should().Be(2);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry group by lane limit 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_log_started_before_its_database_answers_when_the_database_comes()
    {
        var database = await Database.NewAsync();
        var role = "alter role cpis_server in database " + database.Name;
        await database.ExecuteAsync(role + " set default_transaction_read_only = on");
        var log = new AuditLog(Invented.Options(database) with { CommitWaitMs = 200 }, TimeProvider.System);
        await log.StartAsync(CancellationToken.None);
        log.Ready.Should().BeFalse();
        var look = () => log.OpenAsync(Invented.Plan(), Invented.LookUp());
        await look.Should().ThrowAsync<LedgerUnavailable>();

        await database.ExecuteAsync(role + " reset default_transaction_read_only");
        await Invented.Eventually(() => log.Ready);

        (await log.OpenAsync(Invented.Plan(), Invented.LookUp())).Should().Be("the plan");
        await log.DisposeAsync();
    }
}
