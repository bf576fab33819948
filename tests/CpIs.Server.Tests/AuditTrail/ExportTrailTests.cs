using System.Net;
using System.Text.Json.Nodes;
using CpIs.Server.AuditTrail;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The archive fetches the trail as Bulk Data: accepted, counted, fetched by the month, forgotten.</summary>
public sealed class ExportTrailTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    private RunningServer Server => trail.Server;

    [Fact]
    public async Task An_export_holds_every_entry_that_stood_when_it_was_asked_for()
    {
        using var archive = Archive();

        var accepted = await archive.TryAsync("$export?_type=AuditEvent");
        await Server.Clinician.GetOkAsync($"Flag?patient={trail.Unknown}");
        var status = accepted.Content.Headers.ContentLocation!;
        var waiting = await archive.GetAsync(status);
        var manifest = await DoneAsync(archive, status);

        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted);
        status.IsAbsoluteUri.Should().BeTrue();
        waiting.StatusCode.Should().Be(HttpStatusCode.Accepted);
        waiting.Headers.GetValues("X-Progress").Single().Length.Should().BeInRange(1, 100);
        waiting.Headers.RetryAfter.Should().NotBeNull();
        manifest.Text("request").Should().Be(new Uri(Server.Base, "$export?_type=AuditEvent").ToString());
        manifest["requiresAccessToken"]!.GetValue<bool>().Should().BeTrue();
        manifest["error"]!.AsArray().Should().BeEmpty();
        var file = manifest["output"]!.AsArray().Should().ContainSingle().Subject!;
        file.Text("type").Should().Be("AuditEvent");
        var until = manifest.Text("transactionTime");
        var lines = await LinesAsync(archive, file.Text("url"));
        var expected = await trail.FindAsync($"_sort=date&date=lt{until}");
        lines.Select(l => l.ToJsonString()).Should().BeEquivalentTo(expected.Select(e => e.ToJsonString()));
        lines.Should().HaveCount(file["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task What_was_still_committing_is_in_the_next_export_and_nothing_is_in_both()
    {
        using var archive = Archive();
        await using var slow = new NpgsqlConnection(Server.Database.OwnerConnectionString + ";Pooling=false");
        await slow.OpenAsync();
        await slow.ExecuteAsync("""
            begin;
            insert into ledger.lane (lane, kind, created) select max(lane) + 1, 'read', now() from ledger.lane;
            insert into ledger.entry (format, lane, position, entry_id, recorded, kind, interaction, status, action,
                outcome, disclosed, agent_subject)
            select 1, max(lane), 1, gen_random_uuid(), @now, 'rest', 'read', 200, 'R', 0, '{}', 'slow'
            from ledger.lane;
            insert into ledger.batch (lane, first, last, root, leaves, recorded)
            select max(lane), 1, 1, sha256('x'), sha256('y'), @now from ledger.lane;
            """, new { now = Server.Clock.GetUtcNow().UtcDateTime });

        var first = await DoneAsync(archive, (await archive.TryAsync("$export")).Content.Headers.ContentLocation!);
        await slow.ExecuteAsync("commit");
        await Server.Clinician.GetOkAsync($"Flag?patient={trail.Unknown}");
        var since = first.Text("transactionTime");
        var kickOff = await archive.TryAsync($"$export?_since={Uri.EscapeDataString(since)}");
        await Server.Clinician.GetOkAsync($"Flag?patient={trail.Unknown}");
        var second = await DoneAsync(archive, kickOff.Content.Headers.ContentLocation!);

        var before = await IdsAsync(archive, first);
        var after = await IdsAsync(archive, second);
        var until = second.Text("transactionTime");
        var all = (await trail.FindAsync($"_sort=date&date=lt{until}")).Select(e => e.Text("id")).ToList();
        before.Concat(after).Should().BeEquivalentTo(all).And.OnlyHaveUniqueItems();
        var late = (await trail.FindAsync("agent=slow")).Single().Text("id");
        before.Should().NotContain(late);
        after.Should().Contain(late);
    }

    [Fact]
    public async Task A_file_is_the_same_whenever_it_is_fetched()
    {
        using var archive = Archive();
        var (_, file) = await trail.ExportAsync();
        var first = await archive.GetStringAsync(new Uri(file));

        await Server.Clinician.GetOkAsync($"Flag?patient={trail.Plan.Number}");

        (await archive.GetStringAsync(new Uri(file))).Should().Be(first);
        (await archive.TryAsync(file)).Content.Headers.ContentType!.MediaType.Should().Be("application/fhir+ndjson");
    }

    [Fact]
    public async Task A_filter_and_a_span_narrow_it()
    {
        using var archive = Archive();
        var since = (await trail.FindAsync("_sort=date"))[9].Text("recorded")[..23];

        var (_, file) = await trail.ExportAsync($"&_since={since}Z&_typeFilter="
            + Uri.EscapeDataString("AuditEvent?subtype=search-type&outcome=0&organization=RXR&date=ne2020"));

        var lines = await LinesAsync(archive, file);
        lines.Should().NotBeEmpty().And.OnlyContain(l => l["subtype"]![0]!.Text("code") == "search-type"
            && string.CompareOrdinal(l.Text("recorded"), since) >= 0);
    }

    [Fact]
    public async Task A_job_is_done_by_another_process_when_the_first_one_stops()
    {
        var store = Server.Services.GetRequiredService<ExportStore>();
        var now = Server.Clock.GetUtcNow().UtcDateTime.AddMinutes(-1);
        var job = new ExportJob
        {
            Id = Guid.CreateVersion7(), Client = "sandbox-audit-archive", Organisation = "X26", Request = "left over",
            KickedOff = now, Until = now, Filter = "",
        };

        await store.AddAsync(job, int.MaxValue, CancellationToken.None);

        using var archive = Archive();
        (await DoneAsync(archive, new Uri(Server.Base, "$export-status/" + job.Id))).Text("request").Should()
            .Be("left over");
    }

    [Fact]
    public async Task A_deleted_job_is_gone()
    {
        using var archive = Archive();
        var (job, file) = await trail.ExportAsync();
        var status = new Uri("$export-status/" + job, UriKind.Relative);

        (await archive.DeleteAsync(status)).StatusCode.Should().Be(HttpStatusCode.Accepted);

        (await archive.GetAsync(status)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await archive.TryAsync(file)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await archive.DeleteAsync(status)).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Anothers_job_is_as_good_as_none()
    {
        var (job, _) = await trail.ExportAsync();
        await using var connection = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        await connection.ExecuteAsync("update cpis.export_job set client = 'another' where id = @job",
            new { job = Guid.Parse(job) });

        using var archive = Archive();
        await (await archive.TryAsync("$export-status/" + job)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task Entries_of_an_unknown_format_are_named_instead_of_left_out_in_silence()
    {
        using var server = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        await server.ExecuteAsync("""
            insert into ledger.entry (format, lane, position, entry_id, recorded, kind, interaction, status, action,
                outcome, disclosed, agent_subject)
            values (2, 1, 1, gen_random_uuid(), '2020-03-01Z', 'rest', 'read', 200, 'R', 0, '{}', 'from-later')
            """);
        using var archive = Archive();

        var accepted = await archive.TryAsync("$export?_until=2020-04-01T00:00:00Z");
        var manifest = await DoneAsync(archive, accepted.Content.Headers.ContentLocation!);

        manifest["output"]!.AsArray().Should().BeEmpty();
        var error = manifest["error"]!.AsArray().Should().ContainSingle().Subject!;
        error.Text("type").Should().Be("OperationOutcome");
        (await LinesAsync(archive, error.Text("url"))).Single().Diagnostics().Single().Should()
            .Be("1 entries of 2020-03 are of a format this server does not know.");
    }

    [Theory]
    [InlineData("_type=Patient")]
    [InlineData("_type=AuditEvent,Flag")]
    [InlineData("_outputFormat=text/csv")]
    [InlineData("_since=yesterday")]
    [InlineData("_typeFilter=Flag?status=active")]
    [InlineData("_typeFilter=AuditEvent?outcome=5")]
    [InlineData("_typeFilter=AuditEvent?date=ap2026-01-01")]
    [InlineData("patient=Patient/1")]
    public async Task What_is_not_served_is_refused_at_once(string query)
    {
        using var archive = Archive();
        var parts = query.Split('=', 2);

        var refused = await archive.TryAsync($"$export?{parts[0]}={Uri.EscapeDataString(parts[1])}");

        await refused.ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task It_may_be_asked_for_by_a_Parameters_resource()
    {
        using var archive = Archive();
        var body = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject { ["name"] = "_type", ["valueString"] = "AuditEvent" }),
        };

        var accepted = await archive.PostAsync(new Uri("$export", UriKind.Relative), RunningServer.Json(body));

        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted);
    }

    private HttpClient Archive()
    {
        var archive = Server.As("sandbox-audit-archive");
        archive.DefaultRequestHeaders.Add("Prefer", "respond-async");
        return archive;
    }

    private static async Task<JsonNode> DoneAsync(HttpClient archive, Uri status)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var answer = await archive.GetAsync(status);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return await answer.BodyAsync();
            }

            await Task.Delay(200);
        }

        throw new InvalidOperationException("The export does not end.");
    }

    private static async Task<List<string>> IdsAsync(HttpClient archive, JsonNode manifest)
    {
        var ids = new List<string>();
        foreach (var file in manifest["output"]!.AsArray())
        {
            ids.AddRange((await LinesAsync(archive, file!.Text("url"))).Select(line => line.Text("id")));
        }

        return ids;
    }

    private static async Task<List<JsonNode>> LinesAsync(HttpClient archive, string file) =>
        [.. (await archive.GetStringAsync(new Uri(file))).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!)];
}
