using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// The auditors' questions to the ledger's entries; the ledger itself is CpIs.Audit's. A question has a text by the key
/// it leads with, so that the planner finds that key's index whether it plans for the values or for any.
/// </summary>
internal sealed class TrailStore(NpgsqlDataSource database)
{
    /// <summary>How far matches are counted when nobody asked for their exact number.</summary>
    public const int TotalEntriesMax = 2_000;

    /// <summary>Seconds an exact count may take; a month of the whole country is tens of millions of entries.</summary>
    private const int CountSeconds = 120;

    /// <summary>Milliseconds before and after the time an id was made, within which its entry was recorded.</summary>
    private const int MadeWithinMs = 1000;

    /// <summary>The request of a group stands on its first entry; the others show it too.</summary>
    internal const string Columns = """
        e.entry_id, e.recorded, e.lane, e.position, e.group_position, e.kind, e.interaction, e.status, e.action,
        e.outcome, e.reason, e.nhs_number, e.disclosed, e.resource_type, e.resource_id, e.resource_version,
        coalesce(e.query, (select g.query from ledger.entry g where g.recorded = e.recorded and g.lane = e.lane
            and g.position = e.group_position)) as query,
        e.found, e.agent_issuer, e.agent_subject, e.agent_user_id, e.agent_name, e.agent_role, e.activity_code,
        e.organisation, e.organisation_name, e.client_id, e.token_id, e.purpose_of_use, e.purpose_reason, e.address,
        e.setting, e.unscheduled, e.plan_found, e.request_id, e.instance
        """;

    /// <summary>What the rendered entry says, as words a criterion can name: name, equals sign, value.</summary>
    private const string Facts = """
        select array['_id=' || e.entry_id, 'date=', 'site=cpis',
            'type=' || case e.kind when 'system' then '110100' when 'alert' then '110113' else 'rest' end,
            'subtype=' || e.interaction, 'action=' || e.action, 'outcome=' || e.outcome, 'patient=' || e.nhs_number,
            'agent=' || e.agent_subject, 'agent=' || e.agent_issuer || '|' || e.agent_subject,
            'agent=|' || case e.kind when 'system' then e.instance else e.client_id end,
            'altid=' || e.agent_user_id, 'agent-name=' || e.agent_name,
            'agent-role=' || e.agent_role, 'address=' || e.address, 'organization=' || e.organisation,
            'policy=urn:ietf:params:oauth:jti:' || e.token_id, 'purpose-of-use=' || e.purpose_of_use,
            'source=' || e.instance, 'unscheduled=' || e.unscheduled, 'plan-found=' || e.plan_found,
            case when e.nhs_number is not null then 'entity-type=1' end,
            case when e.nhs_number is not null then 'entity-role=1' end,
            case when e.interaction in ('search-type', 'operation') and (e.query is not null
                or e.group_position is not null) then 'entity-role=24' end,
            case when cardinality(e.disclosed) > 0 or e.resource_id is not null then 'entity-role=4' end,
            case when e.interaction in ('search-type', 'operation') then case when e.query is not null
                or e.group_position is not null then 'entity-type=2' end
                when cardinality(e.disclosed) > 0 or e.resource_id is not null then 'entity-type=2' end,
            case when cardinality(e.disclosed) > 0 or e.resource_id is not null or e.nhs_number is not null
                then 'entity=' end,
            case when e.request_id is not null then 'entity-type=XrequestId' end,
            'entity-type=' || e.resource_type]
            || array(select 'entity-type=' || split_part(d, '/', 1) from unnest(e.disclosed) d) as facts
        """;

