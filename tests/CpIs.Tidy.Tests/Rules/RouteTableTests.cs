using CpIs.Server;
using CpIs.Server.Access;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class RouteTableTests
{
    private static readonly IEnumerable<Route> All = Routes.Table.Concat(Routes.Log);

    private static readonly Route Good = Routes.Table.First(route => route.Resource == "Flag");

    [Fact]
    public void Every_route_says_who_may_come_in_and_what_it_shows() =>
        All.Should().NotBeEmpty().And.Subject.SelectMany(RouteTable.Faults).Should().BeEmpty();

    [Fact]
    public void No_two_routes_stand_at_one_place() =>
        All.Select(route => $"{route.Method} {route.Prefix}{route.Path}").Should().OnlyHaveUniqueItems();

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
        RouteTable.Faults(Routes.Log.First(route => route.Path.EndsWith("/entries", StringComparison.Ordinal)) with
        {
            Discloses = Discloses.Nothing,
        }).Should().ContainSingle().Which.Should().Contain("nothing");
    }

    [Theory]
    [InlineData("app.MapGet(\"/flags\", () => 1);")]
    [InlineData("app.MapMethods(path, methods, Answer);")]
    public void A_route_mapped_beside_the_table_is_found(string line) =>
        RouteTable.MappedElsewhere(new SourceFile("src/CpIs.Server/A.cs", $"class A {{ void B() {{ {line} }} }}"))
            .Should().ContainSingle();
}
