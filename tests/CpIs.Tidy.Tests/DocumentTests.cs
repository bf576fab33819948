using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests;

/// <summary>Documents that point at something point at something that is there.</summary>
public sealed partial class DocumentTests
{
    private const int ReadmeLinesMax = 60;

    private static IEnumerable<string> Documents => Checkout.Files.Where(path =>
        path.Finishes(".md") && (path.Begins("docs/") || !path.Contains('/')));

    [Fact]
    public void Every_file_the_walk_names_exists() =>
        MissingPaths(Checkout.Read("docs/walk.md")).Should().BeEmpty();

    [Fact]
    public void The_walk_passes_through_five_files() =>
        Step().Matches(Checkout.Read("docs/walk.md")).Should().HaveCount(5);

    [Fact]
    public void A_walk_through_a_file_that_is_gone_is_noticed() =>
        MissingPaths("1. `src/CpIs.Server/Gone.cs` — was here").Should().Equal("src/CpIs.Server/Gone.cs");

    [Fact]
    public void Every_link_between_documents_leads_somewhere() =>
        Documents.SelectMany(path => BrokenLinks(path, Checkout.Read(path))).Should().BeEmpty();

    [Fact]
    public void A_broken_link_is_noticed() =>
        BrokenLinks("docs/walk.md", "[samples](../sample) [site](https://fhir.nhs.uk/x)")
            .Should().Equal("docs/walk.md: ../sample");

    [Fact]
    public void Decisions_are_numbered_without_a_gap_and_say_context_decision_and_consequence()
    {
        var decisions = Checkout.Files.Where(path => path.Begins("docs/decisions/")).ToList();

        decisions.Select(path => path["docs/decisions/".Length..][..5])
            .Should().Equal(Enumerable.Range(1, decisions.Count).Select(number => $"{number:0000}-"));
        decisions.Select(Checkout.Read).Should().OnlyContain(text =>
            text.Holds("**Context.**") && text.Holds("**Decision.**") && text.Holds("**Consequence.**"));
    }

    [Fact]
    public void The_readme_fits_one_screen() =>
        Checkout.Read("README.md").Split('\n').Should().HaveCountLessThanOrEqualTo(ReadmeLinesMax);

    private static IEnumerable<string> MissingPaths(string text) =>
        Named().Matches(text).Select(match => match.Groups[1].Value)
            .Where(path => !File.Exists(Checkout.PathOf(path)) && !Directory.Exists(Checkout.PathOf(path)));

    private static IEnumerable<string> BrokenLinks(string path, string text)
    {
        var folder = Path.GetDirectoryName(Checkout.PathOf(path))!;
        return Link().Matches(text).Select(match => match.Groups[1].Value)
            .Where(target => !target.Begins("http"))
            .Where(target => !Path.Exists(Path.Combine(folder, target.Split('#')[0])))
            .Select(target => $"{path}: {target}");
    }

    [GeneratedRegex(@"^\d\. `[^`]+` ", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"`((?:src|tests|docs|samples|profiles)/[^`]+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
