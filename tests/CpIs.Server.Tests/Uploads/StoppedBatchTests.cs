using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// What the rules did not foresee the table's own constraints stop; one row that they stop costs no other.
/// </summary>
public sealed class StoppedBatchTests : IAsyncLifetime
{
    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_batch_that_a_constraint_stops_is_taken_person_by_person_and_the_good_rows_are_kept()
    {
        var sender = new Sender(server);
        var stopped = InventedPlan.NewNumber();
        var file = Sender.Header + string.Concat(Enumerable.Range(0, 40).Select(i =>
            sender.Row("CON-" + i, i == 17 ? stopped : InventedPlan.NewNumber())));
        await ExecuteAsync("alter table cpis.plan add constraint unforeseen check (row_id <> 'CON-17')");

        var done = await sender.SendAsync(file);

        done["inserted"].Should().Be(39);
        var refused = (await done.RefusedAsync()).Single();
        refused.Should().Match<RefusedLine>(r => r.RowId == "CON-17" && r.Line == 19 && r.Code == "CPR07"
            && r.Details == "conflict");
        refused.Text.Should().NotContain(stopped).And.NotContain("unforeseen");
        (await done.FileAsync("errors.csv")).Should().Contain(stopped);
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        (await connection.ExecuteScalarAsync<int>("""
            select count(*)::int from ledger.entry where kind = 'upload' and interaction = 'create'
            """)).Should().Be(39);

        await ExecuteAsync("alter table cpis.plan drop constraint unforeseen");
        var mended = await sender.SendAsync(file);
        (mended["inserted"], mended["unchanged"]).Should().Be((1, 39));
    }

    [Fact]
    public async Task The_plans_of_a_council_that_is_not_live_are_taken_and_not_shown_until_it_is()
    {
        var leeds = new Sender(server, "sandbox-council-leeds");
        await LiveAsync(false);
        var number = InventedPlan.NewNumber();

        var done = await leeds.SendAsync(Sender.Header + leeds.Row("LIVE-1", number));

        done["inserted"].Should().Be(1);
        (await leeds.Http.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1, "it sees its own");
        var before = await server.Clinician.GetOkAsync("Flag?patient=" + number);
        before.Total().Should().Be(0);
        before.Diagnostics().Should().Contain(d => d.Contains("Leeds City Council (not yet sending)",
            StringComparison.Ordinal));

        await LiveAsync(true);
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1);
    }

    /// <summary>As the registrar will say it; the server looks again within seconds.</summary>
    private async Task LiveAsync(bool live)
    {
        await ExecuteAsync($"update cpis.organization set live = {live} where ods = 'ZZ002'");
        server.Clock.Move(TimeSpan.FromSeconds(10));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.ExecuteAsync(sql);
    }
}
