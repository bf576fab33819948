using System.Data;
using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server.Encounters;

/// <summary>
/// All questions to the encounters, each one SQL text. An encounter tells that a plan is held, so health sees its own
/// organisation's no longer than the plan; a council those of people for whom its own plan is or was visible then.
/// </summary>
internal sealed class EncounterStore(NpgsqlDataSource database)
{
    /// <summary>People whose encounters a bare number is recorded for; a larger number tells of nobody.</summary>
    private const int CountedPeopleMax = 1000;

    /// <summary>What <see cref="RowsAsync"/> reads, but for the numbers that were asked for.</summary>
    internal const string Columns = """
        select e.id, e.version, e.updated, e.reported, e.nhs_number, e.organisation, e.identifier_system,
            e.identifier_value, e.status, e.class, e.setting, e.category, e.started, e.ended, e.body
        """;

    /// <summary>
    /// The plans of person <c>l</c> that health may see on day $2 (R2–R6), of the councils that are live, $3.
    /// </summary>
    private const string VisiblePlans = """
         join cpis.plan p on p.nhs_number = l.nhs_number and not p.deleted and p.removed is null
            and p.visible_from <= $2 and $2 < p.visible_until and p.council = any($3)
        """;

    /// <summary>R9: the person of an encounter, under every number.</summary>
    private const string Person = " exists (select 1 from cpis.linked(array[e.nhs_number]) l ";

    private const string SeenByHealth = " where e.organisation = $4 and" + Person + VisiblePlans + ")";

    private const string SeenByCouncil = " where" + Person + """
        join cpis.plan p on p.nhs_number = l.nhs_number
        where p.council = $2 and not p.deleted and p.removed is null
            and ((p.visible_from <= e.began and e.began < p.visible_until)
                or (p.visible_from <= e.reported and e.reported < p.visible_until)))
        """;

    private const string OfHealth = Columns + """
        , people.asked
        from (select l.nhs_number, array_agg(l.asked) as asked from cpis.linked($1::text[]) l group by 1) people
        join cpis.encounter e on e.nhs_number = people.nhs_number
        """ + SeenByHealth + " order by e.id";

    /// <summary>Of the people named, or of all the council holds a plan for.</summary>
    private const string OfCouncil = Columns + """
        , people.asked
        from (
            select l.nhs_number, array_agg(l.asked) as asked
            from cpis.linked(coalesce($1::text[],
                array(select distinct p.nhs_number from cpis.plan p where p.council = $2))) l
            group by 1) people
        join cpis.encounter e on e.nhs_number = people.nhs_number
        """ + SeenByCouncil + " order by e.id";

    private const string ById = Columns + ", $1::text[] from cpis.encounter e ";
    private const string OneOfHealth = ById + SeenByHealth + " and e.id = $5";
    private const string OneOfCouncil = ById + SeenByCouncil + " and e.id = $3";

    private const string Held =
        "select distinct p.nhs_number from cpis.linked($1::text[]) l " + VisiblePlans;

    private const string OldVersion =
        "select version, updated, body from cpis.encounter_version where id = $1 and version = $2";

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string AsOrganisation =
        "select set_config('cpis.organisation', $1, true), set_config('cpis.reads', 'every-council', true)";

    /// <summary>Searches; the page's encounters are disclosed, and to health that a plan is held.</summary>
    public async Task<Sealed<EncounterPage>> SearchAsync(EncounterQuestion question, CancellationToken stop)
    {
        await using var batch = Batch(question);
        batch.BatchCommands.Add(question.Council is null
            ? Command(OfHealth, [.. Visibly(question), question.Organisation])
            : Command(OfCouncil, Numbers(question), question.Council));
        if (question.Council is null)
        {
            batch.BatchCommands.Add(Command(Held, Visibly(question)));
        }

        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var rows = await RowsAsync(reader, stop);
        var held = new List<string>();
        await reader.NextResultAsync(stop);
        while (question.Council is null && await reader.ReadAsync(stop))
        {
            held.Add(reader.GetString(0));
        }

        return Seal(question, rows, held);
    }

    /// <summary>One encounter; null content when absent or not the asker's to see.</summary>
    public async Task<Sealed<EncounterRow?>> ReadAsync(
        EncounterQuestion question, Guid id, CancellationToken stop)
    {
        var row = await FindAsync(question, id, stop);
        return new(row, row is null ? [] : [Shown(row, row.Version)], row is null ? 0 : 1);
    }

