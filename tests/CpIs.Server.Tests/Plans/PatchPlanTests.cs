using System.Net;
using System.Text;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>Changes of a part: a patched plan keeps every rule that a sent one keeps.</summary>
public sealed class PatchPlanTests(RunningServer server) : IClassFixture<RunningServer>
{
    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task A_patch_ends_a_plan_with_its_flag()
    {
        var (episode, flag) = await server.SubmitAsync(Plan);

        var answer = await PatchAsync("EpisodeOfCare/" + episode, Ending(server.Today));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Headers.ETag!.Tag.Should().Be("\"2\"");
        (await answer.BodyAsync()).Text("status").Should().Be("finished");
        (await server.Clinician.GetOkAsync("Flag/" + flag)).Text("status").Should().Be("inactive");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?entity=EpisodeOfCare/{episode}&action=U");
        trail["entry"]![0]!["resource"]!["subtype"]![0]!.Text("code").Should().Be("patch");
    }

    [Fact]
    public async Task A_patch_that_changes_nothing_keeps_the_version()
    {
        var (_, flag) = await server.SubmitAsync(Plan);

        var answer = await PatchAsync("Flag/" + flag, """[{"op":"test","path":"/status","value":"active"}]""");

        answer.Headers.ETag!.Tag.Should().Be("\"1\"");
    }

