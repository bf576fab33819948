using CpIs.Server;
using CpIs.Server.Access;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class RouteTableTests
{
    private static readonly Route Good = Routes.Table.First(route => route.Resource == "Flag");

    [Fact]
    public void Every_route_says_who_may_come_in_and_what_it_shows() =>
        Routes.Table.Should().NotBeEmpty().And.Subject.SelectMany(RouteTable.Faults).Should().BeEmpty();

    [Fact]
    public void No_two_routes_stand_at_one_place() =>
        Routes.Table.Select(route => $"{route.Method} {route.Path}").Should().OnlyHaveUniqueItems();

    [Fact]
    public void No_route_is_mapped_beside_the_table() =>
        Checkout.Product.SelectMany(RouteTable.MappedElsewhere).Should().BeEmpty();

    [Fact]
    public void A_route_that_forgets_something_is_found()
    {
        RouteTable.Faults(Good with { Who = 0 }).Should().ContainSingle().Which.Should().Contain("nobody");
        RouteTable.Faults(Good with { Who = Who.Public }).Should().ContainSingle().Which.Should().Contain("everybody");
        RouteTable.Faults(Good with { Discloses = Discloses.Nothing }).Should().ContainSingle();
        RouteTable.Faults(Good with { Letter = null }).Should().ContainSingle().Which.Should().Contain("scope");
        RouteTable.Faults(Good with { Resource = "AuditEvent", Discloses = Discloses.Nothing }).Should()
            .ContainSingle();
    }

    [Theory]
    [InlineData("app.MapGet(\"/flags\", () => 1);")]
    [InlineData("app.MapMethods(path, methods, Answer);")]
    public void A_route_mapped_beside_the_table_is_found(string line) =>
        RouteTable.MappedElsewhere(new SourceFile("src/CpIs.Server/A.cs", $"class A {{ void B() {{ {line} }} }}"))
            .Should().ContainSingle();
}
