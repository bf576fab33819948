using System.Data;
using CpIs.Audit;
using CpIs.Server.Encounters;
using CpIs.Server.Patients;
using CpIs.Server.Searching;
using Npgsql;

namespace CpIs.Server.Plans;

/// <summary>
/// A council's listing of its own plans: a page is read from its place on, by id through an index, in one snapshot with
/// its total. Bodies, most of what a plan weighs, are read for what is shown only.
/// </summary>
internal sealed class PlanListStore(NpgsqlDataSource database)
{
    /// <summary>Rows read at once while matches are looked for.</summary>
    private const int ChunkRows = 1000;

    /// <summary>
    /// The wall between councils makes PostgreSQL expect next to no rows, and then it would rather sort them than read
    /// them in the order of an index.
    /// </summary>
    internal const string AsCouncil = """
        select set_config('cpis.council', $1, true), set_config('enable_seqscan', 'off', true),
            set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)
        """;

    private const string Light = """
        select p.council, p.row_id, p.nhs_number, p.kind, p.start_day, p.end_day, p.due_day, p.follows_row_id,
            p.removed, p.birth_date, p.deleted, p.status_until,
            p.episode_id, p.episode_version, p.episode_updated, p.episode_status, ''::bytea,
            p.flag_id, p.flag_version, p.flag_updated, p.flag_status, ''::bytea, p.closed, p.unconfirmed
        from cpis.plan p
        """;

    private const string Own = " where p.council = $1 and not p.deleted";

    private const string FlagsUp = Light + Own + " and p.flag_id > $2 order by p.flag_id limit $3";
    private const string FlagsDown = Light + Own + " and p.flag_id < $2 order by p.flag_id desc limit $3";
    private const string EpisodesUp = Light + Own + " and p.episode_id > $2 order by p.episode_id limit $3";
    private const string EpisodesDown = Light + Own + " and p.episode_id < $2 order by p.episode_id desc limit $3";

    /// <summary>
    /// Days and microseconds as numbers: $4 and $5 name up to two keys, $6 and $7 turn a descending one about, so that
    /// all ascend.
    /// </summary>
    private const string Keys = """
         cross join lateral (select p.start_day - date '2000-01-01' as day,
            (extract(epoch from case when $3 then p.flag_updated else p.episode_updated end) * 1000000)::bigint
                as moment,
            case when $3 then p.flag_id else p.episode_id end as id) v
        cross join lateral (select
            case $4 when 'date' then v.day when '_lastUpdated' then v.moment else 0 end * $6 as one,
            case $5 when 'date' then v.day when '_lastUpdated' then v.moment else 0 end * $7 as two) k
        """;

    /// <summary>
    /// By other keys than the id: $8 is its direction, $9 says whether the page begins after a place, $10 to $12.
    /// </summary>
    private const string Sorted = Light + Keys + Own + """
         and (not $9 or (k.one, k.two) > ($10, $11) or ((k.one, k.two) = ($10, $11)
            and case when $8 > 0 then v.id > $12 else v.id < $12 end))
        order by k.one, k.two, case when $8 > 0 then v.id end, case when $8 < 0 then v.id end desc
        limit $2
        """;

    private const string Count = "select count(*) from cpis.plan p" + Own;
    private const string All = Light + Own;

    private const string Whole = "select " + PlanStore.Columns + " from cpis.plan p" + Own;
    private const string ByRow = Whole + " and p.row_id = any ($2)";
    private const string ByFlag = Whole + " and p.flag_id = any ($2)";
    private const string ByEpisode = Whole + " and p.episode_id = any ($2)";

    private const string Patients = """
        select council, nhs_number, version, updated, birth_date, family, content_hash, body
        from cpis.patient where council = $1 and nhs_number = any ($2)
        """;

    /// <summary>Beyond every id.</summary>
    private static readonly Guid LastId = new("ffffffff-ffff-ffff-ffff-ffffffffffff");

    /// <summary>Searches; the page's resources are disclosed, or the number alone.</summary>
    public async Task<Sealed<PlanPage>> SearchAsync(PlanQuestion question, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, stop);
        await using (var council = connection.CreateBatch())
        {
            council.BatchCommands.Add(EncounterStore.Command(AsCouncil, question.Council));
            await council.ExecuteNonQueryAsync(stop);
        }

