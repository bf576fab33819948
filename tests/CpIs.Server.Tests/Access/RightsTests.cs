using System.Text.Json.Nodes;
using CpIs.Server.Access;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>The rights as they are written down are the rights as they are kept.</summary>
public sealed class RightsTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public void The_page_about_access_says_what_the_table_of_routes_says()
    {
        var page = File.ReadAllLines(Path.Combine(Root(), "docs", "access.md"));

        var written = page.SkipWhile(line => line != "| What | How | Who | Scope |").Skip(2)
            .TakeWhile(line => line.StartsWith('|'));

        written.Should().Equal(Rights.Rows(), "docs/access.md holds the rows of Rights.Rows()");
    }

    [Fact]
    public async Task The_CapabilityStatement_says_with_each_type_who_may_do_what()
    {
        var statement = await server.With(() => null).GetOkAsync("metadata");

        var types = statement["rest"]![0]!["resource"]!.AsArray();
        types.Should().OnlyContain(t => t!.Text("documentation") == Rights.Of(t!.Text("type")));
        Of(types, "CareTeam").Should().StartWith("health: search.");
        Of(types, "AuditEvent").Should().Contain("auditor").And.NotContain("update").And.NotContain("delete");
    }

    [Fact]
    public void Only_what_says_nothing_of_anybody_is_served_without_a_token()
    {
        Routes.Table.Concat(Routes.Log).Where(r => r.Who.HasFlag(Who.Public))
            .Should().OnlyContain(r => r.Discloses == Discloses.Nothing);
        Routes.Table.Concat(Routes.Log).Should().OnlyContain(r => r.Who != 0);
    }

    private static string Of(JsonArray types, string type) =>
        types.Single(t => t!.Text("type") == type)!.Text("documentation");

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CpIs.sln")))
        {
            folder = Path.GetDirectoryName(folder.TrimEnd('/'))!;
        }

        return folder;
    }
}
