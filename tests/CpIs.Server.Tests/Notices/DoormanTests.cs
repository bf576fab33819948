using System.Net;
using CpIs.Server.Notices;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary>Outside the sandbox no notice goes anywhere but to a listed host at a public address.</summary>
public sealed class DoormanTests
{
    private static readonly Doorman Production = new(new()
    {
        Notices = new() { Hosts = ["notices.council.example", "other.example:8443"] },
    });

    [Theory]
    [InlineData("https://notices.council.example/in", true)]
    [InlineData("https://NOTICES.council.example/in", true)]
    [InlineData("https://other.example:8443/in", true)]
    [InlineData("https://other.example/in", false)]
    [InlineData("https://notices.council.example:8443/in", false)]
    [InlineData("http://notices.council.example/in", false)]
    [InlineData("https://notices.council.example.evil.example/in", false)]
    [InlineData("https://notices.council.example@evil.example/in", false)]
    [InlineData("https://localhost/in", false)]
    [InlineData("http://127.0.0.1/in", false)]
    [InlineData("https://[::1]/in", false)]
    public void An_endpoint_must_be_https_and_on_the_list(string endpoint, bool allowed) =>
        (Production.Refusal(new Uri(endpoint)) is null).Should().Be(allowed);

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    public void A_resolved_address_must_be_a_public_one(string address, bool allowed) =>
        Production.Allows(IPAddress.Parse(address)).Should().Be(allowed);

    [Fact]
    public void An_operator_may_name_a_private_network_and_opens_no_other()
    {
        var inside = new Doorman(new() { Notices = new() { Networks = [IPNetwork.Parse("10.20.0.0/16")] } });

        inside.Allows(IPAddress.Parse("10.20.3.4")).Should().BeTrue();
        inside.Allows(IPAddress.Parse("10.21.3.4")).Should().BeFalse();
        inside.Allows(IPAddress.Loopback).Should().BeFalse();
    }

    /// <summary>The name passes the list, and what it stands for is this machine.</summary>
    [Fact]
    public async Task A_listed_name_that_leads_inside_is_not_connected_to()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        using var receivers = new Receivers(Production);
        var wish = new Wish
        {
            Topic = Topic.Access, Reason = "A test", Payload = "application/fhir+json", Content = "empty",
            Endpoint = new Uri($"http://localhost:{receiver.Address.Port}/notices"),
        };

        var why = await receivers.PostAsync(wish, "{}"u8.ToArray(), "1", CancellationToken.None);

        why.Should().NotBeNull();
        receiver.Asked.Should().Be(0);
    }
}
