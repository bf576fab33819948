using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Reads the lines of the clinical history, under all numbers of a person (R9); always as a part of a look-up that is
/// itself recorded.
/// </summary>
internal static class AccessStore
{
    /// <summary>
    /// Accesses read of one number, the newest; far more than the lines shown, for repeats are folded only then.
    /// </summary>
    private const int AccessesMax = 1000;

    private const string OfNumbers = """
        select a.nhs_number, a.entry_id, a.recorded, a.author, a.org,
            a.interaction, a.action, a.name, a.role, a.organisation_name, a.setting
        from (select distinct nhs_number from cpis.linked($1::text[])) asked
        cross join lateral (
            select * from ledger.access l where l.nhs_number = asked.nhs_number
            order by l.recorded desc, l.entry_id desc limit $2) a
        """;

    public static NpgsqlBatchCommand Ask(string[] numbers) => new(OfNumbers)
    {
        Parameters = { new() { Value = numbers }, new() { Value = AccessesMax } },
    };

    /// <summary>The accesses of the result set the reader stands at.</summary>
    public static async Task<Internal<ILookup<string, AccessLine>>> ReadAsync(NpgsqlDataReader reader)
    {
        var lines = new List<AccessLine>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            lines.Add(new AccessLine(reader.GetString(0), reader.GetGuid(1),
                reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3), reader.GetString(4),
                new(Text(reader, 5), Text(reader, 6), Text(reader, 7), Text(reader, 8), Text(reader, 9),
                    Text(reader, 10))));
        }

        return new(lines.ToLookup(l => l.NhsNumber));
    }

    private static string? Text(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);
}
