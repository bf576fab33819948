using CpIs.Server.Access;
using CpIs.Server.Database;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>How many people are too many is the operator's to say, and a slip of the hand stops the start.</summary>
public sealed class BrowsingOptionsTests
{
    [Fact]
    public void What_is_not_said_is_ten_an_hour_through_a_shift_and_nobody_is_refused() =>
        Read().Should().Be(new BrowsingOptions { PatientsMax = 120, WindowMinutes = 720, Refuse = false });

    [Fact]
    public void What_is_said_is_taken() => Read(("PatientsMax", "40"), ("WindowMinutes", "60"), ("Refuse", "true"))
        .Should().Be(new BrowsingOptions { PatientsMax = 40, WindowMinutes = 60, Refuse = true });

    [Theory]
    [InlineData("PatientsMax", "many")]
    [InlineData("PatientsMax", "-1")]
    [InlineData("PatientsMax", "1001")]
    [InlineData("WindowMinutes", "0")]
    [InlineData("WindowMinutes", "10081")]
    [InlineData("Refuse", "yes")]
    public void A_setting_that_cannot_be_meant_stops_the_start(string name, string value)
    {
        var read = () => Read((name, value));

        read.Should().Throw<StartRefusedException>().WithMessage($"Browsing:{name}*");
    }

    [Fact]
    public void Where_nobody_counts_nobody_is_beyond()
    {
        var browsing = new Browsing(
            new ServerOptions { Browsing = new() { PatientsMax = 0 } }, new MovableClock());

        browsing.Count(new() { Kind = "rest", Interaction = "read", Action = 'R', Unscheduled = true,
            AgentUserId = "999100000001", Organisation = "RXR", NhsNumber = "9990000018" });

        browsing.Stirred().Should().BeEmpty();
    }

    private static BrowsingOptions Read(params (string Name, string Value)[] settings) =>
        BrowsingOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(s => KeyValuePair.Create("Browsing:" + s.Name, (string?)s.Value))).Build());
}
