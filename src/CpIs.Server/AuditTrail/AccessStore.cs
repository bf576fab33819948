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
        select asked.nhs_number, a.entry_id, a.recorded, a.author, a.org,
            a.interaction, a.action, a.name, a.role, a.organisation_name, a.setting,
            p.nhs_number is not null
        from (select distinct nhs_number from cpis.linked($1::text[])) asked
        left join cpis.protected_number p on p.nhs_number = asked.nhs_number
        left join lateral (
            select * from ledger.access l where l.nhs_number = asked.nhs_number
            order by l.recorded desc, l.entry_id desc limit $2) a on true
        """;

    public static NpgsqlBatchCommand Ask(string[] numbers) => new(OfNumbers)
    {
        Parameters = { new() { Value = numbers }, new() { Value = AccessesMax } },
    };

    /// <summary>The accesses of the result set the reader stands at.</summary>
    public static async Task<Internal<Accesses>> ReadAsync(NpgsqlDataReader reader)
    {
        var lines = new List<AccessLine>();
        var withheld = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(CancellationToken.None))
        {
            if (reader.GetBoolean(11))
            {
                withheld.Add(reader.GetString(0));
            }

            if (reader.IsDBNull(1))
            {
                continue;
            }

            lines.Add(new AccessLine(reader.GetString(0), reader.GetGuid(1),
                reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3), reader.GetString(4),
                new(Text(reader, 5), Text(reader, 6), Text(reader, 7), Text(reader, 8), Text(reader, 9),
                    Text(reader, 10))));
        }

        return new(new(lines.ToLookup(l => l.NhsNumber), withheld));
    }

    private static string? Text(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);
}

/// <summary>The accesses of some people.</summary>
/// <param name="Of">By the number they were made under.</param>
/// <param name="Withheld">Numbers of protected people: no organisation that looked may be told.</param>
internal sealed record Accesses(ILookup<string, AccessLine> Of, IReadOnlySet<string> Withheld);
