using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CpIs.Server.Access;
using CpIs.Server.Sandbox;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// Every persona at every route, about what is its own, another's and nobody's: the status the matrix says, the
/// entry of
/// the ledger, and the same answer for another's and for nobody's. A new route without a row fails.
/// </summary>
public sealed partial class MatrixTests(MatrixStage stage) : IClassFixture<MatrixStage>
{
    private static readonly string[] Denials =
        ["Your role may not do this.", "The token's scopes do not cover this."];

    private static readonly string[] Volatile = ["Date", "Last-Modified", "X-Request-ID"];

    private readonly MatrixRequests requests = new(stage);

    public static TheoryData<string> Personas => [.. Persona.All.Keys];

    private static IEnumerable<Route> All => Routes.Table.Concat(Routes.Log);

    [Fact]
    public void Every_route_has_its_row_and_every_row_its_route() => MatrixTable.Rows.Keys.Should()
        .BeEquivalentTo(All.Select(MatrixTable.Name));

    [Theory]
    [MemberData(nameof(Personas))]
    public async Task Each_persona_gets_what_the_matrix_says_about_its_own_anothers_and_nobodys(string name)
    {
        var persona = Persona.All[name];
        using var client = stage.As(persona);
        var seen = new List<Cell>();

        // What is deleted is asked about by no request after it.
        foreach (var route in All.OrderBy(r => r.Method == "DELETE"))
        {
            foreach (var whose in MatrixRequests.Names(route) && May(persona, route)
                ? Enum.GetValues<Whose>() : [Whose.Own])
            {
                seen.Add(await AskAsync(client, persona, route, whose));
            }
        }

        var left = await EntriesAsync(seen.Select(c => c.RequestId));
        var faults = seen.GroupBy(c => c.Route).SelectMany(row => Faults(persona, row.Key, [.. row], left));
        string.Join('\n', faults).Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_token_nothing_is_open_that_the_table_does_not_open_to_all()
    {
        foreach (var route in All.Where(r => !r.Who.HasFlag(Who.Public)))
        {
            using var stranger = stage.Server.Stranger();
            var id = Guid.NewGuid().ToString();
            using var request = requests.Of(
                route, Persona.All["sandbox-ed-clinician"], stage
                    .Of(Persona.All["sandbox-ed-clinician"], Whose.Nobodys), id);

            await (await stranger.SendAsync(request)).ShouldBeRefusedAsync(401);
            (await Ledger.OfRequestAsync(stage.Server, id)).Should().Equal([(401, 4)], route.Path);
        }
    }

    private async Task<Cell> AskAsync(HttpClient client, Persona persona, Route route, Whose whose)
    {
        var things = stage.Of(persona, whose);
        var changes = route.Letter is 'c' or 'u' or 'd' || route.Interaction == "transaction";
        if (changes && May(persona, route) && (route.Resource is "" or "Flag" or "EpisodeOfCare" or "Patient"
            || (route.Resource is "Subscription" or "Organization" && route.Method == "DELETE")))
        {
            things = await stage.FreshAsync(things, route.Resource);
        }

        var id = Guid.NewGuid().ToString();
        using var request = requests.Of(route, persona, things, id);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return new(route, whose, id, (int)answer.StatusCode, text, Same(answer, text, things));
    }

    private static IEnumerable<string> Faults(
        Persona persona, Route route, IReadOnlyList<Cell> row, ILookup<string, (int Status, int Outcome)> left)
    {
        var name = $"{persona.ClientId} at {MatrixTable.Name(route)}";
        if (!May(persona, route))
        {
            return row.SelectMany(cell => Denied(name, cell, [.. left[cell.RequestId]]));
        }

        var said = string.Join(' ', row.Select(c => c.Said));
        var wanted = MatrixTable.Of(route, persona);
        var faults = row.SelectMany(cell => Recorded(name, cell, [.. left[cell.RequestId]])).ToList();
        if (said != wanted)
        {
            faults.Add($"{name}: {said} instead of {wanted}");
        }

        if (row is [_, { Said: var another } theirs, { Said: var absent } nobodys]
            && another == absent && !MatrixTable.IsHeldKnown(route, persona) && theirs.Same != nobodys.Same)
        {
            faults.Add($"{name}: another's {theirs.Same} and nobody's {nobodys.Same}");
        }

        return faults;
    }

    private static IEnumerable<string> Denied(string name, Cell cell, List<(int, int)> left)
    {
        if (cell.Status != 403 || !JsonNode.Parse(cell.Text)!.Diagnostics().TrueForAll(Denials.Contains))
        {
            yield return $"{name}: {cell.Status} instead of a denial";
        }

        if (left is not [(403, 4)])
        {
            yield return $"{name}: the denial leaves {left.Count} entries";
        }
    }

    /// <summary>What shows nobody's data leaves no entry when it is answered; everything else leaves its own.</summary>
    private static IEnumerable<string> Recorded(string name, Cell cell, List<(int Status, int Outcome)> left)
    {
        var answered = cell.Status < 400;
        if (left.Count == 0 && answered && MatrixTable.Unrecorded.Contains(MatrixTable.Name(cell.Route)))
        {
            yield break;
        }

        if (left.Count == 0 && cell.Route.Discloses == Discloses.Nothing)
        {
            yield break;
        }

        if (left.Count == 0 || left.Exists(e => e.Outcome != (answered ? 0 : 4) || (e.Status != cell.Status
            && !(answered && e.Status is 200 or 201 or 204))))
        {
            yield return $"{name}, {cell.Whose}: {cell.Status} leaves {string.Join(", ", left)}";
        }
    }

    private async Task<ILookup<string, (int, int)>> EntriesAsync(IEnumerable<string> requestIds)
    {
        await using var connection = new NpgsqlConnection(stage.Server.Database.OwnerConnectionString);
        return (await connection.QueryAsync<(string Id, int Status, int Outcome)>(
            "select request_id, status, outcome from ledger.entry where request_id = any(@ids)",
            new { ids = requestIds.ToArray() })).ToLookup(e => e.Id, e => (e.Status, e.Outcome));
    }

    private static bool May(Persona persona, Route route) => route.Who.HasFlag(Who.Public)
        || (route.Who.HasFlag(KindOf(persona)) && (route.Letter is not { } letter
            || Scopes.Parse(persona.Scope).Allow(route.Resource, letter)));

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

    /// <summary>Status, headers and body without what every request has anew, and without what it asked for.</summary>
    private static string Same(HttpResponseMessage answer, string text, Things things)
    {
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(h => !Volatile.Contains(h.Key))
            .Select(h => $"{h.Key}: {string.Join(',', h.Value)}").Order(StringComparer.Ordinal);
        var all = string.Join('\n', headers) + "\n" + text;
        foreach (var asked in (string[])[things.Plan.Number, things.Plan.RowId, things.Plan.Council, things.Ods])
        {
            all = all.Replace(asked, "·", StringComparison.Ordinal);
        }

        return Moments().Replace(Ids().Replace(all, "·"), "·");
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Ids();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")]
    private static partial Regex Moments();

    /// <summary>A request and what became of it.</summary>
    private sealed record Cell(Route Route, Whose Whose, string RequestId, int Status, string Text, string Same)
    {
        /// <summary>The status, with a star where a search found something.</summary>
        public string Said => Status.ToString(CultureInfo.InvariantCulture)
            + (Status == 200 && IsSearch && JsonNode.Parse(Text)!.Total() > 0 ? "*" : "");

        private bool IsSearch => Route.Interaction == "search-type"
            || Route.Path.EndsWith("summary", StringComparison.Ordinal);
    }
}
