using CpIs.Audit;
using CpIs.Server.Encounters;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Server.Notices;

/// <summary>
/// Numbers notices and puts them, inside the transaction of whoever made them: each subscription's row is locked while
/// its numbers are taken, so they have no gap and no notice comes after one of a higher number.
/// </summary>
internal static class NoticeInsertStore
{
    private const string Told = """
        select n.subscription, n.source from cpis.notice n
        join unnest($1::uuid[], $2::text[]) u (subscription, source)
            on n.subscription = u.subscription and n.source = u.source
        """;

    /// <summary>
    /// What is sent already, or tried again later, keeps its time; the first after a quiet while waits for its digest.
    /// </summary>
    private const string TakeNumbers = """
        update cpis.subscription s set events = s.events + u.more,
            events_due = case when s.endpoint is null then null when s.delivered < s.events then s.events_due
                else $3 + make_interval(mins => coalesce(s.digest_min, 0)) end
        from unnest($1::uuid[], $2::bigint[]) u (id, more)
        where s.id = u.id and s.status <> 'off'
        returning s.id, s.events
        """;

    private const string Put = """
        insert into cpis.notice (subscription, number, council, made, source, nhs_number, refs, versions, bodies)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    /// <summary>Puts those that were not told before.</summary>
    /// <returns>How many that were.</returns>
    public static async Task<Internal<int>> PutAsync(
        NpgsqlConnection connection, IReadOnlyList<NewNotice> notices, DateTimeOffset now, CancellationToken stop)
    {
        var fresh = await FreshAsync(connection, notices, stop);
        if (fresh.Count == 0)
        {
            return new(0);
        }

        var counts = fresh.GroupBy(n => n.Subscription).ToDictionary(g => g.Key, g => (long)g.Count());
        var last = await NumbersAsync(connection, counts, now, stop);
        var next = last.ToDictionary(l => l.Key, l => l.Value - counts[l.Key]);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var notice in fresh.Where(n => next.ContainsKey(n.Subscription)))
        {
            batch.BatchCommands.Add(Command(notice, ++next[notice.Subscription]));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(stop);
        }

        return new(batch.BatchCommands.Count);
    }

    private static async Task<List<NewNotice>> FreshAsync(
        NpgsqlConnection connection, IReadOnlyList<NewNotice> notices, CancellationToken stop)
    {
        if (notices.Count == 0)
        {
            return [];
        }

        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(EncounterStore.Command(Told, notices.Select(n => n.Subscription).ToArray(),
            notices.Select(n => n.Source).ToArray()));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var told = new HashSet<(Guid, string)>();
        while (await reader.ReadAsync(stop))
        {
            told.Add((reader.GetGuid(0), reader.GetString(1)));
        }

        return [.. notices.Where(n => told.Add((n.Subscription, n.Source)))];
    }

    private static async Task<Dictionary<Guid, long>> NumbersAsync(
        NpgsqlConnection connection, Dictionary<Guid, long> counts, DateTimeOffset now, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection);
        Guid[] ids = [.. counts.Keys.Order()];
        batch.BatchCommands.Add(EncounterStore.Command(
            TakeNumbers, ids, ids.Select(id => counts[id]).ToArray(), now.UtcDateTime));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        var last = new Dictionary<Guid, long>();
        while (await reader.ReadAsync(stop))
        {
            last.Add(reader.GetGuid(0), reader.GetInt64(1));
        }

        return last;
    }

    private static NpgsqlBatchCommand Command(NewNotice notice, long number)
    {
        var command = EncounterStore.Command(Put, notice.Subscription, number, notice.Council,
            notice.Made.UtcDateTime, notice.Source, notice.NhsNumber,
            notice.Resources.Select(r => r.Reference).ToArray(), notice.Resources.Select(r => r.Version).ToArray());
        command.Parameters.Add(new()
        {
            Value = notice.Resources.Select(r => r.Body).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
        });
        return command;
    }
}
