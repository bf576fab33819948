using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.Organizations;

/// <summary>All questions to the register of organisations.</summary>
internal sealed class OrganizationStore(NpgsqlDataSource database)
{
    private const string All = """
        select id, ods, name, kind, active, live, version, updated, body from cpis.organization order by id
        """;

    private const string Last = """
        select o.ods as council, greatest(
            (select max(p.episode_updated) from cpis.plan p where p.council = o.ods),
            (select max(q.updated) from cpis.patient q where q.council = o.ods)) as last
        from cpis.organization o where o.kind = 'council'
        """;

    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    private const string Insert = """
        insert into cpis.organization (id, ods, name, kind, active, live, version, updated, body)
        values ($1, $2, $3, $4, true, $5, 1, $6, $7) on conflict do nothing
        """;

    /// <summary>Every organisation; about nobody, and read by everyone with a token.</summary>
    public async Task<Internal<IReadOnlyList<OrganizationRow>>> AllAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<OrganizationRow>(new CommandDefinition(All, cancellationToken: stop));
        return new([.. rows]);
    }

    /// <summary>When each council last sent something.</summary>
    public async Task<Internal<IReadOnlyList<CouncilActivity>>> ActivityAsync(CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsEvery));
        batch.BatchCommands.Add(new(Last));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var rows = new List<CouncilActivity>();
        while (await reader.ReadAsync(stop))
        {
            if (!reader.IsDBNull(1))
            {
                rows.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
            }
        }

        return new(rows);
    }

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
