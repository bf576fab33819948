using Npgsql;
using NpgsqlTypes;

namespace CpIs.Audit;

/// <summary>Lines of a batch that enter the clinical history (rule R14), in a table small enough to probe.</summary>
internal static class AccessInsert
{
    private const string Sql = """
        insert into ledger.access (nhs_number, recorded, entry_id, lane, position, author, org)
        select u.nhs_number, $1, u.entry_id, $2, u.position, u.author, u.org
        from unnest($3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[])
            as u (nhs_number, entry_id, position, author, org)
        """;

    /// <summary>Null when no line of the batch enters the history.</summary>
    internal static NpgsqlBatchCommand? Of(PlacedBatch batch)
    {
        List<PlacedEntry>? lines = null;
        foreach (var placed in batch.Entries)
        {
            if (placed.Stored.Entry is { InHistory: true, NhsNumber: not null })
            {
                (lines ??= []).Add(placed);
            }
        }

        return lines is null ? null : Command(batch, lines);
    }

    /// <summary>The person, whatever the role: repeats of one person in one place are folded (rule R15).</summary>
    private static string Author(AuditEntry entry) => entry.AgentUserId ?? entry.AgentSubject ?? entry.ClientId ?? "";

    private static NpgsqlBatchCommand Command(PlacedBatch batch, List<PlacedEntry> lines)
    {
        var recorded = new NpgsqlParameter<DateTime> { TypedValue = batch.Recorded.UtcDateTime };
        var lane = new NpgsqlParameter<int> { TypedValue = batch.Lane };
        return new NpgsqlBatchCommand(Sql)
        {
            Parameters =
            {
                recorded,
                lane,
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.NhsNumber!),
                Column(NpgsqlDbType.Uuid, lines, line => line.Id),
                Column(NpgsqlDbType.Bigint, lines, line => line.Position),
                Column(NpgsqlDbType.Text, lines, line => Author(line.Stored.Entry)),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.Organisation ?? ""),
            },
        };
    }

    private static NpgsqlParameter<T[]> Column<T>(
        NpgsqlDbType type, List<PlacedEntry> lines, Func<PlacedEntry, T> of) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = lines.Select(of).ToArray() };
}
