using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// Every invalid example produces exactly the issues that stand beside it, in that order, and no text of an issue
/// repeats what was sent.
/// </summary>
public sealed class InvalidExamples
{
    private const int FewestInvalid = 120;

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public static TheoryData<string> All() => [.. Examples.Names("invalid")];

    [Fact]
    public void There_are_enough_invalid_examples() =>
        Examples.Names("invalid").Count().Should().BeGreaterThanOrEqualTo(FewestInvalid);

    [Theory]
    [MemberData(nameof(All))]
    public void A_wrong_submission_gets_exactly_its_issues(string name)
    {
        var found = Check(name).Select(issue => new ExpectedIssue(issue.Code, issue.Expression, issue.Rule));
        var expected = JsonSerializer.Deserialize<ExpectedIssue[]>(Examples.Read("invalid", name + ".outcome"), Web);
        found.Select(Line).Should().Equal(expected!.Select(Line));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void No_issue_repeats_a_name_or_a_whole_NHS_number(string name)
    {
        foreach (var issue in Check(name))
        {
            issue.Diagnostics.Should().NotBeEmpty()
                .And.NotMatchRegex("(?<![0-9])[0-9]{10}(?![0-9])|Marsh|Elowen|Tregenza");
            issue.Severity.Should().BeOneOf(IssueSeverity.Error, IssueSeverity.Fatal);
        }
    }

    private static IReadOnlyList<Issue> Check(string name) => Examples.Check(Examples.Read("invalid", name), name);

    private static string Line(ExpectedIssue issue) => $"{issue.Code} {issue.Expression} {issue.Rule}";

    private sealed record ExpectedIssue(string Code, string Expression, string Rule);
}
