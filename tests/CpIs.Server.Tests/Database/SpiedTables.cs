using System.Text.RegularExpressions;
using CpIs.Fhir;
using CpIs.Server.Tests.Notices;
using CpIs.Server.Tests.Uploads;
using CpIs.Testing;
using Dapper;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>
/// A database in which two councils have a row in every table that names a council, and beside each table a view that
/// tells of every row that passes the wall, before any condition of the question looks at it: the wall's own are tried
/// first, then the cheapest, which is the telling, and no index chooses among the rows. So a question asked of the
/// views
/// shows what it would reach without its filters, whatever they are.
/// </summary>
public sealed partial class SpiedTables : IAsyncLifetime
{
    public const string Lancashire = "ZZ001";
    public const string Leeds = "ZZ002";

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private const string Told = "passes the wall: ";

    private const string Names = """
        select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'council'
        where c.relnamespace = 'cpis'::regnamespace and c.relkind in ('r', 'p') order by 1
        """;

    /// <summary>
    /// Behind a wall PostgreSQL tries conditions that cannot give anything away before others; here none passes for
    /// such.
    /// </summary>
    private const string Spy = """
        update pg_proc set proleakproof = false where proleakproof;
        create schema spied;
        grant usage on schema spied to public;
        create function spied.tells(name text, council text) returns boolean language plpgsql volatile cost 0.0000001
        as $$ begin raise notice 'passes the wall: % %', name, council; return true; end $$;
        """;

    /// <summary>
    /// What the councils' own requests did not leave behind: a file that is still coming in and was given up, one that
    /// is being applied, a notice, and receivers.
    /// </summary>
    private const string Rest = """
        update cpis.subscription set endpoint = 'https://receiver.example/', topic = 'plan-lapse', events = 1000,
            delivered = 1000;
        insert into cpis.notice (subscription, number, council, made, source, nhs_number, refs, versions, bodies)
        select id, 1000, council, now(), 'invented', '9990000018', array['Flag/x'], array[1], array['{}'::bytea]
        from cpis.subscription;
        insert into cpis.upload select (json_populate_record(u, json_build_object('id', gen_random_uuid(),
            'submission', gen_random_uuid(), 'state', s.state, 'forgotten', s.state = 'receiving', 'turn', 1,
            'reached', ''))).*
        from cpis.upload u cross join (values ('receiving'), ('applying')) s (state) where u.state = 'done';
        insert into cpis.upload_row (upload, row_no, council, line, at, place, row_id, fields, issues)
        select u.id, n, u.council, n, n, n::text, case n when 1 then 'ROW-BAD' end, '[]', case n when 1 then '[]'::jsonb
            end from cpis.upload u cross join generate_series(1, 2) n where u.state = 'receiving';
        insert into cpis.upload_stop (upload, council) select id, council from cpis.upload where state = 'receiving';
        insert into cpis.upload_absent (upload, row_id, council, nhs_number, kind, start_day)
        select id, 'ROW-LEFT', council, '9990000018', 'unborn', '2026-01-01' from cpis.upload;
        """;

    /// <summary>What the arguments of a text may name of a council.</summary>
    private const string Named = """
        select $1 as council, (select min(id::text) from cpis.encounter) as encounter,
            (select id::text from cpis.subscription where council = $1) as subscription,
            (select id::text from cpis.upload where council = $1 and state = 'done') as done,
            (select id::text from cpis.upload where council = $1 and state = 'receiving') as receiving,
            (select id::text from cpis.upload where council = $1 and state = 'applying') as applying
        """;

    private readonly Dictionary<string, Dictionary<string, string>> named = [];
    private TestDatabase? database;

    /// <summary>Tables that name a council.</summary>
    public IReadOnlyList<string> Tables { get; private set; } = [];

    /// <summary>The child both councils hold.</summary>
    internal string Number { get; } = InventedPlan.NewNumber();

    /// <summary>The server's own role, over one connection that is used again and again.</summary>
    public NpgsqlDataSource OneConnection { get; private set; } = null!;

    /// <summary>Who stands above the wall.</summary>
    public NpgsqlDataSource Superuser { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        await FillAsync();
        OneConnection = NpgsqlDataSource.Create(database.ServerConnectionString + ";Maximum Pool Size=1");
        Superuser = NpgsqlDataSource.Create(database.OwnerConnectionString);
        await using var connection = await Superuser.OpenConnectionAsync();
        await connection.ExecuteAsync(Rest);
        Tables = (await connection.QueryAsync<string>(Names)).AsList();
        await connection.ExecuteAsync(Spy + string.Concat(Tables.Select(View)));
        foreach (var council in (string[])[Lancashire, Leeds])
        {
            await using var question =
                new NpgsqlCommand(Named, connection) { Parameters = { new() { Value = council } } };
            await using var reader = await question.ExecuteReaderAsync();
            await reader.ReadAsync();
            named[council] = Enumerable.Range(0, reader.FieldCount)
                .ToDictionary(at => $"{{{reader.GetName(at)}}}", at => $"'{reader.GetString(at)}'");
        }
    }

