using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server.Encounters;

/// <summary>
/// The two halves of a report: lock what stands and ask whether a plan is visible (R19), then put what shall stand.
/// </summary>
internal static class ReportStore
{
    /// <summary>Writes as one organisation, and sees the plans of every council to decide R19.</summary>
    private const string AsReporter =
        "select set_config('cpis.organisation', $1, true), set_config('cpis.reads', 'every-council', true)";

    /// <summary>Two reports of one encounter come one after the other, also when it is new.</summary>
    private const string LockKey = "select pg_advisory_xact_lock(hashtextextended($1, 20515))";

    /// <summary>Result sets of the two commands that come before what is asked.</summary>
    private const int SettingResults = 2;

    private const string Stands = EncounterStore.Columns + """
        , null::text[]
        from cpis.encounter e
        where e.organisation = $1 and ($4::uuid is null and e.identifier_system = $2 and e.identifier_value = $3
            or e.id = $4)
        for update
        """;

    private const string Visible = """
        select exists (select 1 from cpis.linked(array[$1]) l join cpis.plan p on p.nhs_number = l.nhs_number
            where not p.deleted and p.removed is null and p.visible_from <= $2
                and $2 < p.visible_until and p.council = any($3))
        """;

    private const string KeepVersion = """
        insert into cpis.encounter_version (id, version, organisation, nhs_number, updated, body)
        select id, version, organisation, nhs_number, updated, body from cpis.encounter where id = $1
        """;

    private const string Put = """
        insert into cpis.encounter (id, organisation, nhs_number, identifier_system, identifier_value, status, class,
            setting, category, started, ended, began, reported, version, updated, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict (id) do update set status = excluded.status, class = excluded.class, setting = excluded.setting,
            category = excluded.category, started = excluded.started, ended = excluded.ended, began = excluded.began,
            version = excluded.version, updated = excluded.updated, body = excluded.body
        """;

    /// <summary>Locks and reads, in the transaction's first round trip.</summary>
    /// <param name="write">The transaction.</param>
    /// <param name="facts">What is reported.</param>
    /// <param name="id">Id of an update; null for a create, which is found by the EPR's own number.</param>
    /// <param name="today">Date in Europe/London.</param>
    /// <param name="liveCouncils">Councils whose plans health may see.</param>
    public static async Task<Internal<HeldEncounter>> LockAsync(
        WriteTransaction write, EncounterFacts facts, Guid? id, DateOnly today, string[] liveCouncils)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(AsReporter, facts.Organisation));
        var key = string.Join('/', facts.Organisation, facts.System, facts.Value);
        batch.BatchCommands.Add(EncounterStore.Command(LockKey, key));
        batch.BatchCommands.Add(EncounterStore.Command(Stands, facts.Organisation, facts.System, facts.Value, id));
        batch.BatchCommands.Add(EncounterStore.Command(Visible, facts.NhsNumber.Digits(), today, liveCouncils));
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults + SettingResults; i++)
        {
            await reader.NextResultAsync();
        }

        var row = (await EncounterStore.RowsAsync(reader, CancellationToken.None)).SingleOrDefault();
        await reader.NextResultAsync();
        return new(new(row, await reader.ReadAsync() && reader.GetBoolean(0)));
    }

    /// <summary>The commands that put a new version, for the round trip that commits.</summary>
    public static NpgsqlBatchCommand[] Commands(EncounterRow row)
    {
        var facts = row.Facts;
        var put = EncounterStore.Command(Put, row.Id, facts.Organisation, facts.NhsNumber.Digits(), facts.System,
            facts.Value, facts.Status, facts.Class, facts.Setting, facts.Category, facts.Start.ToUniversalTime(),
            facts.End?.ToUniversalTime(), facts.Began, row.Reported, row.Version, row.Updated, row.Body);
        return row.Version == 1 ? [put] : [EncounterStore.Command(KeepVersion, row.Id), put];
    }
}

/// <summary>What a report finds.</summary>
/// <param name="Row">The encounter as it stands, locked; null when it is new.</param>
/// <param name="Visible">R19: whether a visible plan is held for the person now.</param>
internal sealed record HeldEncounter(EncounterRow? Row, bool Visible);
