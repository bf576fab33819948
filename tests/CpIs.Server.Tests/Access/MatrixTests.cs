using System.Text;
using CpIs.Server.Access;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// Every persona at every route: who is not named in the table, or lacks the scope, is denied and recorded; who is
/// named
/// is not. A new route is in the matrix by being in the table.
/// </summary>
public sealed class MatrixTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Absent = "01a20000-0000-7000-8000-000000000000";

    private static readonly string[] Denials =
        ["Your role may not do this.", "The token's scopes do not cover this."];

    public static TheoryData<string> Personas => [.. Persona.All.Keys];

    [Theory]
    [MemberData(nameof(Personas))]
    public async Task Each_persona_is_let_in_by_the_table_and_by_nothing_else(string persona)
    {
        using var client = server.As(persona);
        foreach (var route in Routes.Table.Concat(Routes.Log))
        {
            var id = Guid.NewGuid().ToString();
            using var request = Request(route, id);

            var answer = await client.SendAsync(request);

            var why = $"{persona} at {route.Method} {route.Path}";
            if (May(Persona.All[persona], route))
            {
                ((int)answer.StatusCode).Should().NotBe(401, why).And.NotBe(500, why).And.NotBe(405, why);
                (await answer.Content.ReadAsStringAsync()).Should().NotContainAny(Denials, why);
                continue;
            }

            (await answer.ShouldBeRefusedAsync(403)).Diagnostics().Should().BeSubsetOf(Denials, why);
            (await Ledger.OfRequestAsync(server, id)).Should().Equal([(403, 4)], why);
        }
    }

    [Fact]
    public async Task Without_a_token_nothing_is_open_that_the_table_does_not_open_to_all()
    {
        foreach (var route in Routes.Table.Concat(Routes.Log).Where(r => !r.Who.HasFlag(Who.Public)))
        {
            using var stranger = server.Stranger();
            var id = Guid.NewGuid().ToString();
            using var request = Request(route, id);

            await (await stranger.SendAsync(request)).ShouldBeRefusedAsync(401);
            (await Ledger.OfRequestAsync(server, id)).Should().Equal([(401, 4)], route.Path);
        }
    }

    private static bool May(Persona persona, Route route) => route.Who.HasFlag(Who.Public)
        || (route.Who.HasFlag(KindOf(persona))
            && (route.Letter is not { } letter || Scopes.Parse(persona.Scope).Allow(route.Resource, letter)));

    /// <summary>Said here once more, so that the server's own reading of a token is held to it.</summary>
    private static Who KindOf(Persona persona) => persona.Role switch
    {
        null => Who.Health,
        "council" => Who.Council,
        "auditor" => Who.Auditor,
        "archive" => Who.Archive,
        "registrar" => Who.Registrar,
        "feed" => Who.Feed,
        var other => throw new InvalidOperationException(other),
    };

    private HttpRequestMessage Request(Route route, string id)
    {
        var path = route.Path.Replace("{id}", Absent, StringComparison.Ordinal)
            .Replace("{version}", "1", StringComparison.Ordinal).Replace("{file}", "x", StringComparison.Ordinal)
            .Replace("{lane:int}", "1", StringComparison.Ordinal).Replace("{level:int}", "0", StringComparison.Ordinal)
            .Replace("{**index}", "000", StringComparison.Ordinal);
        var request = new HttpRequestMessage(new(route.Method), new Uri(server.Root, route.Prefix[1..] + path));
        if (route.Method is "POST" or "PUT")
        {
            request.Content = new StringContent("", Encoding.UTF8,
                path.EndsWith("/_search", StringComparison.Ordinal)
                    ? "application/x-www-form-urlencoded" : "application/fhir+json");
        }

        request.Headers.Add("X-Request-ID", id);
        return request;
    }
}
