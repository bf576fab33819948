using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests;

/// <summary>A rule that reads nothing finds nothing; so the reading itself is checked.</summary>
public sealed class CheckoutTests
{
    [Fact]
    public void The_rules_read_the_whole_project_and_only_the_project()
    {
        Checkout.Files.Should().Contain([
            "CpIs.sln", ".editorconfig", "src/CpIs.Server/Program.cs", "src/CpIs.Audit/Sealed.cs",
            "samples/caseloads/leeds.csv", "tests/CpIs.Tidy.Tests/CheckoutTests.cs"]);
        Checkout.Files.Should().NotContain(path => path.Holds("/bin/") || path.Holds("/obj/") || path.Holds(".git/"));
    }

    [Fact]
    public void The_compiler_reads_every_source_without_an_error() =>
        Checkout.Sources.SelectMany(file => file.Unit.GetDiagnostics().Select(found => $"{file.Path}: {found}"))
            .Should().BeEmpty();

    [Fact]
    public void The_product_is_among_the_sources() =>
        Checkout.Product.Select(file => file.Path).Should().Contain("src/CpIs.Audit/Sealed.cs")
            .And.OnlyContain(path => path.Begins("src/"));
}
