using Npgsql;
using NpgsqlTypes;

namespace CpIs.Audit;

/// <summary>Lines of a batch that enter the clinical history (rule R14), in a table small enough to probe.</summary>
internal static class AccessInsert
{
    private const string Sql = """
        insert into ledger.access (nhs_number, recorded, entry_id, lane, position, author, org,
            interaction, action, name, role, organisation_name, setting)
        select u.nhs_number, $1, u.entry_id, $2, u.position, u.author, u.org,
            u.interaction, u.action, u.name, u.role, u.organisation_name, u.setting
        from unnest($3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
            as u (nhs_number, entry_id, position, author, org,
                interaction, action, name, role, organisation_name, setting)
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
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.Author()),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.Organisation ?? ""),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.Interaction),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Action),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.AgentName),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.AgentRole),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.OrganisationName),
                Column(NpgsqlDbType.Text, lines, line => line.Stored.Entry.Setting),
            },
        };
    }

    private static NpgsqlParameter<T[]> Column<T>(
        NpgsqlDbType type, List<PlacedEntry> lines, Func<PlacedEntry, T> of) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = lines.Select(of).ToArray() };
}
