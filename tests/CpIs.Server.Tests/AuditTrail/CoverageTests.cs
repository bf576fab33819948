using System.Text;
using CpIs.Server.Sandbox;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// No look without a trace: each request of the matrix leaves exactly the entries it must, each with its agent, its
/// organisation, its patient, its outcome and the request itself. A route that has no row fails here.
/// </summary>
public sealed class CoverageTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    private static readonly Dictionary<string, CoverageRow> Rows = CoverageTable.Rows.ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. Rows.Keys];

    /// <summary>Kinds a route must have rows for, by what it does.</summary>
    private static string[] Needed(Route route) => route switch
    {
        { Who: CpIs.Server.Access.Who.Public } => ["ok"],
        { Interaction: "search-type", Method: "GET" } =>
            ["ok", "empty", "count", "HEAD", "denied", "unauthenticated", "refused"],
        { Interaction: "search-type" } => ["ok", "empty", "count", "denied", "unauthenticated", "refused"],
        { Interaction: "read" or "vread" } =>
            ["ok", "HEAD", "304", "not found", "denied", "unauthenticated", "refused"],
        { Interaction: "history-instance" or "history-type" } => ["ok", "HEAD", "denied", "unauthenticated", "refused"],
        { Interaction: "create" } => ["refused", "denied", "unauthenticated"],
        { Interaction: "update" or "patch" } => ["ok", "refused", "denied", "unauthenticated"],
        { Interaction: "delete" } => ["ok", "refused", "not found", "denied", "unauthenticated"],
        { Interaction: "transaction" } => ["bundle entries", "refused", "denied", "unauthenticated"],
        _ => ["denied", "unauthenticated"],
    };

    [Fact]
    public void Every_route_has_its_rows()
    {
        var prefixes = Routes.Table.Concat(Routes.Log).SelectMany(route => Needed(route).Select(kind =>
            $"{route.Method} {(route.Prefix == Routes.Prefix ? "" : route.Prefix)}{route.Path} {kind}"));

        prefixes.Except(Rows.Keys).Should().BeEmpty("every route of the tables is audited in every way it can end");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_request_leaves_the_entries_it_must(string name)
    {
        var row = Rows[name];
        var asked = await row.Make(trail);
        var id = Guid.NewGuid().ToString();
        using var client = row.Persona is null ? trail.Server.Stranger() : trail.Server.As(row.Persona);

        var answer = await client.SendAsync(asked.Request(id));
        var text = await answer.Content.ReadAsStringAsync();
        var left = await EntriesAsync(id);

        if (asked.AnyRefusal)
        {
            ((int)answer.StatusCode).Should().BeInRange(400, 499, text);
            left.Should().ContainSingle().Which.Should().Match<Left>(e => e.Outcome == 4);
            return;
        }

        ((int)answer.StatusCode).Should().Be(asked.Answer ?? asked.Entries[0].Status, text);
        left.Select(e => new ExpectedEntry(e.Interaction, e.Status, e.Outcome, asked.AnyPatient ? null : e.NhsNumber))
            .Should().BeEquivalentTo(asked.Entries);
        CheckAgent(row.Persona, left);
        CheckQuery(asked, left);
    }

    private static void CheckAgent(string? persona, List<Left> left)
    {
        var who = persona is null ? null : Persona.All[persona];
        left.All(e => e.AgentSubject == (who == null ? null : who.UserId ?? who.ClientId)
            && e.Organisation == (who == null ? null : who.Organisation)
            && e.ClientId == (who == null ? null : who.ClientId)
            && e.AgentName == (who == null ? null : who.Name)
            && e.Address != null && e.Instance != null).Should().BeTrue("the entry names its agent");
    }

    /// <summary>The request stands on the first entry of an answer, and on each entry of a write.</summary>
    private void CheckQuery(CoverageCase asked, List<Left> left)
    {
        if (left.Count == 0 || asked.Within)
        {
            return;
        }

        var target = new Uri(trail.Server.Base, asked.Url).PathAndQuery
            + (asked.Form is null || asked.FormType is "text/csv" or "application/json-patch+json"
                || left[0].Status is 401 or 403 ? ""
                : "\n" + asked.Form);
        Encoding.UTF8.GetString(left[0].Query!).Should().StartWith(
            asked.Form is null ? target : new Uri(trail.Server.Base, asked.Url).PathAndQuery);
        if (asked.Form is not null && left[0].Outcome == 0)
        {
            Encoding.UTF8.GetString(left[0].Query!).Should().Be(target);
        }
    }

    private async Task<List<Left>> EntriesAsync(string requestId)
    {
        await using var connection = new NpgsqlConnection(trail.Server.Database.OwnerConnectionString);
        var rows = await connection.QueryAsync<Left>("""
            select interaction, status, outcome, nhs_number, agent_subject, agent_name, organisation, client_id,
                address, instance, query
            from ledger.entry where request_id = @requestId order by recorded, lane, position
            """, new { requestId });
        return rows.AsList();
    }

    /// <summary>An entry as the matrix looks at it.</summary>
    private sealed record Left
    {
        public string Interaction { get; init; } = "";

        public int Status { get; init; }

        public int Outcome { get; init; }

        public string? NhsNumber { get; init; }

        public string? AgentSubject { get; init; }

        public string? AgentName { get; init; }

        public string? Organisation { get; init; }

        public string? ClientId { get; init; }

        public string? Address { get; init; }

        public string? Instance { get; init; }

        public byte[]? Query { get; init; }
    }
}
