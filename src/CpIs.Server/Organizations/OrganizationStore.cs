using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.Organizations;

/// <summary>All questions to the register of organisations.</summary>
internal sealed class OrganizationStore(NpgsqlDataSource database)
{
    private const string All = """
        select id, ods, name, kind, active, live, version, updated, body from cpis.organization where not deleted
        order by id
        """;

    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    private const string Last = """
        select o.ods as council, greatest(sent.recorded, file.extracted) as last
        from cpis.organization o left join lateral (
            select e.recorded from ledger.entry e
            where e.organisation = o.ods and e.recorded > $1 and e.kind = 'rest' and e.outcome = 0
                and e.action in ('C', 'U', 'D') and e.resource_type in ('EpisodeOfCare', 'Flag', 'Patient')
            order by e.recorded desc limit 1) sent on true
        left join lateral (
            select u.extracted from cpis.upload u
            where u.council = o.ods and not u.dry_run and u.state = 'done'
                and u.file_code in ('CPF02', 'CPF03') and not u.cancelled
            order by u.extracted desc limit 1) file on true
        where o.kind = 'council' and coalesce(sent.recorded, file.extracted) is not null
        """;

    private const string Insert = """
        insert into cpis.organization (id, ods, name, kind, active, live, version, updated, body)
        values ($1, $2, $3, $4, true, $5, 1, $6, $7) on conflict do nothing
        """;

    private const string Stands = """
        select id, ods, name, kind, active, live, version, updated, body, deleted
        from cpis.organization where id = $1 for update
        """;

    private const string Write = """
        insert into cpis.organization (id, ods, name, kind, active, live, version, updated, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (id) do update set name = excluded.name, kind = excluded.kind, active = excluded.active,
            live = excluded.live, version = excluded.version, updated = excluded.updated, body = excluded.body,
            deleted = false
        """;

    /// <summary>Keeps the version that is about to be replaced.</summary>
    private const string Keep = """
        insert into cpis.organization_version (id, version, updated, deleted, body)
        select id, version, updated, deleted, body from cpis.organization where id = $1
        """;

    private const string Delete = """
        update cpis.organization set deleted = true, active = false, live = false, version = $2, updated = $3
        where id = $1
        """;

    private const string DeletedVersion = "select version from cpis.organization where id = @id and deleted";

    private const string AsItself =
        "select set_config('cpis.council', $1, true), set_config('cpis.organization', $1, true)";

    private const string Holds = """
        select exists (select 1 from cpis.plan where council = $1)
            or exists (select 1 from cpis.patient where council = $1)
            or exists (select 1 from cpis.encounter where organisation = $1)
            or exists (select 1 from cpis.subscription where council = $1)
        """;

    private const string Meet = """
        with met as (
            insert into cpis.unregistered (ods, since) values ($1, $2) on conflict do nothing returning since)
        select since from met union all select since from cpis.unregistered where ods = $1 limit 1
        """;

    private const string Unregistered = "select ods, since from cpis.unregistered order by since, ods";

    private const string Register = "delete from cpis.unregistered where ods = $1";