        return PlanPages.Seal(question.Ids is not null || question.RowIds is not null
            ? await LedAsync(connection, question, stop)
            : question.CountOnly ? await CountedAsync(connection, question, stop)
            : await WalkedAsync(connection, question, stop));
    }

    /// <summary>Those of some ids or plan numbers: they are few, so all are read at once.</summary>
    private static async Task<PlansFound> LedAsync(
        NpgsqlConnection connection, PlanQuestion question, CancellationToken stop)
    {
        var rows = await RowsAsync(connection, question.Ids is { } ids
            ? EncounterStore.Command(question.View == PlanView.Flag ? ByFlag : ByEpisode, question.Council, ids)
            : EncounterStore.Command(ByRow, question.Council, question.RowIds), stop);
        return PlanPages.Of(question, rows, await PatientsAsync(connection, question, rows, stop), []);
    }

    private static async Task<PlansFound> CountedAsync(
        NpgsqlConnection connection, PlanQuestion question, CancellationToken stop)
    {
        if (!question.Narrowed)
        {
            return new(new([], [], [], await NumberAsync(connection, question, stop), null), []);
        }

        var matches = Matches(question, await RowsAsync(
            connection, EncounterStore.Command(All, question.Council), stop));
        return PlanPages.Disclosing(question, new([], [], [], matches.Count, null), matches);
    }

    private static async Task<PlansFound> WalkedAsync(
        NpgsqlConnection connection, PlanQuestion question, CancellationToken stop)
    {
        var matches = new List<PlanRow>();
        var keyset = PlanParameters.Keyset(question.View);
        var place = question.After;
        for (var chunk = question.Limit + 1; ; chunk = ChunkRows)
        {
            var rows = await RowsAsync(connection, Page(question, place, chunk), stop);
            matches.AddRange(Matches(question, rows));
            if (rows.Count < chunk || matches.Count > question.Limit)
            {
                break;
            }

            place = keyset.PlaceOf(rows[^1], question.Sort);
        }

        var more = matches.Count > question.Limit;
        var page = more ? matches.GetRange(0, question.Limit) : matches;
        var total = question.Counted ? await NumberAsync(connection, question, stop) : page.Count;
        var shown = await WholeAsync(connection, question, page, stop);
        return PlanPages.Disclosing(question,
            new(shown, await PatientsAsync(connection, question, page, stop), [], total,
                more ? keyset.PlaceOf(page[^1], question.Sort) : null)
            {
                Counted = question.Counted || (!more && question.After is null),
            }, []);
    }

    private static List<PlanRow> Matches(PlanQuestion question, List<PlanRow> rows) =>
        rows.FindAll(question.MaySee).ConvertAll(r => PlanPages.Current(question, r)).FindAll(question.Condition);

    private static async Task<int> NumberAsync(
        NpgsqlConnection connection, PlanQuestion question, CancellationToken stop)
    {
        if (question.Narrowed)
        {
            return Matches(question,
                await RowsAsync(connection, EncounterStore.Command(All, question.Council), stop)).Count;
        }

        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(Count, question.Council));
        return (int)(long)(await batch.ExecuteScalarAsync(stop))!;
    }

    /// <summary>The rows of a page with their bodies, in its order.</summary>
    private static async Task<IReadOnlyList<PlanRow>> WholeAsync(
        NpgsqlConnection connection, PlanQuestion question, List<PlanRow> page, CancellationToken stop)
    {
        if (page.Count == 0)
        {
            return page;
        }

        var ids = page.Select(r => r.State(question.View).Id).ToArray();
        var whole = (await RowsAsync(connection, EncounterStore.Command(
            question.View == PlanView.Flag ? ByFlag : ByEpisode, question.Council, ids), stop))
            .ToDictionary(r => r.State(question.View).Id);
        return [.. ids.Select(id => PlanPages.Current(question, whole[id]))];
    }

    private static async Task<List<PatientRow>> PatientsAsync(
        NpgsqlConnection connection, PlanQuestion question, List<PlanRow> rows, CancellationToken stop)
    {
        if (!question.WithPatients || rows.Count == 0)
        {
            return [];
        }

        var numbers = rows.Select(r => r.Facts.NhsNumber.Digits()).Distinct().ToArray();
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(EncounterStore.Command(Patients, question.Council, numbers));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return await PlanStore.PatientsAsync(reader, stop);
    }

    private static async Task<List<PlanRow>> RowsAsync(
        NpgsqlConnection connection, NpgsqlBatchCommand command, CancellationToken stop)
    {
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return await PlanStore.RowsAsync(reader, stop);
    }

    /// <summary>The rows that come after a place.</summary>
    internal static NpgsqlBatchCommand Page(PlanQuestion question, string? after, int limit)
    {
        var order = Keyset<PlanRow>.Order(question.Sort);
        var place = after is null ? null : Places.Read(after, order);
        var flags = question.View == PlanView.Flag;
        if (order is [var id])
        {
            var text = (flags, id.Descending) switch
            {
                (true, false) => FlagsUp,
                (true, true) => FlagsDown,
                (false, false) => EpisodesUp,
                _ => EpisodesDown,
            };
            return EncounterStore.Command(text, question.Council,
                place is null ? id.Descending ? LastId : Guid.Empty : Guid.Parse(place[0]), limit);
        }

        long Turned(int key) => place is null || key >= order.Count - 1 ? 0 : Number(order[key], place[key]);
        return EncounterStore.Command(Sorted, question.Council, limit, flags, order[0].Name,
            order.Count > 2 ? order[1].Name : "", Direction(order[0]), order.Count > 2 ? Direction(order[1]) : 1L,
            (int)Direction(order[^1]), place is not null, Turned(0), Turned(1),
            place is null ? Guid.Empty : Guid.Parse(place[^1]));
    }

    private static long Direction(SortKey key) => key.Descending ? -1 : 1;

    /// <summary>A key of a place as the database counts it.</summary>
    private static long Number(SortKey key, string text)
    {
        var at = Places.Instant(text);
        return Direction(key) * (key.Name == "date"
            ? CpIs.Fhir.Visibility.Day(at).DayNumber - new DateOnly(2000, 1, 1).DayNumber
            : (at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
    }
}
