using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class DisclosureTests
{
    [Fact]
    public async Task Each_patient_of_an_answer_has_an_entry_with_only_its_own_resources()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        Disclosed[] shown =
        [
            new("Organization", "o1", 4, null, null, false),
            new("Flag", "a1", 1, Invented.Ada, "ZZ100", true),
            new("Patient", "b1", 2, Invented.Ben, "ZZ100", false),
            new("EpisodeOfCare", "a2", 3, Invented.Ada, "ZZ100", false),
        ];

        await log.OpenAsync(new Sealed<int>(0, shown, 4), Invented.LookUp(null));

        var rows = await RowsAsync(database);
        rows.Should().Equal(
            $"1 1 {Invented.Ada} Organization/o1/_history/4,Flag/a1/_history/1,EpisodeOfCare/a2/_history/3 query 4 t t",
            $"2 1 {Invented.Ben} Patient/b1/_history/2 no-query 4 f f");
    }

    [Fact]
    public async Task A_plan_found_through_another_number_is_recorded_under_both_and_is_history_of_its_own()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        Disclosed[] shown = [new("Flag", "b1", 2, Invented.Ben, "ZZ100", true) { Through = Invented.Ada }];

        await log.OpenAsync(new Sealed<int>(0, shown, 1), Invented.LookUp() with { Unscheduled = true });

        (await RowsAsync(database)).Should().Equal(
            $"1 1 {Invented.Ada}  query 1 t f", $"2 1 {Invented.Ben} Flag/b1/_history/2 no-query 1 t t");
        (await database.ScalarAsync<string>("select nhs_number from ledger.access")).Should().Be(Invented.Ben);
    }

    [Fact]
    public async Task An_empty_answer_about_a_child_is_recorded_under_that_child()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));

        await log.OpenAsync(new Sealed<int>(0, [], 0), Invented.LookUp());

        (await RowsAsync(database)).Should().Equal($"1 alone {Invented.Ada}  query 0 f f");
        (await database.ScalarAsync<long>("select count(*) from ledger.access")).Should().Be(0);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(null, false)]
    public async Task Only_an_unscheduled_access_that_showed_a_plan_enters_the_history(bool? unscheduled, bool enters)
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));

        await log.OpenAsync(Invented.Plan(), Invented.LookUp() with { Unscheduled = unscheduled });

        (await database.ScalarAsync<bool>("select plan_found from ledger.entry")).Should().BeTrue();
        (await database.ScalarAsync<bool>("select in_history from ledger.entry")).Should().Be(enters);
        (await database.ScalarAsync<long>($"""
            select count(*) from ledger.access a join ledger.entry e using (recorded, lane, position, entry_id)
            where a.nhs_number = '{Invented.Ada}' and author = '555000000001' and org = 'ZZ001'
            """)).Should().Be(enters ? 1 : 0);
    }

    [Fact]
    public async Task A_page_for_an_auditor_is_one_entry_however_many_children_are_on_it()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database));
        var shown = Enumerable.Range(0, 50)
            .Select(i => i % 2 == 0 ? Invented.Ada : Invented.Ben)
            .Select((number, i) => new Disclosed("AuditEvent", "e" + i, 0, number, null, false));

        await log.OpenAsync(new Sealed<int>(0, [.. shown], 50), Invented.LookUp(null), oneEntry: true);

        (await RowsAsync(database)).Should().Equal("1 alone   query 50  ");
    }

    [Fact]
    public async Task A_list_too_long_for_one_entry_goes_on_in_the_next()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database) with { BatchEntriesMax = 4 });
        var shown = Enumerable.Range(0, (StoredEntry.DisclosedMax * 2) + 1)
            .Select(i => new Disclosed("Flag", "f" + i, 1, Invented.Ada, null, true)).ToArray();

        await log.OpenAsync(new Sealed<int>(0, shown, shown.Length), Invented.LookUp());

        (await database.ScalarAsync<long>("select sum(cardinality(disclosed)) from ledger.entry"))
            .Should().Be(shown.Length);
        (await database.ScalarAsync<long>("select count(*) from ledger.entry where group_position = 1")).Should().Be(3);
    }

    [Fact]
    public async Task A_disclosure_larger_than_a_commit_is_refused_and_shows_nothing()
    {
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(Invented.Options(database) with { BatchEntriesMax = 4 });
        var shown = Enumerable.Range(0, 5)
            .Select(i => new Disclosed("Flag", "f" + i, 1, "999000000" + i, null, true)).ToArray();

        var look = () => log.OpenAsync(new Sealed<int>(0, shown, 5), Invented.LookUp(null));

        await look.Should().ThrowAsync<LedgerUnavailable>();
        (await database.ScalarAsync<long>("select count(*) from ledger.entry")).Should().Be(0);
    }

    private static async Task<List<string>> RowsAsync(Database database)
    {
        await using var connection = new NpgsqlConnection(database.Admin);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("""
            select concat_ws(' ', position, coalesce(group_position::text, 'alone'), coalesce(nhs_number, ''),
                array_to_string(disclosed, ','), case when query is null then 'no-query' else 'query' end, found,
                coalesce(left(plan_found::text, 1), ''), coalesce(left(in_history::text, 1), ''))
            from ledger.entry order by position
            """, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