    /// <summary>Everything a question may hold beside its key; what is not asked is null and costs nothing.</summary>
    internal const string Filter = """
         e.recorded >= @from and e.recorded < @until
          and (@gapOf::int[] is null or not exists (select 1 from unnest(@gapOf) o where not exists (
            select 1 from unnest(@gapOf, @gapLow::timestamptz[], @gapHigh::timestamptz[]) g(of, low, high)
            where g.of = o and e.recorded >= g.low and e.recorded < g.high)))
          and (@own::text is null or e.organisation = @own)
          and (@ids::uuid[] is null or e.entry_id = any(@ids))
          and (@numbers::text[] is null or e.nhs_number = any(@numbers))
          and (@subjects::text[] is null or e.agent_subject = any(@subjects))
          and (@userIds::text[] is null or e.agent_user_id = any(@userIds))
          and (@organisations::text[] is null or e.organisation = any(@organisations))
          and (@clients::text[] is null or e.client_id = any(@clients))
          and (@actions::text[] is null or e.action = any(@actions))
          and (@outcomes::int[] is null or e.outcome = any(@outcomes))
          and (@interactions::text[] is null or e.interaction = any(@interactions))
          and (@purposes::text[] is null or e.purpose_of_use = any(@purposes))
          and (@unscheduled::bool is null or e.unscheduled = @unscheduled)
          and (@planFound::bool is null or e.plan_found = @planFound)
          and (@entities::text[] is null or e.resource_type || '/' || e.resource_id = any(@entities) or exists (
            select 1 from unnest(e.disclosed) d
            where d = any(@entities) or split_part(d, '/_history/', 1) = any(@entities)))
          and (@names::text[] is null or not exists (select 1 from unnest(@names) n where not exists (
            select 1 from unnest((string_to_array(n, chr(31)))[2:]) v where case left(n, 1)
                when 'e' then e.agent_name = v
                when 'c' then position(lower(v) in lower(e.agent_name)) > 0
                else position(' ' || translate(lower(v), '-', ' ')
                    in ' ' || translate(lower(e.agent_name), '-', ' ')) > 0 end)))
          and (@addresses::text[] is null or not exists (select 1 from unnest(@addresses) n where not exists (
            select 1 from unnest((string_to_array(n, chr(31)))[2:]) v where case left(n, 1)
                when 'e' then e.address = v
                when 'c' then position(lower(v) in lower(e.address)) > 0
                else starts_with(lower(e.address), lower(v)) end)))
          and (not @byFacts or (select
            not exists (select 1 from unnest(@wanted::text[]) w where not t.facts && string_to_array(w, chr(31)))
            and not t.facts && @unwanted::text[]
            and not exists (select 1 from unnest(@present::text[]) p where not exists (
                select 1 from unnest(t.facts) f where starts_with(f, p)))
            and not exists (select 1 from unnest(@absent::text[]) a join unnest(t.facts) f on starts_with(f, a))
            from (
        """ + Facts + ") t))";

    private const string NewestFirst = """
          and (@afterId::uuid is null or (e.recorded, e.entry_id) < (@afterAt, @afterId))
        order by e.recorded desc, e.entry_id desc limit @limit
        """;

    private const string OldestFirst = """
          and (@afterId::uuid is null or (e.recorded, e.entry_id) > (@afterAt, @afterId))
        order by e.recorded, e.entry_id limit @limit
        """;

    private const string Keys =
        " from unnest(@keys::text[]) k cross join lateral (select e.* from ledger.entry e where ";
    private const string ByNumber = "e.nhs_number = k.k and";
    private const string BySubject = "e.agent_subject = k.k and";
    private const string ByUserId = "e.agent_user_id = k.k and";
    private const string ByOrganisation = "e.organisation = k.k and";
    private const string ByClient = "e.client_id = k.k and";
    private const string ByRefusal = " from ledger.entry e where e.outcome <> 0 and";
    private const string ByBreakGlass = " from ledger.entry e where e.purpose_of_use = 'BTG' and";
    private const string ByAlert = " from ledger.entry e where e.kind = 'alert' and";
    private const string ByTime = " from ledger.entry e where";
    private const string Again = ") e order by e.recorded desc, e.entry_id desc limit @limit";
    private const string AgainOldest = ") e order by e.recorded, e.entry_id limit @limit";
    private const string Page = "select " + Columns;
    private const string Counted = "select count(*) from (select 1";
    private const string CountEnd = " limit @countMax) c";
    private const string CountEnds = " limit @countMax) e limit @countMax) c";

