using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class ShapesTests
{
    [Fact]
    public void Types_are_hidden_closed_and_introduced()
    {
        var parents = Shapes.DerivedFrom(Checkout.Product);

        Checkout.Product.SelectMany(file => Shapes.Faults(file, parents)).Should().BeEmpty();
    }

    [Fact]
    public void No_interface_stands_before_its_second_implementation() =>
        Shapes.EarlyInterfaces([.. Checkout.Product]).Should().BeEmpty();

    [Theory]
    [InlineData("public sealed class A { int b; }", "is public")]
    [InlineData("internal class A { int b; }", "is open")]
    [InlineData("internal record A(int B);", "is open")]
    [InlineData("internal sealed class A { public int B { get; init; } }", "make it a record")]
    [InlineData("internal sealed class A { readonly int b; public A(int b) { this.b = b; } }", "primary constructor")]
    public void A_type_declared_carelessly_is_named(string code, string fault) =>
        Shapes.Faults(new SourceFile("src/CpIs.Server/A.cs", "/// <summary>It is, because.</summary>\n" + code), Nobody)
            .Should().ContainSingle().Which.Should().Contain(fault);

    [Fact]
    public void A_type_without_its_sentence_is_named() =>
        Shapes.Faults(new SourceFile("src/CpIs.Server/A.cs", "internal sealed class A { int b; }"), Nobody)
            .Should().ContainSingle().Which.Should().Contain("does not open with a sentence");

    [Theory]
    [InlineData("internal sealed class A(int b) { public int C() => b; }")]
    [InlineData("internal sealed record A(int B);")]
    [InlineData("internal readonly record struct A(int B);")]
    [InlineData("internal static class A { public static int B => 1; }")]
    [InlineData("internal enum A { One }")]
    public void A_type_declared_with_care_is_left_alone(string code) =>
        Shapes.Faults(new SourceFile("src/CpIs.Server/A.cs", "// It is, because.\n" + code), Nobody).Should().BeEmpty();

    [Fact]
    public void A_type_that_another_derives_from_may_be_open()
    {
        var parents = Shapes.DerivedFrom([new SourceFile("src/CpIs.Server/C.cs", "internal sealed class C : A { }")]);

        Shapes.Faults(new SourceFile("src/CpIs.Server/A.cs", "// It is.\ninternal class A { int b; }"), parents)
            .Should().BeEmpty();
    }

    [Fact]
    public void A_constructor_that_only_its_own_project_may_call_is_written_out() =>
        Shapes.Faults(new SourceFile(
            "src/CpIs.Audit/A.cs", "// It is.\npublic sealed class A { int b; internal A(int c) { b = c; } }"), Nobody)
            .Should().BeEmpty();

    [Fact]
    public void The_language_and_the_ledger_may_show_types_to_others() =>
        Shapes.Faults(new SourceFile("src/CpIs.Fhir/A.cs", "// It is.\npublic sealed class A { int b; }"), Nobody)
            .Should().BeEmpty();

    [Theory]
    [InlineData("interface IA { }", 1)]
    [InlineData("interface IA { } class B : IA { }", 1)]
    [InlineData("interface IA { } class B : IA { } class C : IA { }", 0)]
    [InlineData("interface IA<T> { } class B : IA<int> { } record C(int D) : IA<string>;", 0)]
    public void An_interface_needs_two_implementations(string code, int faults) =>
        Shapes.EarlyInterfaces([new SourceFile("src/CpIs.Server/A.cs", code)]).Should().HaveCount(faults);

    private static readonly HashSet<string> Nobody = [];
}
