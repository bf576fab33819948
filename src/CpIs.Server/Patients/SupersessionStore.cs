using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Patients;

/// <summary>
/// The links between NHS numbers (R9): locked and read, and put, as <see cref="Succession"/> decides. Whoever looks
/// people up follows them with <c>cpis.linked(text[])</c> of 0005-lifecycle.sql.
/// </summary>
internal sealed class SupersessionStore(NpgsqlDataSource database)
{
    /// <summary>
    /// Links change some times a day: all changes stand in one line, so that two never close a circle.
    /// </summary>
    private const string LockAll = "select pg_advisory_xact_lock(20514)";

    private const string Held = """
        with people as materialized (select distinct l.nhs_number from cpis.linked($1::text[]) l)
        select s.from_number, s.to_number from cpis.superseded s join people on people.nhs_number = s.from_number
        where s.until is null
        union all
        select i.nhs_number, null from cpis.invalidated i join people on people.nhs_number = i.nhs_number
        where i.until is null
        """;

    /// <summary>A link that was made and is withdrawn within one millisecond ends no sooner than it began.</summary>
    private const string EndLinks = """
        update cpis.superseded s set until = greatest(s.since, $3)
        from unnest($1::text[], $2::text[]) u (from_number, to_number)
        where s.from_number = u.from_number and s.to_number = u.to_number and s.until is null
        """;

    private const string EndMarks = """
        update cpis.invalidated i set until = greatest(i.since, $2)
        where i.nhs_number = any ($1) and i.until is null
        """;

    private const string AddLinks = """
        insert into cpis.superseded (from_number, to_number, source, since)
        select u.from_number, u.to_number, $3, $4 from unnest($1::text[], $2::text[]) u (from_number, to_number)
        """;

    private const string AddMarks = """
        insert into cpis.invalidated (nhs_number, source, since) select u, $2, $3 from unnest($1::text[]) u
        """;

    private const string All = "select distinct l.nhs_number from cpis.linked($1::text[]) l order by l.nhs_number";

    /// <summary>
    /// Holds the links until the transaction ends, and reads those of these numbers and all they lead to.
    /// </summary>
    public static async Task<Internal<NumbersHeld>> LockAsync(WriteTransaction write, string[] numbers)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(new(LockAll));
        batch.BatchCommands.Add(new(Held) { Parameters = { new() { Value = numbers } } });
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i <= WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        var successors = new Dictionary<string, string>();
        var invalid = new HashSet<string>();
        while (await reader.ReadAsync())
        {
            if (reader.IsDBNull(1))
            {
                invalid.Add(reader.GetString(0));
            }
            else
            {
                successors.Add(reader.GetString(0), reader.GetString(1));
            }
        }

        return new(new(successors, invalid));
    }

    /// <summary>The commands that put what was decided, for the round trip that commits.</summary>
    public static NpgsqlBatchCommand[] Put(Succession decided, string source, DateTimeOffset now)
    {
        var commands = new List<NpgsqlBatchCommand>();
        var at = now.UtcDateTime;
        Add(commands, EndLinks, Links(decided.Ended), at);
        Add(commands, EndMarks, Marks(decided.Ended), at);
        Add(commands, AddLinks, Links(decided.Begun), source, at);
        Add(commands, AddMarks, Marks(decided.Begun), source, at);
        return [.. commands];
    }

    /// <summary>These numbers and every other of the same people, for whoever searches by number.</summary>
    public async Task<Internal<string[]>> AllAsync(string[] numbers, CancellationToken stop)
    {
        await using var command = database.CreateCommand(All);
        command.Parameters.Add(new() { Value = numbers });
        await using var reader = await command.ExecuteReaderAsync(stop);
        var all = new List<string>();
        while (await reader.ReadAsync(stop))
        {
            all.Add(reader.GetString(0));
        }

        return new([.. all]);
    }

    private static string[][] Links(List<NumberFact> facts) =>
    [
        [.. facts.Where(f => f.To is not null).Select(f => f.From)],
        [.. facts.Where(f => f.To is not null).Select(f => f.To!)],
    ];

    private static string[][] Marks(List<NumberFact> facts) =>
        [[.. facts.Where(f => f.To is null).Select(f => f.From)]];

    private static void Add(List<NpgsqlBatchCommand> commands, string sql, string[][] columns, params object[] values)
    {
        if (columns[0].Length == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in columns.Concat(values))
        {
            command.Parameters.Add(new() { Value = value });
        }

        commands.Add(command);
    }
}