    /// <summary>One version of an encounter whose current version the asker may see.</summary>
    public async Task<Sealed<EncounterVersion?>> ReadVersionAsync(
        EncounterQuestion question, Guid id, int version, CancellationToken stop)
    {
        var row = await FindAsync(question, id, stop);
        var found = row is null ? null
            : row.Version == version ? new EncounterVersion(version, row.Updated, row.Body)
            : await FindVersionAsync(question, id, version, stop);
        return new(found, found is null ? [] : [Shown(row!, version)], found is null ? 0 : 1);
    }

    internal static async Task<List<EncounterRow>> RowsAsync(NpgsqlDataReader reader, CancellationToken stop)
    {
        var rows = new List<EncounterRow>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    private async Task<EncounterRow?> FindAsync(EncounterQuestion question, Guid id, CancellationToken stop)
    {
        await using var batch = Batch(question);
        batch.BatchCommands.Add(question.Council is null
            ? Command(OneOfHealth, [.. Visibly(question), question.Organisation, id])
            : Command(OneOfCouncil, Numbers(question), question.Council, id));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return (await RowsAsync(reader, stop)).SingleOrDefault(r => question.Condition(r));
    }

    private async Task<EncounterVersion?> FindVersionAsync(
        EncounterQuestion question, Guid id, int version, CancellationToken stop)
    {
        await using var batch = Batch(question);
        batch.BatchCommands.Add(Command(OldVersion, id, version));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return await reader.ReadAsync(stop)
            ? new(reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<byte[]>(2))
            : null;
    }

    /// <summary>
    /// A batch that reads as one council, or as one organisation of health beside every council's plans.
    /// </summary>
    private NpgsqlBatch Batch(EncounterQuestion question)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(question.Council is null
            ? Command(AsOrganisation, question.Organisation)
            : Command(AsCouncil, question.Council));
        return batch;
    }

    /// <summary>The keys of <see cref="VisiblePlan"/>: about whom, on which day, of which councils.</summary>
    private static object?[] Visibly(EncounterQuestion question) =>
        [Numbers(question), question.Today, question.LiveCouncils];

    private static string[]? Numbers(EncounterQuestion question) => question.Numbers?.ToArray();

    internal static NpgsqlBatchCommand Command(string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value ?? DBNull.Value });
        }

        return command;
    }

    private static Sealed<EncounterPage> Seal(EncounterQuestion question, List<EncounterRow> rows, List<string> held)
    {
        var matches = rows.Where(r => question.Condition(r)).ToList();
        var (page, next) = question.CountOnly ? ([], null)
            : EncounterParameters.Keyset.Cut(matches, question.Sort, question.After, question.Limit);
        var shown = page.Select(r => Shown(r, r.Version)).ToList();
        if (question.CountOnly)
        {
            var counted = matches.Select(r => Shown(r, r.Version)).DistinctBy(d => d.NhsNumber).ToList();
            shown.AddRange(counted.Count > CountedPeopleMax ? [] : counted);
        }

        if (shown.Count == 0)
        {
            // Even "no attendance" then says that a plan is held, and is a look at it (R14).
            shown.AddRange(held.Select(n => new Disclosed("Patient", n, 0, n, null, true)
            {
                Through = question.Numbers!.Contains(n) ? null : question.Numbers![0],
            }));
        }

        return new(new(page, matches.Count, next, held.Count > 0), shown, matches.Count);
    }

    private static Disclosed Shown(EncounterRow row, int version) =>
        new("Encounter", row.Id.ToString(), version, row.Facts.NhsNumber.Digits(), null, true)
        {
            Through = row.AskedAs.Count > 0 ? row.AskedAs[0] : null,
        };

    private static EncounterRow Row(NpgsqlDataReader reader)
    {
        if (!NhsNumber.TryParse(reader.GetString(4), out var number))
        {
            throw new DataException("A stored encounter has no valid number.");
        }

        var facts = new EncounterFacts(
            number, reader.GetString(5), reader.GetString(6), reader.GetString(7), reader.GetString(8),
            reader.GetString(9), reader.GetString(10), reader.IsDBNull(11) ? null : reader.GetString(11),
            reader.GetFieldValue<DateTimeOffset>(12),
            reader.IsDBNull(13) ? null : reader.GetFieldValue<DateTimeOffset>(13));
        return new(reader.GetGuid(0), reader.GetInt32(1), reader.GetFieldValue<DateTimeOffset>(2),
            reader.GetFieldValue<DateOnly>(3), facts, reader.GetFieldValue<byte[]>(14))
        {
            AskedAs = reader.IsDBNull(15) ? []
                : [.. reader.GetFieldValue<string[]>(15).Where(asked => asked != number.Digits())],
        };
    }
}
