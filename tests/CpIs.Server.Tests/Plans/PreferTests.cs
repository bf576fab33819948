using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>As much of a written resource comes back as its sender asks for.</summary>
public sealed class PreferTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData(null, "resource")]
    [InlineData("return=representation", "resource")]
    [InlineData("return=minimal", "")]
    [InlineData("handling=strict, return=minimal", "")]
    [InlineData("return=OperationOutcome", "OperationOutcome")]
    public async Task Every_write_answers_with_what_is_preferred(string? prefer, string body)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-10) };
        var encounter = new InventedEncounter { Number = plan.Number, Start = server.Clock.GetUtcNow().AddHours(-1) };
        var person = await SendAsync("POST", "Patient", plan.Patient().ToJsonString(), prefer);
        var episode = await SendAsync("POST", "EpisodeOfCare", plan.Episode().ToJsonString(), prefer);
        var url = string.Join('/', episode.Location!.Split('/')[^4..^2]);
        var ended = plan with { End = server.Today.AddDays(9) };
        var writes = new[]
        {
            person, episode, await SendAsync("PUT", url, ended.Episode().ToJsonString(), prefer),
            await SendAsync("PATCH", url, """[{"op":"test","path":"/status","value":"active"}]""", prefer),
            await SendAsync("POST", "Encounter", encounter.Resource().ToJsonString(), prefer, "sandbox-epr-system"),
        };

        writes.Select(w => w.Status).Should().Equal(201, 201, 200, 200, 201);
        foreach (var write in writes)
        {
            write.Type.Should().Match(type => body == "resource" ? type != "" && type != "OperationOutcome"
                : type == body);
            write.Location.Should().EndWith($"/_history/{write.ETag!.Trim('W', '/', '"')}");
            write.Content.Should().Be(body == "resource" ? write.Location : null);
        }

        var deleted = await SendAsync("DELETE", url, null, prefer);
        (deleted.Status, deleted.Type).Should().Be(body == "OperationOutcome" ? (200, body) : (204, ""));
        deleted.ETag.Should().Be("W/\"3\"");
    }

    private async Task<Heard> SendAsync(
        string method, string url, string? body, string? prefer, string who = "sandbox-council-lancashire")
    {
        using var client = server.As(who);
        using var request = new HttpRequestMessage(new(method), url)
        {
            Content = body is null ? null : new StringContent(
                body, Encoding.UTF8, method == "PATCH" ? "application/json-patch+json" : "application/fhir+json"),
        };
        request.Headers.TryAddWithoutValidation("Prefer", prefer);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return new((int)answer.StatusCode, answer.Headers.ETag?.ToString(), answer.Headers.Location?.ToString(),
            answer.Content.Headers.ContentLocation?.ToString(),
            text.Length == 0 ? "" : (await answer.BodyAsync()).Text("resourceType"));
    }

    private sealed record Heard(int Status, string? ETag, string? Location, string? Content, string Type);
}
