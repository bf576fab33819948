using System.Text;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>A council sends its caseload whole: good rows are loaded, each change with its entry.</summary>
public sealed class SubmitCaseloadTests(RunningServer server) : IClassFixture<RunningServer>
{
    private Sender Lancashire => new(server);

    [Fact]
    public async Task A_child_in_the_file_is_found_by_a_clinician()
    {
        var number = InventedPlan.NewNumber();
        var done = await Lancashire.SendAsync(Sender.Header + Lancashire.Row("UP-1", number));

        done.Code.Should().Be("CPF02");
        done["inserted"].Should().Be(1);
        done.Facts["issue"]!.AsArray().Should().BeEmpty("changes have nothing to say of plans they do not name");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1);
    }

    [Fact]
    public async Task Every_row_that_was_applied_has_one_entry_that_names_its_versions()
    {
        var number = InventedPlan.NewNumber();
        var done = await Lancashire.SendAsync(Sender.Header + Lancashire.Row("UP-2", number));

        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        var entries = (await connection.QueryAsync<(string Kind, string Interaction, string Client,
            string[] Disclosed)>(
            "select kind, interaction, client_id, disclosed from ledger.entry where nhs_number = @number",
            new { number })).ToList();
        var accepted = (await done.LinesAsync("accepted.ndjson")).Single();
        var versions = accepted["parameter"]!.AsArray().Where(p => p!.Text("name") == "version")
            .Select(p => p!.Text("valueString"));
        entries.Should().ContainSingle();
        entries[0].Kind.Should().Be("upload");
        entries[0].Interaction.Should().Be("create");
        entries[0].Client.Should().Be("sandbox-council-lancashire");
        entries[0].Disclosed.Should().BeEquivalentTo(versions);
    }

    [Fact]
    public async Task Rows_change_end_reopen_and_remove_plans_and_leave_others_as_they_are()
    {
        var numbers = Enumerable.Range(0, 12).Select(_ => InventedPlan.NewNumber()).ToList();
        string Row(int i, string family = "Thistlewood", string end = "", string remove = "") =>
            Lancashire.Row($"LIFE-{i}", numbers[i], family, end: end, remove: remove);
        await Lancashire.SendAsync(Sender.Header + string.Concat(numbers.Select((_, i) => Row(i)))
            + Lancashire.Row("LIFE-E", InventedPlan.NewNumber()));
        await Lancashire.SendAsync(Sender.Header + Row(4, end: Lancashire.Day(0)), "&confirmEnd=1");

        var done = await Lancashire.SendAsync(Sender.Header + Row(1) + Row(2, family: "Sedgewick")
            + Row(3, end: Lancashire.Day(-1)) + Row(4) + Row(5, remove: "error"), "&confirmEnd=2");

        done["unchanged"].Should().Be(1);
        done["changed"].Should().Be(1);
        done["ended"].Should().Be(1);
        done["reopened"].Should().Be(1);
        done["removed"].Should().Be(1);
        (await server.Clinician.GetOkAsync("Flag?patient=" + numbers[5])).Total().Should().Be(0);
        (await server.Clinician.GetOkAsync("Flag?patient=" + numbers[6])).Total().Should().Be(1);
    }

    [Fact]
    public async Task The_same_submission_with_the_same_bytes_is_answered_as_before_and_with_others_refused()
    {
        var file = Sender.Header + Lancashire.Row("UP-3", InventedPlan.NewNumber());
        var submission = Sender.NewSubmission();
        var first = await Lancashire.PostAsync(file, submission: submission);
        await Lancashire.DoneAsync(first);

        var again = await Lancashire.PostAsync(file, submission: submission);
        var other = await Lancashire.PostAsync(file + Lancashire.Row("UP-4", InventedPlan.NewNumber()),
            submission: submission);

        again.Content.Headers.ContentLocation.Should().Be(first.Content.Headers.ContentLocation);
        await other.ShouldBeRefusedAsync(409);
    }

    [Fact]
    public async Task A_file_older_than_the_last_is_refused_unless_that_is_meant()
    {
        var islington = new Sender(server, "sandbox-council-islington");
        var older = "&extracted=" + Fhir.PlanJson.Instant(server.Clock.GetUtcNow().AddHours(-2));
        await islington.SendAsync(Sender.Header + islington.Row("OLD-1", InventedPlan.NewNumber()));

        var file = Sender.Header + islington.Row("OLD-2", InventedPlan.NewNumber());
        await (await islington.PostAsync(file, older)).ShouldBeRefusedAsync(409);
        (await islington.SendAsync(file, older + "&allowOlder=true"))["inserted"].Should().Be(1);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_become_of_each_row_and_changes_nothing()
    {
        var number = InventedPlan.NewNumber();
        var file = Sender.Header + Lancashire.Row("DRY-1", number) + Lancashire.Row("DRY-2", "9990000019");
        var submission = Sender.NewSubmission();

        var dry = await Lancashire.SendAsync(file, "&dryRun=true", submission);

        dry["inserted"].Should().Be(1);
        dry["refused"].Should().Be(1);
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(0);
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        (await connection.ExecuteScalarAsync<long>(
            "select count(*) from ledger.entry where nhs_number = @number and kind = 'upload'", new { number }))
            .Should().Be(0);
        (await Lancashire.SendAsync(file, submission: submission))["inserted"].Should().Be(1);
    }

    [Fact]
    public async Task A_header_alone_is_a_sign_of_life()
    {
        var done = await Lancashire.SendAsync(Sender.Header);

        done.Code.Should().Be("CPF02");
        done["read"].Should().Be(0);
    }

    [Fact]
    public async Task Another_councils_upload_is_not_there()
    {
        var done = await Lancashire.SendAsync(Sender.Header);
        var id = done.Status.Split('/')[^1];

        await (await server.Leeds.TryAsync("$submit-caseload-status/" + id)).ShouldBeRefusedAsync(404);
        await (await server.Leeds.TryAsync($"$submit-caseload-file/{id}/errors.csv")).ShouldBeRefusedAsync(404);
        await (await server.Leeds.DeleteAsync(new Uri("$submit-caseload-status/" + id, UriKind.Relative)))
            .ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task To_stop_a_file_that_is_done_is_answered_by_saying_so()
    {
        var done = await Lancashire.SendAsync(Sender.Header);

        var answer = await Lancashire.Http.DeleteAsync(new Uri(done.Status, UriKind.RelativeOrAbsolute));

        (await answer.BodyAsync()).Diagnostics().Single().Should().Contain("done already");
    }

    [Fact]
    public async Task Another_councils_code_is_refused()
    {
        await (await Lancashire.PostAsync(Sender.Header, "&council=ZZ002")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task A_packed_file_is_unpacked_and_one_that_unpacks_to_too_much_is_refused()
    {
        var file = Sender.Header + Lancashire.Row("ZIP-1", InventedPlan.NewNumber());
        (await Lancashire.DoneAsync(await Lancashire.PostZippedAsync(Encoding.UTF8.GetBytes(file))))["inserted"]
            .Should().Be(1);

        var bomb = Encoding.UTF8.GetBytes(Sender.Header + new string('\n', 8 * 1024 * 1024));
        var refused = await (await Lancashire.PostZippedAsync(bomb)).ShouldBeRefusedAsync(413);
        refused.Codes().Should().Equal("CPF01");
    }

    [Fact]
    public async Task A_packed_file_that_was_cut_off_is_refused_and_not_kept()
    {
        var text = Sender.Header + string.Concat(Enumerable.Range(0, 2000)
            .Select(i => Lancashire.Row("CUT-" + i, InventedPlan.NewNumber())));
        using var packed = new MemoryStream();
        using (var zip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest))
        {
            zip.Write(Encoding.UTF8.GetBytes(text));
        }

        var answer = await Lancashire.PostPackedAsync(packed.ToArray()[..^200]);

        (await answer.ShouldBeRefusedAsync(400)).Codes().Should().Equal("CPF01");
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        (await connection.ExecuteScalarAsync<long>(
            "select count(*) from cpis.upload_row where row_id like 'CUT-%'")).Should().Be(0);
    }

    [Fact]
    public async Task Many_rows_are_applied_in_several_commits_and_each_once()
    {
        var numbers = Enumerable.Range(0, 1300).Select(_ => InventedPlan.NewNumber()).ToList();
        var done = await new Sender(server, "sandbox-council-sheffield").SendAsync(
            Sender.Header + string.Concat(numbers.Select((n, i) => Lancashire.Row("MANY-" + i, n))));

        done["inserted"].Should().Be(1300);
        (await done.LinesAsync("accepted.ndjson")).Should().HaveCount(1300);
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        (await connection.QuerySingleAsync<(long, long)>("""
            select count(*), count(distinct nhs_number) from ledger.entry
            where kind = 'upload' and nhs_number = any (@numbers)
            """, new { numbers })).Should().Be((1300L, 1300L));
        (await Ledger.BrokenLanesAsync(server.Database.OwnerConnectionString)).Should().BeEmpty();
    }
}
