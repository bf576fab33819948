using System.Globalization;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public sealed class CheckerTests : IDisposable
{
    private const string Silently = "set session_replication_role = replica; ";

    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_ledger_nobody_touched_is_whole_in_every_lane()
    {
        var database = await RecordedAsync(runs: 2, entries: 300);

        var verdicts = await CheckAsync(database);

        verdicts.Should().OnlyContain(verdict => verdict.IsWhole);
        verdicts.Sum(verdict => verdict.Size).Should().Be(600);
        verdicts.Should().Contain(verdict => verdict.ToString() == $"lane {verdict.Lane} size 600 ok");
    }

    [Theory]
    [InlineData("agent_name = 'Somebody else'")]
    [InlineData("nhs_number = '9990000026'")]
    [InlineData("reason = 'never said'")]
    [InlineData("disclosed = '{}'")]
    [InlineData("disclosed = disclosed || null::text")]
    [InlineData("unscheduled = null")]
    [InlineData("query = '\\x00'")]
    [InlineData("recorded = recorded + interval '1 hour'")]
    [InlineData("entry_id = '01930000-0000-7000-8000-000000000000'")]
    [InlineData("group_position = 1")]
    public async Task A_changed_field_is_found_at_its_position(string change)
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await database.ExecuteAsync(Silently + $"update ledger.entry set {change} where position = 7");

        (await BadAsync(database)).Should().Be((7, LedgerFault.Changed));
    }

    [Fact]
    public async Task A_removed_entry_is_found()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await database.ExecuteAsync(Silently + "delete from ledger.entry where position = 7");

        (await BadAsync(database)).Should().Be((7, LedgerFault.Removed));
    }

    [Fact]
    public async Task An_entry_taken_out_and_the_gap_closed_is_found()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await database.ExecuteAsync(Silently + """
            delete from ledger.entry where position = 7;
            update ledger.entry set position = position - 1 where position > 7;
            """);

        (await BadAsync(database)).Should().Be((7, LedgerFault.Removed));
    }

    [Theory]
    [InlineData("position + 1000", 1007)]
    [InlineData("position", 7)]
    public async Task An_entry_put_beside_the_batches_is_found(string position, long found)
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await database.ExecuteAsync(Silently + $"""
            create temp table forged as select * from ledger.entry where position = 7;
            update forged set recorded = recorded + interval '1 second', position = {position};
            insert into ledger.entry select * from forged;
            """);

        (await BadAsync(database)).Should().Be((found, LedgerFault.Inserted));
    }

    [Fact]
    public async Task An_entry_pushed_between_two_others_is_found()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await database.ExecuteAsync(Silently + """
            create temp table moved as select * from ledger.entry where position >= 7;
            delete from ledger.entry where position >= 7;
            insert into ledger.entry select (m).* from (select moved as m from moved where position = 7) x;
            update ledger.entry set agent_name = 'Forged' where position = 7;
            update moved set position = position + 1;
            insert into ledger.entry select * from moved;
            """);

        (await BadAsync(database)).Should().Be((7, LedgerFault.Inserted));
    }

    [Theory]
    [InlineData(5, 6)]
    [InlineData(3, 17)]
    [InlineData(3, 25)]
    public async Task Two_entries_that_changed_places_are_found_at_the_first(int one, int other)
    {
        var database = await RecordedAsync(runs: 2, entries: 20);
        await database.ExecuteAsync(Silently + $"""
            update ledger.entry set position = 9999 where position = {one};
            update ledger.entry set position = {one} where position = {other};
            update ledger.entry set position = {other} where position = 9999;
            """);

        (await BadAsync(database)).Should().Be((one, LedgerFault.Reordered));
    }

    [Theory]
    [InlineData("update ledger.tile set hashes = set_byte(hashes, 77, get_byte(hashes, 77) # 1) where idx = 1")]
    [InlineData("delete from ledger.tile where idx = 1")]
    [InlineData("update ledger.tile t set hashes = o.hashes from ledger.tile o where t.idx = 1 and o.idx = 0")]
    public async Task A_tile_that_was_changed_or_taken_away_is_found_at_the_first_entry_below_it(string change)
    {
        var database = await RecordedAsync(runs: 2, entries: 300);
        await database.ExecuteAsync(Silently + change);

        (await BadAsync(database)).Should().Be((257, LedgerFault.Changed));
    }

    [Fact]
    public async Task A_tile_of_a_higher_level_is_compared_with_what_the_entries_below_it_give()
    {
        const int BelowOneTile = 256 * 256;
        var database = await RecordedAsync(runs: 1, entries: 20);
        await using (var log = await Invented.StartedAsync(folder.Signing(
            Invented.Options(database) with { QueueEntriesMax = BelowOneTile, CommitWaitMs = 60_000 })))
        {
            await Task.WhenAll(Enumerable.Range(0, BelowOneTile).Select(_ => log.RecordAsync(Invented.LookUp())));
        }

        (await CheckAsync(database)).Should().OnlyContain(verdict => verdict.IsWhole);
        await database.ExecuteAsync(Silently
            + "update ledger.tile set hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) where level = 1");

        (await BadAsync(database)).Should().Be((1, LedgerFault.Changed));
    }

    [Fact]
    public async Task A_tail_cut_off_with_its_batches_shows_against_the_checkpoint_outside()
    {
        var database = await RecordedAsync(runs: 2, entries: 20);
        await database.ExecuteAsync(Silently + """
            delete from ledger.entry where position > 20;
            delete from ledger.batch where first > 20;
            delete from ledger.checkpoint where size > 20;
            """);

        (await BadAsync(database)).Should().Be((21, LedgerFault.TailCut));
        (await CheckAsync(database, withOutside: false)).Should()
            .OnlyContain(verdict => verdict.IsWhole, "the database alone cannot show it");
    }

    [Fact]
    public async Task A_whole_lane_taken_away_shows_against_the_checkpoint_outside()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await database.ExecuteAsync(Silently + $"""
            delete from ledger.entry;
            delete from ledger.batch where lane = {lane};
            delete from ledger.checkpoint;
            delete from ledger.lane where lane = {lane};
            """);

        (await BadAsync(database)).Should().Be((1, LedgerFault.TailCut));
    }

    [Fact]
    public async Task A_detached_month_is_found_at_its_first_entry()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        await RecordAsync(database, 20, new Later(TimeSpan.FromDays(31)));
        var second = await database.ScalarAsync<string>(
            "select tableoid::regclass::text from ledger.entry where position = 21");
        await database.ExecuteAsync($"alter table ledger.entry detach partition {second}");

        (await BadAsync(database)).Should().Be((21, LedgerFault.Removed));
    }

    [Fact]
    public async Task A_past_written_anew_with_its_own_roots_shows_against_what_was_signed()
    {
        var database = await RecordedAsync(runs: 2, entries: 20);
        await database.ExecuteAsync(Silently + """
            delete from ledger.entry where position > 20;
            delete from ledger.batch where first > 20;
            delete from ledger.checkpoint where size > 20;
            """);
        await using (var forger = await Invented.StartedAsync(Invented.Options(database)))
        {
            await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => forger.RecordAsync(Invented.LookUp(Invented.Ben))));
        }

        (await BadAsync(database)).Should().Be((21, LedgerFault.Changed));
    }

    [Fact]
    public async Task An_older_snapshot_put_back_shows_against_the_checkpoint_outside()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        NpgsqlConnection.ClearAllPools();
        var snapshot = database.Name + "_old";
        var elsewhere = new NpgsqlConnectionStringBuilder(database.Admin) { Database = "postgres" }.ConnectionString;
        await (database with { Admin = elsewhere })
            .ExecuteAsync($"create database {snapshot} template {database.Name}");
        await RecordAsync(database, 10, TimeProvider.System);

        var old = database with
        {
            Admin = new NpgsqlConnectionStringBuilder(database.Admin) { Database = snapshot }.ConnectionString,
            Server = new NpgsqlConnectionStringBuilder(database.Server) { Database = snapshot }.ConnectionString,
        };

        (await BadAsync(old)).Should().Be((21, LedgerFault.TailCut));
        (await CheckAsync(database)).Should().OnlyContain(verdict => verdict.IsWhole);
    }

    [Fact]
    public async Task A_checkpoint_nobody_signed_is_not_accepted()
    {
        var database = await RecordedAsync(runs: 2, entries: 20);
        await database.ExecuteAsync(Silently + """
            update ledger.checkpoint set note = convert_to(replace(convert_from(note, 'UTF8'), 'test', 'fake'), 'UTF8')
            where size = 40
            """);

        (await BadAsync(database)).Should().Be((41, LedgerFault.Changed));
    }

    [Fact]
    public async Task A_ledger_that_grows_while_it_is_checked_is_whole()
    {
        var database = await RecordedAsync(runs: 1, entries: 20);
        using var done = new CancellationTokenSource();
        await using var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database)));
        var growing = GrowAsync(log, done.Token);
        for (var i = 0; i < 20; i++)
        {
            (await CheckAsync(database)).Should().OnlyContain(verdict => verdict.IsWhole);
        }

        await done.CancelAsync();
        (await growing).Should().BePositive();
    }

    private static async Task<int> GrowAsync(AuditLog log, CancellationToken stop)
    {
        var grown = 0;
        while (!stop.IsCancellationRequested)
        {
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => log.RecordAsync(Invented.LookUp())));
            grown += 5;
        }

        return grown;
    }

    private async Task<Database> RecordedAsync(int runs, int entries)
    {
        var database = await Database.NewAsync();
        for (var run = 0; run < runs; run++)
        {
            await RecordAsync(database, entries, TimeProvider.System);
        }

        return database;
    }

    /// <summary>One batch, so that entries have neighbours, and a checkpoint when the log closes.</summary>
    private async Task RecordAsync(Database database, int entries, TimeProvider clock)
    {
        await using var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database)), clock);
        var recorded = new List<Task>();
        await using (await LockAsync(database))
        {
            recorded.Add(log.RecordAsync(Invented.LookUp()));
            await Task.Delay(100);
            recorded.AddRange(Enumerable.Range(1, entries - 1).Select(i => log.RecordAsync(Invented.LookUp() with
            {
                Disclosed = ["Flag/a/_history/1"],
                AgentName = "Dr " + i.ToString(CultureInfo.InvariantCulture),
            })));
        }

        await Task.WhenAll(recorded);
    }

    private async Task<(long?, LedgerFault?)> BadAsync(Database database)
    {
        var bad = (await CheckAsync(database)).Where(verdict => !verdict.IsWhole).ToArray();
        bad.Should().ContainSingle();
        return (bad[0].FirstBad, bad[0].Fault);
    }

    private async Task<List<LaneVerdict>> CheckAsync(Database database, bool withOutside = true)
    {
        await using var source = NpgsqlDataSource.Create(database.Server);
        var checker = new Checker(new LedgerFeed(source), [folder.Verifier]);
        var outside = withOutside
            ? new CheckpointFile(folder.Checkpoints).ReadAsync(CancellationToken.None)
            : AsyncEnumerable.Empty<string>();
        return await checker.CheckAsync(outside, CancellationToken.None).ToListAsync();
    }

    private static async Task<IAsyncDisposable> LockAsync(Database database)
    {
        var locker = new NpgsqlConnection(database.Admin);
        await locker.OpenAsync();
        await using var command = new NpgsqlCommand("begin; lock table ledger.batch in exclusive mode", locker);
        await command.ExecuteNonQueryAsync();
        return locker;
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
