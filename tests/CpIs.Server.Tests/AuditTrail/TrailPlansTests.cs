using CpIs.Server.AuditTrail;
using CpIs.Server.Searching;
using CpIs.Testing;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// What the database does for an auditor's question, over a ledger large enough for a wrong plan to hurt: every
/// question is answered through the index of its key, also when the plan is made for any values.
/// </summary>
public sealed class TrailPlansTests(LargeTrail trail) : IClassFixture<LargeTrail>
{
    public static TheoryData<string, string> Questions => new()
    {
        { "patient=9990000018", "nhs_number" },
        { "patient=9990000018&date=ge2026-09-02&date=lt2026-10-01", "nhs_number" },
        { "patient=9990000018,9990000026&action=E&outcome:not=4", "nhs_number" },
        { "agent=sub-7", "agent_subject" },
        { "agent:identifier=https://issuer.example|sub-7", "agent_subject" },
        { "altid=999100000007", "agent_user_id" },
        { "agent:identifier=|epr-7", "client_id" },
        { "organization=RA7&unscheduled=true&plan-found=false", "organisation" },
        { "organization=RA7&type=rest&entity-type=Flag", "organisation" },
        { "outcome=4,8,12&date=ge2026-09-01&date=lt2026-09-08", "recorded_idx" },
        { "purpose-of-use=BTG", "recorded_idx" },
        { "purpose-of-use=BTG&organization=RA7", "recorded_idx" },
        { "type=110113&date=ge2026-09-01", "recorded_idx2" },
        { "subtype=browsing&organization=RA7", "recorded_idx2" },
        { "plan-found=false&unscheduled=true", "pkey" },
        { "date=ge2026-09-05T22:00:00Z&date=lt2026-09-06T06:00:00Z", "pkey" },
        { "_id=01997b30-9e80-7000-8000-000000000000", "pkey" },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public async Task An_auditors_question_is_answered_through_the_index_of_its_key(string asked, string index)
    {
        foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
        {
            foreach (var oldest in (bool[])[false, true])
            {
                Check(await trail.PlanAsync(asked, mode, oldest), index);
            }

            if (index != "pkey")
            {
                Check(await trail.PlanAsync(asked, mode, oldest: false, count: true), index);
            }
        }
    }

    private static void Check(string plan, string index)
    {
        plan.Should().Contain("Query Text:").And.Contain("Index");
        plan.Should().MatchRegex($"(using|Index Scan on) entry_2026_09_\\w*{index}");
        plan.Should().NotMatchRegex("Seq Scan on entry_2026_09 [^\n]*\\(actual");
    }

    [Fact]
    public async Task A_week_of_refusals_is_found_by_the_index_of_refusals()
    {
        var plan = await trail.PlanAsync("outcome=4&date=ge2026-09-01&date=lt2026-09-08", "force_custom_plan", false);

        plan.Should().MatchRegex("Index( Only)? Scan( Backward)? using entry_2026_09_recorded_idx|Bitmap Index Scan on "
            + "entry_2026_09_recorded_idx");
    }
}

/// <summary>A database whose ledger holds 300,000 invented entries of three months.</summary>
public sealed class LargeTrail : IAsyncLifetime
{
    private const string Fill = """
        select ledger.make_partitions('2026-08-01', 4);
        insert into ledger.entry (format, lane, position, entry_id, recorded, kind, interaction, status, action,
            outcome, nhs_number, disclosed, resource_type, query, found, agent_issuer, agent_subject,
            agent_user_id, agent_name,
            organisation, client_id, purpose_of_use, unscheduled, plan_found, request_id, instance)
        select 1, 1, n, gen_random_uuid(), timestamptz '2026-08-01 00:00Z' + n * interval '26 seconds',
            case n % 9999 when 0 then 'alert' else 'rest' end,
            case n % 9999 when 0 then 'browsing' else 'search-type' end,
            case n % 30 when 0 then 403 else 200 end, 'E', case n % 30 when 0 then 4 else 0 end,
            (9990000000 + n % 20000)::text, array['Flag/' || n || '/_history/1'], 'Flag', '\x2f'::bytea, 1,
            'https://issuer.example', 'sub-' || n % 3000, (999100000000 + n % 3000)::text, 'Dr Invented',
            'RA' || n % 200, 'epr-' || n % 20, case n % 10000 when 0 then 'BTG' else 'TREAT' end, true, n % 50 = 0,
            gen_random_uuid()::text, 'one'
        from generate_series(1, 300000) n;
        analyze ledger.entry;
        """;

    private TestDatabase? database;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.ExecuteAsync(new CommandDefinition(Fill, commandTimeout: 300));
    }

    public Task DisposeAsync() => database!.DisposeAsync().AsTask();

    /// <summary>The plan a question was answered by, under one of PostgreSQL's ways of planning.</summary>
    internal async Task<string> PlanAsync(string asked, string mode, bool oldest, bool count = false)
    {
        var search = SearchRequest.Of(asked, TrailParameters.Terms);
        var question = TrailParameters.Read(search) with { Limit = 50, OldestFirst = oldest };
        await using var connection = new NpgsqlConnection(database!.OwnerConnectionString + ";Pooling=false");
        var plan = new List<string>();
        connection.Notice += (_, told) => plan.Add(told.Notice.MessageText);
        await connection.OpenAsync();
        await connection.ExecuteAsync("load 'auto_explain'");

        // As a notice the plan, with the numbers asked for, reaches this connection and not the server's log.
        await connection.ExecuteAsync("""
            set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;
            set auto_explain.log_level = notice
            """);
        await connection.ExecuteAsync("select set_config('plan_cache_mode', @mode, false)", new { mode });
        plan.Clear();
        await connection.ExecuteAsync(
            count ? TrailStore.CountText(question) : TrailStore.Text(question), question.Arguments());
        return string.Join('\n', plan);
    }
}
