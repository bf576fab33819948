using CpIs.Audit;
using CpIs.Server.Access;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// What the ledger says of those who look at many people, or broke the glass, and whether auditors were told. Alerts
/// are recorded under one lock, so that of several servers one tells.
/// </summary>
internal sealed class AlertStore(NpgsqlDataSource database)
{
    /// <summary>Entries of one person that are read at one time, the newest.</summary>
    private const int EntriesMax = 5_000;

    private const string Locked = "select pg_advisory_xact_lock(20519)";

    /// <summary>Newest look at each person, of several lookers at once; each by the index of its user id.</summary>
    private const string Seen = """
        select k.n::int, l.nhs_number, l.recorded
        from unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality k (person, organisation, since, n)
        cross join lateral (
            select one.nhs_number, max(one.recorded) as recorded
            from (
                select e.nhs_number, e.recorded from ledger.entry e
                where e.agent_user_id = k.person and e.recorded > k.since and e.organisation = k.organisation
                    and e.unscheduled is not null and e.nhs_number is not null and e.kind <> 'alert'
                order by e.recorded desc limit $4) one
            group by one.nhs_number) l
        """;

    private const string Agent = """
        e.entry_id, e.nhs_number, e.agent_issuer, e.agent_subject, e.agent_user_id, e.agent_name, e.agent_role,
        e.organisation, e.organisation_name, e.client_id, e.token_id, e.address, e.purpose_reason
        """;

    /// <summary>The newest look of somebody who looked at too many people since, unless auditors were told.</summary>
    private const string TooMany = "select looks.people, " + Agent + """
         from (
            select count(distinct one.nhs_number)::int as people, max(one.recorded) as newest
            from (
                select e.nhs_number, e.recorded from ledger.entry e
                where e.agent_user_id = $1 and e.organisation = $2 and e.recorded > $3
                    and e.unscheduled is not null and e.nhs_number is not null and e.kind <> 'alert'
                order by e.recorded desc limit $5) one) looks
        join lateral (
            select * from ledger.entry e
            where e.agent_user_id = $1 and e.organisation = $2 and e.recorded = looks.newest
                and e.unscheduled is not null and e.kind <> 'alert'
            limit 1) e on true
        where looks.people > $4 and not exists (
            select 1 from ledger.entry a
            where a.kind = 'alert' and a.interaction = 'browsing' and a.recorded > $3
                and a.agent_user_id = $1 and a.organisation = $2)
        """;

    /// <summary>
    /// Looks with a broken glass of which auditors were not told; of one person at another, one tells for a day.
    /// </summary>
    private const string Untold = "select coalesce(e.found, 0), " + Agent + """
         from ledger.entry e
        where e.purpose_of_use = 'BTG' and e.recorded > $1 and e.recorded < $2 and e.outcome = 0 and not exists (
            select 1 from ledger.entry a
            where a.kind = 'alert' and a.interaction = 'break-glass' and a.recorded > e.recorded - $3
                and a.agent_subject is not distinct from e.agent_subject
                and a.organisation is not distinct from e.organisation
                and a.nhs_number is not distinct from e.nhs_number)
        order by e.recorded limit $4
        """;

    /// <summary>At whom each of several lookers looked since, by the place of the looker in the list.</summary>
    public async Task<Internal<IReadOnlyList<SeenPerson>>> SeenAsync(
        IReadOnlyList<(Looker Who, DateTimeOffset Since)> lookers, CancellationToken stop)
    {
        await using var command = database.CreateCommand(Seen);
        command.Parameters.Add(new() { Value = lookers.Select(l => l.Who.UserId).ToArray() });
        command.Parameters.Add(new() { Value = lookers.Select(l => l.Who.Organisation).ToArray() });
        command.Parameters.Add(new() { Value = lookers.Select(l => l.Since.UtcDateTime).ToArray() });
        command.Parameters.Add(new() { Value = EntriesMax });
        await using var reader = await command.ExecuteReaderAsync(stop);
        var seen = new List<SeenPerson>();
        while (await reader.ReadAsync(stop))
        {
            seen.Add(new(reader.GetInt32(0) - 1, reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return new(seen);
    }

    /// <summary>Whether any look with a broken glass waits to be told of.</summary>
    public async Task<Internal<bool>> IsUntoldAsync(
        (DateTimeOffset Since, DateTimeOffset Until) between, TimeSpan within, CancellationToken stop)
    {
        await using var command = database.CreateCommand(Untold);
        Ask(command.Parameters, between, within, 1);
        await using var reader = await command.ExecuteReaderAsync(stop);
        return new(await reader.ReadAsync(stop));
    }

    /// <summary>Those looks, under the lock; entries of one visit stand together.</summary>
    public static Task<Internal<IReadOnlyList<AlertCause>>> UntoldAsync(
        WriteTransaction write, (DateTimeOffset Since, DateTimeOffset Until) between, TimeSpan within, int causesMax)
    {
        var command = new NpgsqlBatchCommand(Untold);
        Ask(command.Parameters, between, within, causesMax);
        return UnderLockAsync(write, command);
    }

    /// <summary>
    /// The newest look of somebody beyond the threshold, under the lock; none when it needs no telling.
    /// </summary>
    public static Task<Internal<IReadOnlyList<AlertCause>>> TooManyAsync(
        WriteTransaction write, Looker who, DateTimeOffset since, int patientsMax) =>
        UnderLockAsync(write, new(TooMany)
        {
            Parameters =
            {
                new() { Value = who.UserId },
                new() { Value = who.Organisation },
                new() { Value = since.UtcDateTime },
                new() { Value = patientsMax },
                new() { Value = EntriesMax },
            },
        });

    private static void Ask(NpgsqlParameterCollection values,
        (DateTimeOffset Since, DateTimeOffset Until) between, TimeSpan within, int causesMax)
    {
        values.Add(new() { Value = between.Since.UtcDateTime });
        values.Add(new() { Value = between.Until.UtcDateTime });
        values.Add(new() { Value = within });
        values.Add(new() { Value = causesMax });
    }

    private static async Task<Internal<IReadOnlyList<AlertCause>>> UnderLockAsync(
        WriteTransaction write, NpgsqlBatchCommand question)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(Locked));
        batch.BatchCommands.Add(question);
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults + 1; i++)
        {
            await reader.NextResultAsync();
        }

        var causes = new List<AlertCause>();
        while (await reader.ReadAsync())
        {
            string? Text(int at) => reader.IsDBNull(at) ? null : reader.GetString(at);
            causes.Add(new(reader.GetInt32(0), reader.GetGuid(1), Text(2), Text(3), Text(4), Text(5), Text(6), Text(7),
                Text(8), Text(9), Text(10), Text(11), Text(12), Text(13)));
        }

        return new(causes);
    }
}

/// <summary>A person's newest look at another, by the place of the first in a list.</summary>
internal sealed record SeenPerson(int Looker, string Number, DateTimeOffset At);

/// <summary>The entry that an alert is about, and how many people stand behind it.</summary>
internal sealed record AlertCause(
    int People, Guid EntryId, string? NhsNumber, string? Issuer, string? Subject, string? UserId, string? Name,
    string? Role, string? Organisation, string? OrganisationName, string? ClientId, string? TokenId, string? Address,
    string? PurposeReason);
