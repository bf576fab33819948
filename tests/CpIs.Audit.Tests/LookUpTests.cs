using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class LookUpTests
{
    private const string ChildrenSql = """
        create table cpis.child (nhs_number text primary key, plan text not null);
        insert into cpis.child select (9990000000 + n)::text, 'plan ' || n from generate_series(1, 50) n;
        grant select on cpis.child to cpis_server;
        """;

    private static readonly LookUp<string, string?> PlanOf = new(
        (batch, numbers) => batch.BatchCommands.Add(new("""
            select q.nhs_number, c.plan from unnest($1::text[]) with ordinality q (nhs_number, n)
            left join cpis.child c using (nhs_number)
            where q.nhs_number::numeric > 0 order by q.n
            """)
        {
            Parameters = { new() { Value = numbers.ToArray() } },
        }),
        async (reader, numbers) =>
        {
            var answers = new List<Sealed<string?>>(numbers.Count);
            while (await reader.ReadAsync())
            {
                var (number, plan) = (reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1));
                Disclosed[] shown = plan is null ? [] : [new("Flag", plan[5..], 1, number, "ZZ100", true)];
                answers.Add(new(plan, shown, shown.Length));
            }

            await reader.NextResultAsync();
            return answers;
        });

    private static readonly LookUp<int, int> Double = new(
        (batch, numbers) =>
        {
            batch.BatchCommands.Add(new("select set_config('cpis.reads', 'none', true)"));
            batch.BatchCommands.Add(new("select n * 2 from unnest($1::int[]) n")
            {
                Parameters = { new() { Value = numbers.ToArray() } },
            });
        },
        async (reader, numbers) =>
        {
            await reader.NextResultAsync();
            var answers = new List<Sealed<int>>(numbers.Count);
            while (await reader.ReadAsync())
            {
                answers.Add(new(reader.GetInt32(0), [], 1));
            }

            await reader.NextResultAsync();
            return answers;
        });

    [Fact]
    public async Task Many_different_look_ups_at_once_each_get_their_own_answer_and_entry()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(ChildrenSql);
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            await Task.WhenAll(Enumerable.Range(1, 100).Select(async n =>
            {
                var number = (9990000000 + n).ToString(System.Globalization.CultureInfo.InvariantCulture);
                var plan = await log.LookUpAsync(PlanOf, number, Invented.LookUp(number));
                plan.Should().Be(n <= 50 ? "plan " + n : null);
                (await log.LookUpAsync(Double, n, Invented.LookUp(null))).Should().Be(2 * n);
                await log.RecordAsync(Invented.LookUp(null));
            }));
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(300);
        (await database.ScalarAsync<long>("""
            select count(*) from ledger.entry
            where nhs_number is not null
                and disclosed = case when plan_found
                    then array['Flag/' || (nhs_number::bigint - 9990000000) || '/_history/1'] else '{}' end
            """)).Should().Be(100);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry where plan_found")).Should().Be(50);
        (await database.ScalarAsync<long>("select count(*) from ledger.batch where first > 0"))
            .Should().BeLessThan(300, "commits are shared");
        await Recomputed.ShouldGiveEveryRecordedRootAsync(database);
    }

    [Fact]
    public async Task No_look_up_is_answered_while_the_ledger_refuses_the_record()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(ChildrenSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database) with { CommitWaitMs = 1000 });
        await database.ExecuteAsync("revoke insert on ledger.entry from cpis_server");

        var look = () => log.LookUpAsync(PlanOf, "9990000001", Invented.LookUp());

        await look.Should().ThrowAsync<LedgerUnavailable>();
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(0);
    }

    [Fact]
    public async Task A_look_up_with_a_bad_key_fails_alone()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(ChildrenSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        var answers = await Task.WhenAll(Enumerable.Range(1, 30).Select(async n =>
        {
            try
            {
                return await log.LookUpAsync(PlanOf, n == 7 ? "nonsense" : "9990000001", Invented.LookUp("9990000001"));
            }
            catch (LedgerUnavailable)
            {
                return "refused";
            }
        }));

        answers[6].Should().Be("refused");
        answers.Where((_, i) => i != 6).Should().OnlyContain(answer => answer == "plan 1");
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(29);
    }

    [Fact]
    public async Task A_connection_killed_under_look_ups_refuses_them_and_heals()
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync(ChildrenSql);
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        await log.LookUpAsync(PlanOf, "9990000001", Invented.LookUp());
        await database.ExecuteAsync("""
            select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where application_name like 'cpis-lane-%' and datname = current_database()
            """);

        var look = () => log.LookUpAsync(PlanOf, "9990000001", Invented.LookUp());

        await look.Should().ThrowAsync<LedgerUnavailable>();
        (await look()).Should().Be("plan 1");
    }
}
