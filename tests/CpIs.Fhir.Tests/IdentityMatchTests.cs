using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests;

/// <summary>The name match of the upload, case by case.</summary>
public sealed class IdentityMatchTests
{
    private static readonly DateOnly Born = new(2019, 2, 28);

    [Theory]
    [InlineData("Oxbarrow|Tamsin Elowen", "Oxbarrow|Tamsin Elowen", "")]
    [InlineData("OXBARROW|tamsin", "Oxbarrow|Tamsin Elowen", "")]
    [InlineData("Oxbarrow|Tamsin Rose", "Oxbarrow|Tamsin Elowen", "")]
    [InlineData("Oxbarrow|Elowen", "Oxbarrow|Tamsin Elowen", "")]
    [InlineData("Oxbarrow|Elowen Tamsin", "Oxbarrow|Tamsin Elowen", "")]
    [InlineData("Oxbarrow|Rose Tamsin", "Oxbarrow|Tamsin Elowen", "given")]
    [InlineData("Oxbarrow|Tam", "Oxbarrow|Tamsin Elowen", "given")]
    [InlineData("Oxbarrow|", "Oxbarrow|Tamsin", "given")]
    [InlineData("Oxbarrow|-", "Oxbarrow|-", "given")]
    [InlineData("-|Tamsin", "-|Tamsin", "family")]
    [InlineData("Oxborrow|Tamsin", "Oxbarrow|Tamsin", "family")]
    [InlineData("Dúnlane|Séraphine", "DUNLANE|SERAPHINE", "")]
    [InlineData("O'Dell-Marsh|Anne-Marie", "ODELL MARSH|Anne Marie", "")]
    [InlineData("Wałęsa|Søren", "Walesa|Soren", "")]
    [InlineData("Weiß|Þora", "WEISS|Thora", "")]
    [InlineData("Copperlane|Zofia", "Ebonwell|Zofia / Copperlane|Zofia", "")]
    [InlineData("Copperlane|Zofia", "Copperlane|Halina / Ebonwell|Zofia", "given")]
    public void A_name_verifies_when_one_known_name_has_its_family_and_its_given_names(
        string said, string known, string differing) =>
        IdentityMatch.Differing(Name(said), Born, [.. known.Split(" / ").Select(Name)], Born)
            .Should().Equal(Words(differing));

    [Fact]
    public void Another_birth_date_is_named_beside_the_name()
    {
        KnownName[] known = [Name("Oxbarrow|Tamsin")];

        IdentityMatch.Differing(known[0], Born.AddDays(1), known, Born).Should().Equal("birthDate");
        IdentityMatch.Differing(Name("Kilnsby|Tamsin"), Born.AddDays(1), known, Born)
            .Should().Equal("family", "birthDate");
    }

    [Fact]
    public void What_a_register_does_not_know_does_not_verify()
    {
        IdentityMatch.Differing(Name("Oxbarrow|Tamsin"), Born, [Name("Oxbarrow|Tamsin")], null)
            .Should().Equal("birthDate");
        IdentityMatch.Differing(Name("Oxbarrow|Tamsin"), Born, [], Born).Should().Equal("family");
    }

    private static KnownName Name(string text) => new(text.Split('|')[0], Words(text.Split('|')[1]));

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