    [Fact]
    public async Task A_failed_test_changes_nothing_at_all()
    {
        var (episode, _) = await server.SubmitAsync(Plan);

        var answer = await PatchAsync("EpisodeOfCare/" + episode,
            Ending(server.Today)[..^1]
            + """,{"op":"test","path":"/status","value":"planned"}]""");

        (await answer.ShouldBeRefusedAsync(422)).Diagnostics().Single().Should().StartWith("Operation 2 (test)");
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode))["meta"]!.Text("versionId").Should().Be("1");
    }

    [Theory]
    [InlineData("Flag", """[{"op":"replace","path":"/status","value":"inactive"}]""", 422)]
    [InlineData("Flag", """[{"op":"replace","path":"/id","value":"x"}]""", 400)]
    [InlineData("EpisodeOfCare", """[{"op":"replace","path":"/resourceType","value":"Flag"}]""", 422)]
    [InlineData("EpisodeOfCare",
        """[{"op":"replace","path":"/patient/reference","value":"Patient/9990000018"}]""", 422)]
    [InlineData("EpisodeOfCare", """[{"op":"add","path":"/text","value":{"status":"generated","div":"x"}}]""", 422)]
    [InlineData("EpisodeOfCare", """[{"op":"replace","path":"/identifier/0/value","value":"another"}]""", 422)]
    [InlineData("EpisodeOfCare", """[{"op":"remove","path":""}]""", 400)]
    [InlineData("EpisodeOfCare", """[{"op":"fly","path":"/status"}]""", 400)]
    [InlineData("EpisodeOfCare", """{"op":"remove","path":"/status"}""", 400)]
    [InlineData("EpisodeOfCare", "not json", 400)]
    [InlineData("EpisodeOfCare", """[{"op":"add","path":"/meta/tag","value":[{"code":"\u0000"}]}]""", 400)]
    public async Task A_patch_may_do_nothing_that_an_update_may_not(string type, string patch, int status)
    {
        var (episode, flag) = await server.SubmitAsync(Plan);
        var url = type == "Flag" ? "Flag/" + flag : "EpisodeOfCare/" + episode;

        await (await PatchAsync(url, patch)).ShouldBeRefusedAsync(status);

        (await server.Lancashire.GetOkAsync(url))["meta"]!.Text("versionId").Should().Be("1");
    }

    [Theory]
    [InlineData("application/fhir+json")]
    [InlineData("application/json")]
    [InlineData("application/xml-patch+xml")]
    [InlineData("application/merge-patch+json")]
    public async Task Other_kinds_of_patch_are_415(string type)
    {
        var (_, flag) = await server.SubmitAsync(Plan);

        await (await PatchAsync("Flag/" + flag, "[]", type: type)).ShouldBeRefusedAsync(415);
    }

    [Fact]
    public async Task A_patch_honours_If_Match_and_finds_no_plan_that_is_gone_or_anothers()
    {
        var (episode, flag) = await server.SubmitAsync(Plan);
        const string Test = """[{"op":"test","path":"/resourceType","value":"Flag"}]""";

        (await PatchAsync("Flag/" + flag, Test, "W/\"1\"")).StatusCode.Should().Be(HttpStatusCode.OK);
        await (await PatchAsync("Flag/" + flag, Test, "W/\"2\"")).ShouldBeRefusedAsync(412);
        await (await PatchAsync("Flag/" + flag, Test, by: "sandbox-council-leeds")).ShouldBeRefusedAsync(404);
        await (await PatchAsync("Flag/" + Guid.NewGuid(), Test)).ShouldBeRefusedAsync(404);
        await server.Lancashire.DeleteAsync(new Uri("EpisodeOfCare/" + episode, UriKind.Relative));
        await (await PatchAsync("Flag/" + flag, Test)).ShouldBeRefusedAsync(410);
    }

    [Fact]
    public async Task Patches_at_once_are_applied_one_after_the_other_and_none_is_lost()
    {
        var (episode, _) = await server.SubmitAsync(Plan);
        var days = Enumerable.Range(20, 6).Select(d => server.Today.AddDays(d)).ToList();

        var answers = await Task.WhenAll(days.Select(day => PatchAsync("EpisodeOfCare/" + episode,
            $$"""[{"op":"add","path":"/period/end","value":"{{PlanJson.Day(day)}}"}]""")));

        answers.Should().OnlyContain(a => a.StatusCode == HttpStatusCode.OK);
        answers.Select(a => a.Headers.ETag!.Tag).Should().BeEquivalentTo(
            Enumerable.Range(2, 6).Select(v => $"\"{v}\""));
    }

    [Fact]
    public async Task A_council_patches_its_own_telephones_and_nothing_else()
    {
        const string Url = "Organization/ZZ001";
        const string Phone = """[{"op":"replace","path":"/telecom/0/value","value":"01632 960999"}]""";
        const string Name = """[{"op":"replace","path":"/name","value":"ZZ Grander Council"}]""";

        (await PatchAsync(Url, Phone)).StatusCode.Should().Be(HttpStatusCode.OK);
        await (await PatchAsync(Url, Name)).ShouldBeRefusedAsync(403);
        await (await PatchAsync(Url, Phone, by: "sandbox-council-leeds")).ShouldBeRefusedAsync(403);
        (await PatchAsync(Url, Name, by: "sandbox-registrar")).StatusCode.Should().Be(HttpStatusCode.OK);
        await (await PatchAsync(Url, """[{"op":"replace","path":"/identifier/0/value","value":"ZZ009"}]""",
            by: "sandbox-registrar")).ShouldBeRefusedAsync(400);
        await (await PatchAsync(Url, Phone, "W/\"1\"", by: "sandbox-registrar")).ShouldBeRefusedAsync(412);

        var seen = await server.Clinician.GetOkAsync(Url);
        seen.Text("name").Should().Be("ZZ Grander Council");
        seen["telecom"]![0]!.Text("value").Should().Be("01632 960999");
    }

    private static string Ending(DateOnly day) => """[{"op":"replace","path":"/status","value":"finished"},"""
        + $$"""{"op":"add","path":"/period/end","value":"{{PlanJson.Day(day)}}"}]""";

    private async Task<HttpResponseMessage> PatchAsync(string url, string patch, string? ifMatch = null,
        string by = "sandbox-council-lancashire", string type = "application/json-patch+json")
    {
        using var client = server.As(by);
        using var request = new HttpRequestMessage(HttpMethod.Patch, url)
        {
            Content = new StringContent(patch, Encoding.UTF8, type),
        };
        request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request);
    }
}
