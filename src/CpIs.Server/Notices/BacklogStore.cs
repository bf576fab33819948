using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>How much councils have not been told yet: numbers alone, about nobody.</summary>
internal sealed class BacklogStore(NoticeDatabase database)
{
    private const string AsTeller = "select set_config('cpis.telling', 'every-council', true)";

    /// <summary>What a receiver did not take yet, receivers given up, entries of the ledger not yet followed.</summary>
    private const string Waiting = """
        select coalesce(sum(s.events - s.delivered) filter (where s.endpoint is not null and s.status <> 'off'), 0),
            count(*) filter (where s.parked and s.status <> 'off'),
            (select coalesce(sum(greatest(b.last - coalesce(p.position, 0), 0)), 0) from ledger.lane l
                left join cpis.notice_position p on p.lane = l.lane
                cross join lateral (
                    select last from ledger.batch where lane = l.lane order by first desc limit 1) b)
        from cpis.subscription s
        """;

    public async Task<Internal<BacklogNow>> AskAsync(CancellationToken stop)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(new(AsTeller));
        batch.BatchCommands.Add(new(Waiting));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        return new(new((long)reader.GetDecimal(0), reader.GetInt64(1), (long)reader.GetDecimal(2)));
    }
}

/// <summary>What waits at one moment.</summary>
/// <param name="Notices">Made, and not taken by their receivers.</param>
/// <param name="Parked">Receivers given up.</param>
/// <param name="Entries">Entries of the ledger that were not looked at for notices.</param>
internal sealed record BacklogNow(long Notices, long Parked, long Entries);
