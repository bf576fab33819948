using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Summary;

/// <summary>
/// The one question that sees encounters of every organisation: how often people attended (R20). In an array, so that
/// a look-up of many asks it once, in a batch that others share.
/// </summary>
internal sealed class AttendanceStore(NpgsqlDataSource database)
{
    private const string OpenAll = "select set_config('cpis.attendances', 'every-organisation', true)";
    private const string CloseAll = "select set_config('cpis.attendances', '', true)";

    private const string OfPeople = """
        select e.id, e.version, e.nhs_number, e.organisation, e.setting, e.category, e.status, e.started
        from (select distinct nhs_number from cpis.linked($1::text[])) asked
        join cpis.encounter e on e.nhs_number = asked.nhs_number and e.began >= $2
        order by e.nhs_number, e.started desc, e.id
        """;

    /// <summary>Adds the question to a batch; what others ask in it sees no more than before.</summary>
    /// <param name="batch">One implicit transaction.</param>
    /// <param name="numbers">The people, under any of their numbers (R9).</param>
    /// <param name="since">First day that can count: today less <see cref="AttendanceRules.LongestDays"/>.</param>
    public static void Ask(NpgsqlBatch batch, string[] numbers, DateOnly since)
    {
        batch.BatchCommands.Add(new(OpenAll));
        batch.BatchCommands.Add(new(OfPeople)
        {
            Parameters = { new() { Value = numbers }, new() { Value = since } },
        });
        batch.BatchCommands.Add(new(CloseAll));
    }

    /// <summary>
    /// Reads the answer to <see cref="Ask"/>: finds the reader at its first result set and leaves it after its last.
    /// </summary>
    public static async Task<Internal<IReadOnlyList<AttendanceRow>>> RowsAsync(NpgsqlDataReader reader)
    {
        await reader.NextResultAsync();
        var rows = new List<AttendanceRow>();
        while (await reader.ReadAsync())
        {
            rows.Add(new(reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3),
                reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetString(6),
                reader.GetFieldValue<DateTimeOffset>(7)));
        }

        await reader.NextResultAsync();
        await reader.NextResultAsync();
        return new(rows);
    }

    /// <summary>Asks by itself: for the server's own decisions.</summary>
    public async Task<Internal<IReadOnlyList<AttendanceRow>>> FindAsync(
        string[] numbers, DateOnly since, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        Ask(batch, numbers, since);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return await RowsAsync(reader);
    }
}
