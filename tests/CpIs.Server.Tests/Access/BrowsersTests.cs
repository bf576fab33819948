using CpIs.Server.Access;
using CpIs.Server.Database;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>A web page may ask from a browser only where its origin was let in, and brings its token.</summary>
public sealed class BrowsersTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData("http://localhost:3000")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("https://localhost")]
    public async Task The_sandbox_lets_in_pages_of_the_same_machine_before_any_token(string origin)
    {
        using var request = Asking(origin, out var id);
        using var browser = server.With(() => null);

        var answer = await browser.SendAsync(request);

        ((int)answer.StatusCode).Should().Be(204);
        answer.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal(origin);
        answer.Headers.GetValues("Access-Control-Allow-Headers").Single().Should().Contain("Authorization");
        answer.Headers.GetValues("Access-Control-Allow-Methods").Single().Should().Contain("PUT");
        answer.Headers.Contains("Access-Control-Allow-Credentials").Should().BeFalse();
        (await Ledger.OfRequestAsync(server, id)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("https://epr.example")]
    [InlineData("http://localhost.example")]
    [InlineData("null")]
    public async Task Other_pages_are_not_told_that_they_may(string origin)
    {
        using var request = Asking(origin, out _);
        using var browser = server.With(() => null);

        var answer = await browser.SendAsync(request);

        answer.Headers.Contains("Access-Control-Allow-Origin").Should().BeFalse();
    }

    [Fact]
    public async Task A_page_reads_the_headers_it_needs_of_answers_and_of_refusals()
    {
        foreach (var client in (HttpClient[])[server.Clinician, server.With(() => null)])
        {
            client.DefaultRequestHeaders.Add("Origin", "http://localhost:3000");

            var answer = await client.TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

            answer.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("http://localhost:3000");
            answer.Headers.GetValues("Access-Control-Expose-Headers").Single().Split(',')
                .Should().BeEquivalentTo(Browsers.Exposed);
            answer.Headers.Vary.Should().Contain("Origin");
            answer.Headers.Contains("Set-Cookie").Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://epr.example/")]
    [InlineData("http://epr.example")]
    [InlineData("epr.example")]
    public void What_is_no_origin_or_travels_in_the_clear_is_refused_at_the_start(string origin)
    {
        var reading = () => Read(origin);

        reading.Should().Throw<StartRefusedException>();
    }

    [Fact]
    public async Task Elsewhere_than_in_the_sandbox_only_the_origins_named_are_let_in()
    {
        var live = new RunningServer
        {
            Sandbox = false, Shared = server.Database, Browsers = Read("https://epr.example"), Issuers =
            [
                new() { Type = IssuerType.Entra, Authority = "https://localhost:1/none", Audience = "api://cpis" },
            ],
        };
        await live.InitializeAsync();
        foreach (var (origin, isLetIn) in ((string, bool)[])[
            ("https://epr.example", true), ("http://localhost:3000", false)])
        {
            using var request = Asking(origin, out _);
            using var browser = live.With(() => null);

            var answer = await browser.SendAsync(request);

            answer.Headers.Contains("Access-Control-Allow-Origin").Should().Be(isLetIn, origin);
        }

        await live.DisposeAsync();
    }

    private static Browsers Read(string origin) => Browsers.Read(new ConfigurationBuilder()
        .AddInMemoryCollection([new("Browsers:Origins:0", origin)]).Build());

    private static HttpRequestMessage Asking(string origin, out string id)
    {
        id = Guid.NewGuid().ToString();
        var request = new HttpRequestMessage(HttpMethod.Options, new Uri("Flag/x", UriKind.Relative));
        request.Headers.Add("Origin", origin);
        request.Headers.Add("X-Request-ID", id);
        request.Headers.Add("Access-Control-Request-Method", "PUT");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,if-match");
        return request;
    }
}
