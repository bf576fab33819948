using System.Collections.Concurrent;
using FluentAssertions;

namespace CpIs.Audit.Tests;

/// <summary>The ledger's months: made before they begin, and an alarm when one was not.</summary>
public sealed class MonthsAheadTests
{
    [Fact]
    public async Task Somebody_hears_of_entries_that_stand_in_no_month()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync("""
            insert into ledger.entry (format, lane, position, entry_id, recorded, kind, interaction, status, action,
                outcome, disclosed)
            values (1, 1, 1, gen_random_uuid(), '2019-05-01Z', 'rest', 'read', 200, 'R', 0, '{}')
            """);
        var alarms = new ConcurrentQueue<string>();

        await using var log = await Invented.StartedAsync(Invented.Options(database) with { Alarm = alarms.Enqueue });

        await Invented.Eventually(() =>
            alarms.Any(alarm => alarm.Contains("default partition", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_month_after_next_is_there_before_it_begins_and_nobody_is_troubled()
    {
        var database = await Database.NewAsync();
        var alarms = new ConcurrentQueue<string>();
        var clock = new Ahead();
        await using var log = await Invented.StartedAsync(
            Invented.Options(database) with { Alarm = alarms.Enqueue }, clock);

        var now = clock.GetUtcNow();
        var later = new DateOnly(now.Year, now.Month, 1).AddMonths(2);
        await Invented.EventuallyAsync(() => database.ScalarAsync<bool>(
            $"select to_regclass('ledger.entry_{later:yyyy_MM}') is not null"));
        await log.RecordAsync(Invented.LookUp());

        (await database.ScalarAsync<long>("select count(*) from ledger.entry_default")).Should().Be(0);
        alarms.Should().BeEmpty();
    }

    /// <summary>A year on: no month of that time is made by a migration.</summary>
    private sealed class Ahead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddYears(1);
    }
}
