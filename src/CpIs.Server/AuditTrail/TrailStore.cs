using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// All questions to the ledger's entries as the auditors ask them; the ledger itself is CpIs.Audit's.
/// </summary>
internal sealed class TrailStore(NpgsqlDataSource database)
{
    private const string Columns = """
        entry_id, recorded, lane, position, kind, interaction, status, action, outcome, reason, nhs_number, disclosed,
        resource_type, resource_id, resource_version, query, found, agent_issuer, agent_subject, agent_user_id,
        agent_name, agent_role, activity_code, organisation, organisation_name, client_id, token_id, purpose_of_use, purpose_reason,
        address, unscheduled, plan_found, request_id, instance
        """;

    private const string Where = """
         from ledger.entry e
        where e.recorded >= @from and e.recorded < @until
          and (@own::text is null or e.organisation = @own)
          and (@ids::uuid[] is null or e.entry_id = any(@ids))
          and (@numbers::text[] is null or e.nhs_number = any(@numbers))
          and (@agents::text[] is null or e.agent_subject = any(@agents) or e.agent_user_id = any(@agents)
            or e.client_id = any(@agents))
          and (@entities::text[] is null or exists (
            select 1 from unnest(e.disclosed) d
            where d = any(@entities) or split_part(d, '/_history/', 1) = any(@entities)))
          and (@organisations::text[] is null or e.organisation = any(@organisations))
          and (@actions::text[] is null or e.action = any(@actions))
          and (@outcomes::int[] is null or e.outcome = any(@outcomes))
          and (@interactions::text[] is null or e.interaction = any(@interactions))
          and (@unscheduled::bool is null or e.unscheduled = @unscheduled)
          and (@found::bool is null or e.plan_found = @found)
          and (@purposes::text[] is null or e.purpose_of_use = any(@purposes))
        """;

    private const string Page = "select " + Columns + Where + """
          and (@afterAt::timestamptz is null or (e.recorded, e.entry_id) < (@afterAt, @afterId))
        order by e.recorded desc, e.entry_id desc limit @limit
        """;

    private const string Count = "select count(*)" + Where;

    private const string One = "select " + Columns + """
         from ledger.entry where entry_id = @id and recorded >= @from and recorded < @until
          and (@own::text is null or organisation = @own)
        """;

    /// <summary>
    /// A page, newest first, one entry more than asked to know whether there is a next, and the whole number.
    /// </summary>
    public async Task<Sealed<TrailPage>> SearchAsync(TrailQuestion question, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var parameters = Parameters(question);
        var total = await connection.ExecuteScalarAsync<int>(
            new CommandDefinition(Count, parameters, cancellationToken: stop));
        var rows = question.CountOnly ? [] : (await connection.QueryAsync<TrailEntry>(
            new CommandDefinition(Page, parameters, cancellationToken: stop))).AsList();
        var page = rows.Count > question.Limit ? rows.GetRange(0, question.Limit) : rows;
        return new(new(page, total, rows.Count > question.Limit), [], total);
    }

    /// <summary>One entry; its id holds the time of its making, so one partition is read.</summary>
    public async Task<Sealed<TrailEntry?>> ReadAsync(Guid id, string? ownOrganisation, CancellationToken stop)
    {
        var made = Made(id);
        await using var connection = await database.OpenConnectionAsync(stop);
        var row = await connection.QuerySingleOrDefaultAsync<TrailEntry>(new CommandDefinition(
            One,
            new { id, from = made.AddSeconds(-1), until = made.AddSeconds(1), own = ownOrganisation },
            cancellationToken: stop));
        return new(row, [], row is null ? 0 : 1);
    }

    private static object Parameters(TrailQuestion question)
    {
        var (from, until) = Span(question.Dates);
        return new
        {
            from,
            until,
            own = question.OwnOrganisation,
            ids = question.Ids?.Select(Guid.Parse).ToArray(),
            numbers = question.Numbers,
            agents = question.Agents,
            entities = question.Entities,
            organisations = question.Organisations,
            actions = question.Actions,
            outcomes = question.Outcomes,
            interactions = question.Interactions,
            unscheduled = question.Unscheduled,
            found = question.PlanFound,
            purposes = question.Purposes,
            afterAt = question.After?.Recorded.UtcDateTime,
            afterId = question.After?.Id ?? Guid.Empty,
            limit = question.Limit + 1,
        };
    }

    /// <summary>The span that all dates leave open; half-open, so that partitions outside it are not read.</summary>
    private static (DateTime From, DateTime Until) Span(IReadOnlyList<Searching.DateRange> dates)
    {
        var from = DateTimeOffset.UnixEpoch;
        var until = new DateTimeOffset(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        foreach (var date in dates)
        {
            var (low, high) = date.Prefix switch
            {
                "gt" or "sa" => (date.Until, until),
                "ge" => (date.From, until),
                "lt" or "eb" => (from, date.From),
                "le" => (from, date.Until),
                "eq" => (date.From, date.Until),
                _ => throw Access.Refused.BadSearch("The date of an AuditEvent takes eq gt lt ge le sa eb."),
            };
            from = low > from ? low : from;
            until = high < until ? high : until;
        }

        return (from.UtcDateTime, until.UtcDateTime);
    }

    /// <summary>RFC 9562 §5.7: the first 48 bits of a version 7 UUID are Unix milliseconds.</summary>
    private static DateTime Made(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = 0;
        foreach (var part in bytes[..6])
        {
            milliseconds = (milliseconds << 8) | part;
        }

        return DateTimeOffset.UnixEpoch.AddMilliseconds(Math.Min(milliseconds, 220_000_000_000_000)).UtcDateTime;
    }
}

/// <summary>A page of the trail.</summary>
internal sealed record TrailPage(IReadOnlyList<TrailEntry> Entries, int Total, bool More);