    private static readonly Dictionary<TrailLead, (string Newest, string Oldest, string Count)> Texts = new()
    {
        [TrailLead.Patient] = (Page + Keys + ByNumber + Filter + NewestFirst + Again,
            Page + Keys + ByNumber + Filter + OldestFirst + AgainOldest,
            Counted + Keys + ByNumber + Filter + CountEnds),
        [TrailLead.Subject] = (Page + Keys + BySubject + Filter + NewestFirst + Again,
            Page + Keys + BySubject + Filter + OldestFirst + AgainOldest,
            Counted + Keys + BySubject + Filter + CountEnds),
        [TrailLead.UserId] = (Page + Keys + ByUserId + Filter + NewestFirst + Again,
            Page + Keys + ByUserId + Filter + OldestFirst + AgainOldest,
            Counted + Keys + ByUserId + Filter + CountEnds),
        [TrailLead.Organisation] = (Page + Keys + ByOrganisation + Filter + NewestFirst + Again,
            Page + Keys + ByOrganisation + Filter + OldestFirst + AgainOldest,
            Counted + Keys + ByOrganisation + Filter + CountEnds),
        [TrailLead.Client] = (Page + Keys + ByClient + Filter + NewestFirst + Again,
            Page + Keys + ByClient + Filter + OldestFirst + AgainOldest,
            Counted + Keys + ByClient + Filter + CountEnds),
        [TrailLead.BreakGlass] = (Page + ByBreakGlass + Filter + NewestFirst,
            Page + ByBreakGlass + Filter + OldestFirst, Counted + ByBreakGlass + Filter + CountEnd),
        [TrailLead.Refused] = (Page + ByRefusal + Filter + NewestFirst,
            Page + ByRefusal + Filter + OldestFirst, Counted + ByRefusal + Filter + CountEnd),
        [TrailLead.Alert] = (Page + ByAlert + Filter + NewestFirst,
            Page + ByAlert + Filter + OldestFirst, Counted + ByAlert + Filter + CountEnd),
        [TrailLead.Time] = (Page + ByTime + Filter + NewestFirst,
            Page + ByTime + Filter + OldestFirst, Counted + ByTime + Filter + CountEnd),
    };

    private const string One = "select " + Columns + """
         from ledger.entry e where e.entry_id = @id and e.recorded >= @from and e.recorded < @until
          and (@own::text is null or e.organisation = @own)
        """;

    /// <summary>A page, and the number of matches when it is wanted or cheap.</summary>
    public async Task<Sealed<TrailPage>> SearchAsync(TrailQuestion question, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var rows = question.CountOnly ? [] : (await connection.QueryAsync<TrailEntry>(
            new CommandDefinition(Text(question), question.Arguments(), cancellationToken: stop))).AsList();
        var more = rows.Count > question.Limit;
        // A first page that holds all matches has counted them.
        int? total = question.Total == TrailTotal.None ? null
            : question.CountOnly || question.After is not null || more ? await CountAsync(connection, question, stop)
            : rows.Count;
        var page = more ? rows.GetRange(0, question.Limit) : rows;
        return new(new(page, total > TotalEntriesMax && question.Total == TrailTotal.WhenCheap ? null : total, more),
            [], total ?? page.Count);
    }

    /// <summary>One entry; its id holds the time of its making, so one partition is read.</summary>
    public async Task<Sealed<TrailEntry?>> ReadAsync(Guid id, string? ownOrganisation, CancellationToken stop)
    {
        var made = TrailQuestion.Made(id);
        await using var connection = await database.OpenConnectionAsync(stop);
        var row = await connection.QuerySingleOrDefaultAsync<TrailEntry>(new CommandDefinition(
            One,
            new
            {
                id,
                from = made.AddMilliseconds(-MadeWithinMs),
                until = made.AddMilliseconds(MadeWithinMs),
                own = ownOrganisation,
            },
            cancellationToken: stop));
        return new(row, [], row is null ? 0 : 1);
    }

    internal static string Text(TrailQuestion question) =>
        question.OldestFirst ? Texts[question.Lead].Oldest : Texts[question.Lead].Newest;

    internal static string CountText(TrailQuestion question) => Texts[question.Lead].Count;

    private static async Task<int> CountAsync(
        NpgsqlConnection connection, TrailQuestion question, CancellationToken stop) =>
        (int)await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            CountText(question), (question with { After = null }).Arguments(), commandTimeout: CountSeconds,
                cancellationToken: stop));
}

/// <summary>A page of the trail.</summary>
internal sealed record TrailPage(IReadOnlyList<TrailEntry> Entries, int? Total, bool More);
