using CpIs.Testing;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Audit.Tests;

/// <summary>
/// The order of a lane is the order of its positions, whatever plan the database chooses and wherever aborted commits
/// made it put the rows.
/// </summary>
public sealed class LaneOrderTests
{
    private const int Entries = 400;

    [Fact]
    public async Task An_honest_lane_verifies_and_is_taken_again_when_the_database_has_to_sort_its_batches()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            for (var i = 0; i < 4; i++)
            {
                await Task.WhenAll(Enumerable.Range(0, Entries / 4).Select(_ => log.RecordAsync(Invented.LookUp())));
            }
        }

        await database.ExecuteAsync("""
            set session_replication_role = replica;
            create temporary table kept as select * from ledger.batch;
            delete from ledger.batch;
            insert into ledger.batch select * from kept order by first desc
            """);
        await database.ExecuteAsync("alter database " + database.Name + " set enable_indexscan = off");
        NpgsqlConnection.ClearAllPools();

        await using var source = NpgsqlDataSource.Create(database.Server);
        await foreach (var lane in new Checker(new LedgerFeed(source), []).CheckAsync(
            AsyncEnumerable.Empty<string>(), default))
        {
            lane.IsWhole.Should().BeTrue(lane.ToString());
        }

        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var again = await Invented.StartedAsync(Invented.Options(database) with { Alarm = alarms.Enqueue });
        await again.RecordAsync(Invented.LookUp());
        alarms.Should().BeEmpty();
    }
}
