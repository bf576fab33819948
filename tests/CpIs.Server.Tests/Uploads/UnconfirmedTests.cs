using System.Net;
using System.Text.Json.Nodes;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// A refused row hides nothing: the plan stays as it was last confirmed, and whoever looks is told so until the council
/// says something about it that can be taken.
/// </summary>
public sealed class UnconfirmedTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Words = "as its council last confirmed it";

    private readonly Sender sender = new(server);
    private readonly string number = InventedPlan.NewNumber();
    private readonly string rowId = "UNC-" + Guid.NewGuid().ToString("N")[..12];

    [Theory]
    [InlineData("not-a-day", "")]
    [InlineData("2018-04-05", "NOWHERE")]
    public async Task A_plan_whose_row_was_refused_is_shown_as_unconfirmed_whenever_it_was_found_out(
        string birth, string follows)
    {
        await HeldAsync();

        var done = await sender.SendAsync(Sender.Header
            + sender.Row(rowId, number, birth: birth, start: sender.Day(-4), follows: follows));

        done["kept"].Should().Be(1);
        var answer = await server.Clinician.GetOkAsync("Flag?_include=Flag:detail&patient=" + number);
        answer.Total().Should().Be(1);
        answer.Diagnostics().Should().ContainSingle(d => d.Contains(Words, StringComparison.Ordinal));
        answer.Codes().Should().Contain("UNCONFIRMED");
        foreach (var shown in answer.All("Flag").Concat(answer.All("EpisodeOfCare")))
        {
            Tag(shown).Should().Be("UNCONFIRMED");
            shown["meta"]!.Text("versionId").Should().Be("2");
            shown["period"]!.Text("start").Should().Be(sender.Day(-5), "it stands as it was");
        }

        (await SummaryAsync()).Should().Contain(d => d.Contains(Words, StringComparison.Ordinal));
        (await EntriesAsync()).Should().Equal("", "its row in an upload was refused");
    }

    [Fact]
    public async Task A_second_refusal_makes_no_version_and_the_next_row_that_is_taken_takes_the_mark_away()
    {
        await HeldAsync();
        await RefusedAsync();
        await RefusedAsync();
        Version(await FlagAsync()).Should().Be("2");

        (await sender.SendAsync(Sender.Header + sender.Row(rowId, number)))["changed"].Should().Be(1);

        var flag = await FlagAsync();
        Version(flag).Should().Be("3");
        Tag(flag).Should().BeNull();
        (await sender.SendAsync(Sender.Header + sender.Row(rowId, number)))["unchanged"].Should().Be(1);
        Version(await FlagAsync()).Should().Be("3");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Diagnostics()
            .Should().NotContain(d => d.Contains(Words, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_single_write_confirms_the_plan_even_when_it_says_what_stands()
    {
        await HeldAsync();
        await RefusedAsync();
        var episode = (await sender.Http.GetOkAsync("EpisodeOfCare?patient=" + number)).All("EpisodeOfCare").Single();

        var put = await sender.Http.PutAsync(
            new Uri("EpisodeOfCare/" + episode.Text("id"), UriKind.Relative), RunningServer.Json(episode));

        put.StatusCode.Should().Be(HttpStatusCode.OK);
        Version(await put.BodyAsync()).Should().Be("3");
        Tag(await FlagAsync()).Should().BeNull("the tag that was sent back is not the client's to set");
        var again = await sender.Http.PutAsync(
            new Uri("EpisodeOfCare/" + episode.Text("id"), UriKind.Relative), RunningServer.Json(episode));
        Version(await again.BodyAsync()).Should().Be("3");
    }

    [Fact]
    public async Task What_a_clinician_kept_by_its_version_is_not_taken_for_the_same_once_it_is_unconfirmed()
    {
        await HeldAsync();
        var flag = await FlagAsync();
        await RefusedAsync();

        using var ask = new HttpRequestMessage(
            HttpMethod.Get, new Uri("Flag/" + flag.Text("id"), UriKind.Relative));
        ask.Headers.IfNoneMatch.Add(new("\"1\"", isWeak: true));
        (await server.Clinician.SendAsync(ask)).StatusCode.Should().Be(HttpStatusCode.OK);
        Tag(await server.Clinician.GetOkAsync($"Flag/{flag.Text("id")}/_history/1")).Should().BeNull();
    }

    [Fact]
    public async Task A_dry_run_and_a_file_that_is_refused_whole_mark_nothing()
    {
        await HeldAsync();
        await sender.SendAsync(Sender.Header + sender.Row(rowId, number, birth: "?"), "&dryRun=true");

        Tag(await FlagAsync()).Should().BeNull();

        var other = InventedPlan.NewNumber();
        await sender.SendAsync(Sender.Header
            + sender.Row(rowId + "-L", other, plan: "looked-after"));
        var whole = await sender.SendAsync(Sender.Header + sender.Row(rowId, number, birth: "?")
            + sender.Row(rowId + "-L", other, plan: "looked-after", end: sender.Day(0)));
        whole.Code.Should().Be("CPF04", "it would end all plans of that kind");
        Tag(await FlagAsync()).Should().BeNull();
    }

    [Fact]
    public async Task The_mark_goes_with_a_snapshot_that_leaves_the_plan_out()
    {
        var second = InventedPlan.NewNumber();
        var leeds = new Sender(server, "sandbox-council-leeds");
        await leeds.SendAsync(Sender.Header + leeds.Row(rowId, number)
            + leeds.Row(rowId + "-2", second));
        await leeds.SendAsync(Sender.Header + leeds.Row(rowId, number, birth: "?"));
        Tag(await FlagAsync()).Should().Be("UNCONFIRMED");

        await leeds.SendAsync(Sender.Header + leeds.Row(rowId + "-2", second),
            "&mode=snapshot&rows=1&confirmEnd=1");

        var flag = await FlagAsync();
        Tag(flag).Should().BeNull();
        flag.Text("status").Should().Be("inactive");
    }

    private static string? Tag(JsonNode resource) => resource["meta"]!["tag"]?[0]!.Text("code");

    private static string Version(JsonNode resource) => resource["meta"]!.Text("versionId");

    private async Task HeldAsync() =>
        (await sender.SendAsync(Sender.Header + sender.Row(rowId, number)))["inserted"].Should().Be(1);

    private async Task RefusedAsync() => (await sender.SendAsync(
        Sender.Header + sender.Row(rowId, number, birth: "?")))["refused"].Should().Be(1);

    private async Task<JsonNode> FlagAsync() =>
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).All("Flag").Single();

    private async Task<List<string>> SummaryAsync()
    {
        var answer = await server.Clinician.PostAsync(new Uri("Patient/$child-protection-summary", UriKind.Relative),
            RunningServer.Json(InventedQuestion.Parameters(number)));
        return (await answer.BodyAsync()).Diagnostics();
    }

    private async Task<IEnumerable<string>> EntriesAsync()
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.QueryAsync<string>("""
            select coalesce(reason, '') from ledger.entry where nhs_number = @number and kind = 'upload'
            order by recorded, position
            """, new { number });
    }
}