    public async Task DisposeAsync()
    {
        await OneConnection.DisposeAsync();
        await Superuser.DisposeAsync();
        await database!.DisposeAsync();
    }

    /// <summary>The councils' requests; the server is gone when the texts are tried, so nothing moves.</summary>
    private async Task FillAsync()
    {
        var server = new RunningServer { Shared = database };
        await server.InitializeAsync();
        foreach (var (persona, council) in ((string, string)[])[
            ("sandbox-council-lancashire", Lancashire), ("sandbox-council-leeds", Leeds)])
        {
            var plan = new InventedPlan
            {
                Number = Number, Persona = persona, Council = council, Start = server.Today.AddDays(-1),
            };
            await server.SubmitAsync(plan);
            await server.SubmitAsync(new InventedPlan
            {
                Persona = persona, Council = council, Start = server.Today, Due = server.Today.AddDays(90),
                Kind = PlanKind.Unborn, BirthDate = new(1996, 5, 6),
            });
            (await server.As(persona).PutAsync(new Uri("Patient/" + Number, UriKind.Relative),
                RunningServer.Json((plan with { Family = "Ashgrove" }).Patient()))).EnsureSuccessStatusCode();
            await new InventedSubscription().CreateAsync(server.As(persona));
            var sender = new Sender(server, persona);
            await sender.SendAsync(Sender.Header + sender.Row("ROW-GOOD", InventedPlan.NewNumber())
                + sender.Row("ROW-BAD", "9990000019"));
        }

        (await new InventedEncounter { Number = Number, Start = server.Clock.GetUtcNow() }.PostAsync(server.Clinician))
            .EnsureSuccessStatusCode();
        await server.DisposeAsync();
    }

    /// <summary>The tables that a text names, the one it only adds to left out.</summary>
    internal IReadOnlyList<string> ReadBy(string sql) =>
        [.. Tables.Where(t => Regex.IsMatch(sql, $@"(?<!insert into )\bcpis\.{t}\b"))];

    /// <summary>
    /// Rows, as table and council, that pass the wall when a text runs with arguments that name what one council
    /// has; the
    /// text's own error, if it has one.
    /// </summary>
    internal async Task<(IReadOnlyList<string> Passed, string? Error)> RunAsync(
        NpgsqlConnection connection, string sql, string arguments, string about)
    {
        var passed = new HashSet<string>();
        void Hear(object sender, NpgsqlNoticeEventArgs told)
        {
            if (told.Notice.MessageText.StartsWith(Told, Ordinal))
            {
                passed.Add(told.Notice.MessageText[Told.Length..]);
            }
        }

        connection.Notice += Hear;
        try
        {
            await connection.ExecuteAsync($"prepare asked{Types().Match(arguments).Value} as {Spied(sql)}");
            var types = await connection.ExecuteScalarAsync<string[]>(
                "select parameter_types::text[] from pg_prepared_statements where name = 'asked'");
            await connection.ExecuteAsync("execute asked " + Given(types!, arguments, named[about]));
            return ([.. passed], null);
        }
        catch (PostgresException refused)
        {
            return ([.. passed], refused.SqlState);
        }
        finally
        {
            connection.Notice -= Hear;
        }
    }

    /// <summary>Nothing for each value, and for each list of people the child both councils hold.</summary>
    private string Given(string[] types, string arguments, Dictionary<string, string> names)
    {
        if (types.Length == 0)
        {
            return "";
        }

        var values = types.Select(t => t == "text[]" ? $"'{{{Number}}}'" : t.EndsWith("[]", Ordinal)
            ? "'{null}'" : "null").ToArray();
        foreach (Match one in Argument().Matches(arguments))
        {
            values[int.Parse(one.Groups[1].ValueSpan, null) - 1] =
                names.Aggregate(one.Groups[2].Value, (text, name) => text.Replace(name.Key, name.Value, Ordinal));
        }

        return $"({string.Join(", ", values)})";
    }

    private string Spied(string sql) => Tables.Aggregate(sql, (text, table) =>
        Regex.Replace(text, $@"\bcpis\.{table}\b", "spied." + table));

    private static string View(string table) => $"""
        create view spied.{table} with (security_invoker) as
            select * from cpis.{table} where spied.tells('{table}', council);
        grant select, insert, update, delete on spied.{table} to public;
        """;

    [GeneratedRegex(@"\$(\d+) = (\S+)")]
    private static partial Regex Argument();

    /// <summary>Types of all arguments, where the text alone does not tell them.</summary>
    [GeneratedRegex(@"^\(.*?\)")]
    private static partial Regex Types();
}