    /// <summary>Every organisation; about nobody, and read by everyone with a token.</summary>
    public async Task<Internal<IReadOnlyList<OrganizationRow>>> AllAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<OrganizationRow>(new CommandDefinition(All, cancellationToken: stop));
        return new([.. rows]);
    }

    /// <summary>
    /// When each council last had a write accepted, one that changed nothing included, or when the newest file that was
    /// applied was extracted; councils without either since then are left out. The ledger says it of writes: what the
    /// clock writes into a council's rows the council did not send.
    /// </summary>
    public async Task<Internal<IReadOnlyList<CouncilActivity>>> ActivityAsync(
        DateTimeOffset since, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsEvery));
        batch.BatchCommands.Add(new(Last) { Parameters = { new() { Value = since.UtcDateTime } } });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var rows = new List<CouncilActivity>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return new(rows);
    }

    /// <summary>When the first of an unregistered organisation's people came: now, if nobody did before.</summary>
    public async Task<Internal<DateTimeOffset>> MeetAsync(string ods, DateTimeOffset now)
    {
        await using var command = database.CreateCommand(Meet);
        command.Parameters.Add(new() { Value = ods });
        command.Parameters.Add(new() { Value = now.UtcDateTime });
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);

        // Somebody else may have put it there in the same moment, where this statement does not see it yet.
        return new(await reader.ReadAsync(CancellationToken.None) ? reader.GetFieldValue<DateTimeOffset>(0) : now);
    }

    /// <summary>Organisations whose people came though the register does not know them.</summary>
    public async Task<Internal<IReadOnlyList<UnregisteredRow>>> UnregisteredAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<UnregisteredRow>(
            new CommandDefinition(Unregistered, cancellationToken: stop));
        return new([.. rows]);
    }

    /// <summary>Whoever is registered and active is no longer a newcomer.</summary>
    public static NpgsqlBatchCommand Registered(string ods) =>
        new(Register) { Parameters = { new() { Value = ods } } };

    /// <summary>Locks an organisation that is to be changed; null where there is none.</summary>
    public static async Task<Internal<OrganizationRow?>> LockAsync(WriteTransaction write, string id)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(Stands) { Parameters = { new() { Value = id } } });
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        return new(await reader.ReadAsync()
            ? new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                reader.GetBoolean(4), reader.GetBoolean(5), reader.GetInt32(6),
                reader.GetDateTime(7), reader.GetFieldValue<byte[]>(8)) { Deleted = reader.GetBoolean(9) }
            : null);
    }

    /// <summary>Whether anything here is an organisation's own; in a transaction that holds it.</summary>
    public static async Task<Internal<bool>> HoldsAsync(WriteTransaction write, string ods)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(AsItself) { Parameters = { new() { Value = ods } } });
        batch.BatchCommands.Add(new(Holds) { Parameters = { new() { Value = ods } } });
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        return new(await reader.ReadAsync() && reader.GetBoolean(0));
    }

    /// <summary>The version that is the deletion of an organisation; null when it was not deleted.</summary>
    public async Task<Internal<int?>> DeletedAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new(await connection.ExecuteScalarAsync<int?>(
            new CommandDefinition(DeletedVersion, new { id }, cancellationToken: stop)));
    }

    /// <summary>Keeps the version that stands, for a transaction that puts another.</summary>
    public static NpgsqlBatchCommand KeepVersion(string id) => new(Keep) { Parameters = { new() { Value = id } } };

    /// <summary>The deletion, for a transaction of the ledger.</summary>
    public static NpgsqlBatchCommand Remove(string id, int version, DateTimeOffset now) => new(Delete)
    {
        Parameters = { new() { Value = id }, new() { Value = version }, new() { Value = now } },
    };

    /// <summary>The organisation as it will stand, for a transaction of the ledger.</summary>
    public static NpgsqlBatchCommand Put(OrganizationFacts facts, int version, DateTimeOffset now) => new(Write)
    {
        Parameters =
        {
            new() { Value = facts.Id },
            new() { Value = facts.Ods },
            new() { Value = facts.Name },
            new() { Value = facts.Kind },
            new() { Value = facts.Active },
            new() { Value = facts.Live },
            new() { Value = version },
            new() { Value = now },
            new() { Value = facts.Render(version, now) },
        },
    };

    /// <summary>The insertion of an organisation that is not there yet, for a transaction of the ledger.</summary>
    public static NpgsqlBatchCommand Add(OrganizationFacts facts, DateTimeOffset now) => new(Insert)
    {
        Parameters =
        {
            new() { Value = facts.Id },
            new() { Value = facts.Ods },
            new() { Value = facts.Name },
            new() { Value = facts.Kind },
            new() { Value = facts.Live },
            new() { Value = now },
            new() { Value = facts.Render(1, now) },
        },
    };
}
