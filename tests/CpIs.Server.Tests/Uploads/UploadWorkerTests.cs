using System.Net;
using CpIs.Server.Uploads;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// Files wait for their turn, can be stopped, are forgotten in time, and say that a council is alive.
/// </summary>
public sealed class UploadWorkerTests : IAsyncLifetime
{
    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Files_of_one_council_are_applied_in_order_and_those_of_another_meanwhile()
    {
        var (lancashire, leeds) = (new Sender(server), new Sender(server, "sandbox-council-leeds"));
        var number = InventedPlan.NewNumber();
        var many = string.Concat(Enumerable.Range(0, 12_000).Select(i =>
            lancashire.Row("ORD-" + i, InventedPlan.NewNumber())));
        var first = await lancashire.PostAsync(Sender.Header + many + lancashire.Row("ORD-X", number));
        var second = await lancashire.PostAsync(Sender.Header + lancashire.Row("ORD-X", number, "Sedgewick"));
        var other = await leeds.SendAsync(Sender.Header + leeds.Row("ORD-Y", InventedPlan.NewNumber()));

        (await lancashire.DoneAsync(second))["changed"].Should().Be(1, "the first file was applied before it");
        (await lancashire.DoneAsync(first))["inserted"].Should().Be(12_001);
        other["inserted"].Should().Be(1);
        var finished = (await AskAsync<string>("select council from cpis.upload order by finished")).ToList();
        finished.Should().Equal("ZZ002", "ZZ001", "ZZ001");
    }

    [Fact]
    public async Task A_stopped_file_reports_what_was_applied_and_counts_the_rest_as_skipped()
    {
        var sender = new Sender(server);
        var posted = await sender.PostAsync(Sender.Header + string.Concat(Enumerable.Range(0, 12_000).Select(i =>
            sender.Row("STOP-" + i, InventedPlan.NewNumber()))));
        var status = posted.Content.Headers.ContentLocation!;

        var stopped = await sender.Http.DeleteAsync(status);

        stopped.StatusCode.Should().Be(HttpStatusCode.Accepted);
        var done = await sender.DoneAsync(status.ToString());
        done.Facts["cancelled"]!.GetValue<bool>().Should().BeTrue();
        done["skipped"].Should().BePositive();
        (await AskAsync<long>("select count(*) from cpis.plan where row_id like 'STOP-%'")).Single()
            .Should().Be(done["inserted"]);
    }

    [Fact]
    public async Task Rows_are_forgotten_after_a_week_and_what_became_of_them_after_a_month()
    {
        var sender = new Sender(server);
        var done = await sender.SendAsync(Sender.Header + sender.Row("OLD-1", "9990000019"));
        var worker = server.Services.GetRequiredService<UploadWorker>();
        const string Rows = "select count(*) from cpis.upload_row";
        const string Outcomes = "select count(*) from cpis.upload_outcome";

        server.Clock.Move(TimeSpan.FromDays(UploadWorker.RowDaysMax - 1));
        await worker.ExpireAsync(CancellationToken.None);
        (await AskAsync<long>(Rows)).Single().Should().Be(1);

        server.Clock.Move(TimeSpan.FromDays(2));
        await worker.ExpireAsync(CancellationToken.None);
        (await AskAsync<long>(Rows)).Single().Should().Be(0);
        (await done.FileAsync("errors.csv")).Should().Contain("OLD-1");

        server.Clock.Move(TimeSpan.FromDays(UploadWorker.OutcomeDaysMax));
        await worker.ExpireAsync(CancellationToken.None);
        (await AskAsync<long>(Outcomes)).Single().Should().Be(0);
        await (await sender.Http.TryAsync(done.Status.Replace("-status/", "-file/", StringComparison.Ordinal)
            + "/errors.csv")).ShouldBeRefusedAsync(404);
        (await sender.DoneAsync(done.Status))["refused"].Should().Be(1);
    }

    [Fact]
    public async Task A_plan_that_is_unconfirmed_stays_so_when_a_day_begins()
    {
        var sender = new Sender(server);
        var number = InventedPlan.NewNumber();
        await sender.SendAsync(Sender.Header + sender.Row("DAY-1", number, end: sender.Day(1)));
        await sender.SendAsync(Sender.Header + sender.Row("DAY-1", number, birth: "?"));

        server.Clock.Move(TimeSpan.FromDays(1));

        var answer = await server.Clinician.GetOkAsync("Flag?patient=" + number);
        var flag = answer.All("Flag").Single();
        flag.Text("status").Should().Be("inactive");
        flag["meta"]!["tag"]![0]!.Text("code").Should().Be("UNCONFIRMED");
        answer.Codes().Should().Contain("UNCONFIRMED");
    }

    [Fact]
    public async Task An_applied_file_says_that_its_council_is_alive_from_the_time_it_was_extracted()
    {
        var sender = new Sender(server);
        var nobody = "Flag?patient=" + InventedPlan.NewNumber();
        await SilenceAsync(nobody, silent: true);
        var extracted = "&extracted=" + Fhir.PlanJson.Instant(server.Clock.GetUtcNow().AddDays(-2));

        await sender.SendAsync(Sender.Header, extracted + "&dryRun=true");
        server.Clock.Move(TimeSpan.FromSeconds(2));
        await SilenceAsync(nobody, silent: true);

        await sender.SendAsync(Sender.Header, extracted);
        server.Clock.Move(TimeSpan.FromSeconds(2));
        await SilenceAsync(nobody, silent: false);

        server.Clock.Move(TimeSpan.FromDays(1.1));
        await SilenceAsync(nobody, silent: true);
    }

    [Fact]
    public async Task No_council_sees_anothers_rows_even_if_the_question_forgets_to_say_whose()
    {
        var sender = new Sender(server);
        await sender.SendAsync(Sender.Header + sender.Row("WALL-1", "9990000019"));
        await using var connection = new NpgsqlConnection(server.Database.ServerConnectionString);
        await connection.OpenAsync();

        foreach (var (council, seen) in ((string, long)[])[("", 0), ("ZZ002", 0), ("ZZ001", 1)])
        {
            await connection.ExecuteAsync("select set_config('cpis.council', @council, false)", new { council });
            (await connection.ExecuteScalarAsync<long>("select count(*) from cpis.upload_row")).Should().Be(seen);
            (await connection.ExecuteScalarAsync<long>("select count(*) from cpis.upload_outcome")).Should().Be(seen);
            (await connection.ExecuteScalarAsync<long>("select count(*) from cpis.upload")).Should().Be(seen);
        }
    }

    private async Task SilenceAsync(string url, bool silent)
    {
        var words = string.Join(' ', (await server.Clinician.GetOkAsync(url)).Diagnostics());
        words.Contains("Lancashire", StringComparison.Ordinal).Should().Be(silent, words);
    }

    private async Task<IEnumerable<T>> AskAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.QueryAsync<T>(sql);
    }
}
