using CpIs.Testing;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class WriteTransactionTests
{
    private const string CounterSql = """
        create table cpis.counter (id int primary key, n int not null);
        insert into cpis.counter values (1, 0), (2, 0);
        grant select, insert, update on cpis.counter to cpis_server;
        """;

    private const string SettingsSql =
        "select current_setting('cpis.council'), current_setting('synchronous_commit')";

    [Fact]
    public async Task A_change_and_its_entry_commit_together()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));

        var council = await log.WriteAsync("ZZ100", async transaction =>
        {
            await using var batch = transaction.CreateBatch();
            batch.BatchCommands.Add(new("update cpis.counter set n = n + 1 where id = 1 returning n"));
            batch.BatchCommands.Add(new(SettingsSql));
            string council;
            await using (var reader = await batch.ExecuteReaderAsync())
            {
                for (var i = 0; i < WriteTransaction.LeadingResults; i++)
                {
                    await reader.NextResultAsync();
                }

                (await reader.ReadAsync()).Should().BeTrue();
                reader.GetInt32(0).Should().Be(1);
                await reader.NextResultAsync();
                await reader.ReadAsync();
                council = reader.GetString(0);
                reader.GetString(1).Should().Be("on");
            }

            await transaction.CommitAsync(
                [Change("Flag/a"), Change("Flag/b")],
                new NpgsqlBatchCommand("insert into cpis.counter values (3, 7)"));
            return council;
        });

        council.Should().Be("ZZ100");
        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(8);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry where action = 'U'")).Should().Be(2);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task Refused_work_leaves_no_trace_and_frees_its_lane()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        for (var i = 0; i < 5; i++)
        {
            var work = () => log.WriteAsync<int>(null, async transaction =>
            {
                await ChangeAsync(transaction, 1);
                throw new KeyNotFoundException("refused");
            });
            await work.Should().ThrowAsync<KeyNotFoundException>();
            (await log.WriteAsync(null, async transaction =>
            {
                await ChangeAsync(transaction, 1);
                return "changed my mind";
            })).Should().Be("changed my mind");
        }

        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(0);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(0);
    }

    [Fact]
    public async Task A_change_whose_entry_cannot_be_stored_is_undone()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        await database.ExecuteAsync("alter table ledger.entry add check (false) not valid");

        var work = () => OneChangeAsync(log);

        await work.Should().ThrowAsync<PostgresException>();
        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(0);
        (await database.ScalarAsync<long>("select count(*) from ledger.batch where first > 0")).Should().Be(0);
    }

    [Fact]
    public async Task Fifty_submissions_on_one_row_all_succeed_each_with_its_entry()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database) with { WriteLanes = 8 });

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => OneChangeAsync(log)));

        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(50);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(50);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_deadlock_is_run_again()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        using var both = new Barrier(2);
        var first = true;
        Task<int> Cross(int one, int other) => log.WriteAsync(null, async transaction =>
        {
            await ChangeAsync(transaction, one);
            if (Volatile.Read(ref first))
            {
                await Task.Factory.StartNew(() => both.SignalAndWait(5000), TaskCreationOptions.LongRunning);
                Volatile.Write(ref first, false);
            }

            await ChangeAsync(transaction, other);
            await transaction.CommitAsync([Change("Flag/" + one)]);
            return one;
        });

        await Task.WhenAll(Cross(1, 2), Cross(2, 1));

        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(4);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(2);
    }

    [Fact]
    public async Task A_connection_killed_before_the_commit_is_no_reason_to_refuse()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        var runs = 0;

        await log.WriteAsync(null, async transaction =>
        {
            var pid = await ChangeAsync(transaction, 1);
            if (runs++ == 0)
            {
                await database.ExecuteAsync($"select pg_terminate_backend({pid}, 5000)");
            }

            await ChangeAsync(transaction, 2);
            await transaction.CommitAsync([Change("Flag/a")]);
            return 0;
        });

        runs.Should().Be(2);
        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(2);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_connection_broke_is_answered_by_what_the_ledger_holds(bool committed)
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(CounterSql);
        await using var cut = new CuttingProxy(database.Socket);
        await using var log = await Invented.StartedAsync(Invented.Options(database) with
        {
            ConnectionString = cut.Through(database.Server),
        });
        var work = () => log.WriteAsync(null, async transaction =>
        {
            await ChangeAsync(transaction, 1);
            cut.Arm(forwardFirst: committed);
            await transaction.CommitAsync([Change("Flag/a")]);
            return "done";
        });

        if (committed)
        {
            (await work()).Should().Be("done");
        }
        else
        {
            await work.Should().ThrowAsync<LedgerUnavailable>();
        }

        cut.Cuts.Should().Be(1);
        var expected = committed ? 1 : 0;
        (await database.ScalarAsync<long>("select sum(n) from cpis.counter")).Should().Be(expected);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(expected);
        await OneChangeAsync(log);
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task A_lane_that_is_taken_while_the_log_closes_holds_up_nobody()
    {
        var options = Invented.Options(await Database.NewAsync());
        var lanes = new WriteLanes(
            options, LaneKind.Write, kind => new LaneKeeper(options, kind, new LaneRegister()), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        lanes.Close();

        var keeping = lanes.KeepAsync(stop.Token);
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        await stop.CancelAsync();

        await keeping.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static AuditEntry Change(string reference) =>
        Invented.LookUp() with { Action = 'U', Interaction = "update", Disclosed = [reference + "/_history/2"] };

    [Fact]
    public async Task Work_finds_its_results_in_their_place_whether_something_was_asked_before_it_or_not()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        foreach (var before in new[] { false, true })
        {
            var council = await log.WriteAsync("ZZ100", async transaction =>
            {
                if (before)
                {
                    (await transaction.AskFirstAsync([new("select 1"), new("select 41 + 1")], async reader =>
                    {
                        await reader.NextResultAsync();
                        await reader.ReadAsync();
                        return reader.GetInt32(0);
                    })).Should().Be(42);
                }

                await using var batch = transaction.CreateBatch();
                batch.BatchCommands.Add(new(SettingsSql));
                string found;
                await using (var reader = await batch.ExecuteReaderAsync())
                {
                    for (var i = 0; i < WriteTransaction.LeadingResults; i++)
                    {
                        await reader.NextResultAsync();
                    }

                    await reader.ReadAsync();
                    found = reader.GetString(0);
                }

                await transaction.CommitAsync([Change("Flag/a")]);
                return found;
            });
            council.Should().Be("ZZ100");
        }
    }

    private static Task<int> OneChangeAsync(AuditLog log) => log.WriteAsync("ZZ100", async transaction =>
    {
        await ChangeAsync(transaction, 1);
        await transaction.CommitAsync([Change("Flag/a")]);
        return 0;
    });

    private static async Task<int> ChangeAsync(WriteTransaction transaction, int id)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(new("update cpis.counter set n = n + 1 where id = $1")
        {
            Parameters = { new() { Value = id } },
        });
        batch.BatchCommands.Add(new("select pg_backend_pid()"));
        await using var reader = await batch.ExecuteReaderAsync();
        while (reader.FieldCount != 1)
        {
            await reader.NextResultAsync();
        }

        await reader.ReadAsync();
        return reader.GetInt32(0);
    }
}
