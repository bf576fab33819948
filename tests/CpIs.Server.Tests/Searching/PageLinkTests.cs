using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>The link to a later page: whose it is, how long it holds, and that it says nothing about anybody.</summary>
public sealed class PageLinkTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_link_is_its_callers_alone_cannot_be_altered_and_ends_after_an_hour()
    {
        List<InventedPlan> plans = [new() { Start = server.Today }, new() { Start = server.Today }];
        foreach (var plan in plans)
        {
            await server.SubmitAsync(plan);
        }

        var numbers = string.Join(',', plans.Select(p => p.Number));
        foreach (var query in (string[])[
            $"Flag?_count=1&patient={numbers}", "EpisodeOfCare?_count=1&_sort=-date", "Organization?_count=1",
            "Flag?_count=1&status=active&_total=accurate&_elements=status"])
        {
            var next = Next(await server.Lancashire.GetOkAsync(query))!;

            plans.Should().NotContain(p => next.Contains(p.Number) || next.Contains(p.RowId));
            (await server.Lancashire.GetOkAsync(next))["entry"]!.AsArray().Should().HaveCount(1);
            await (await server.Leeds.TryAsync(next)).ShouldBeRefusedAsync(403);
            await (await server.Clinician.TryAsync(next)).ShouldBeRefusedAsync(403);
            await (await server.Lancashire.TryAsync(next[..^1])).ShouldBeRefusedAsync(400);
            await (await server.Lancashire.TryAsync(next + "x")).ShouldBeRefusedAsync(400);
            await (await server.Lancashire.TryAsync(next + "&status=active")).ShouldBeRefusedAsync(400);
            await (await server.Lancashire.TryAsync(next.Replace("?", "/_search?", StringComparison.Ordinal)))
                .ShouldBeRefusedAsync(404);
        }

        var old = Next(await server.Lancashire.GetOkAsync("Flag?_count=1"))!;
        await (await server.Lancashire.TryAsync(old.Replace("/Flag?", "/EpisodeOfCare?", StringComparison.Ordinal)))
            .ShouldBeRefusedAsync(400);
        server.Clock.Move(TimeSpan.FromMinutes(61));
        await (await server.Lancashire.TryAsync(old)).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task A_lenient_search_stays_lenient_on_its_later_pages()
    {
        using var council = server.Lancashire;
        using var first = new HttpRequestMessage(HttpMethod.Get, "Organization?_count=2&colour=red");
        first.Headers.Add("Prefer", "handling=lenient");
        using var answer = await council.SendAsync(first);

        var page = await council.GetOkAsync(Next(await answer.BodyAsync())!);

        page.Codes().Should().Equal("PARAMETER_IGNORED");
        page.Diagnostics().Single().Should().StartWith("colour ");
    }

    private static string? Next(System.Text.Json.Nodes.JsonNode page) =>
        page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");
}
