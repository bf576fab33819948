using FluentAssertions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class CatchesTests
{
    [Fact]
    public void Only_the_named_places_catch_everything() =>
        Checkout.Product.SelectMany(Catches.Faults).Should().BeEmpty();

    [Fact]
    public void A_named_place_holds_one_broad_catch_at_most() =>
        Checkout.Product.SelectMany(file => file.Nodes<CatchClauseSyntax>().Where(Catches.IsBroad)
                .Select(clause => Catches.PlaceOf(file, clause)))
            .Should().OnlyHaveUniqueItems();

    [Fact]
    public void A_place_that_no_longer_catches_everything_is_taken_off_the_list()
    {
        var places = Checkout.Product.SelectMany(file => file.Nodes<CatchClauseSyntax>().Where(Catches.IsBroad)
            .SelectMany(clause => new[] { file.Path, Catches.PlaceOf(file, clause) }));

        Catches.Allowed.Keys.Should().BeSubsetOf(places);
    }

    [Theory]
    [InlineData("catch { }")]
    [InlineData("catch (Exception) { }")]
    [InlineData("catch (System.Exception e) { }")]
    [InlineData("catch (Exception e) when (e is not OperationCanceledException) { }")]
    [InlineData("catch (Exception) when (!token.IsCancellationRequested) { }")]
    [InlineData("catch (Exception e) when (!Failure.IsCertain(e)) { }")]
    [InlineData("catch (Exception e) { if (e is IOException) { throw; } }")]
    public void A_catch_of_everything_is_refused(string clause) =>
        Catches.Faults(InMethod(clause)).Should().ContainSingle().Which.Should().Contain("src/CpIs.Server/A.cs:B");

    [Theory]
    [InlineData("catch (NpgsqlException) { }")]
    [InlineData("catch (Exception e) when (e is NpgsqlException or IOException) { }")]
    [InlineData("catch (Exception e) when (e is NpgsqlException) { }")]
    [InlineData("catch (Exception e) when (Failure.IsBadEntry(e)) { }")]
    [InlineData("catch { Clean(); throw; }")]
    public void A_catch_that_names_what_it_expects_is_welcome(string clause) =>
        Catches.Faults(InMethod(clause)).Should().BeEmpty();

    private static SourceFile InMethod(string clause) =>
        new("src/CpIs.Server/A.cs", $"class A {{ void B() {{ try {{ }} {clause} }} }}");
}
