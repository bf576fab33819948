using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>A sandbox of the whole country: as many councils as are asked for, each with a client of its own.</summary>
public sealed class InventedCouncilsTests(SandboxOfManyCouncils sandbox) : IClassFixture<SandboxOfManyCouncils>
{
    [Fact]
    public async Task Each_council_is_live_and_uploads_under_its_own_code()
    {
        var number = InventedPlan.NewNumber();
        var councils = await sandbox.AskAsync("sandbox-auditor", "Organization?name=Invented Council&_count=200");
        councils["total"]!.GetValue<int>().Should().Be(149, "the samples have one of that name");

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(
            "FHIR/R4/$submit-caseload?submission=first&extracted=2026-01-05T06:00:00Z", UriKind.Relative));
        request.Headers.Authorization =
            new AuthenticationHeaderValue("Bearer", await sandbox.TokenAsync("sandbox-council-zz153"));
        request.Content = new StringContent("row_id,nhs_number,family,given,birth_date,plan,start\r\n"
            + $"R1,{number},Marshgate,Rowan,2018-04-05,looked-after,2026-01-05\r\n", Encoding.UTF8, "text/csv");
        using var accepted = await sandbox.Client.SendAsync(request);
        accepted.EnsureSuccessStatusCode();

        var found = 0;
        for (var attempt = 0; attempt < 100 && found == 0; attempt++)
        {
            await Task.Delay(100);
            var answer = await sandbox.AskAsync("sandbox-ed-clinician", "Flag?patient=" + number);
            found = answer["total"]!.GetValue<int>();
        }

        found.Should().Be(1, "the council is live");
    }

    [Theory]
    [InlineData("sandbox-council-zz154")]
    [InlineData("sandbox-council-zz000")]
    [InlineData("sandbox-council-zz1")]
    [InlineData("sandbox-council-zz+01")]
    public async Task A_council_that_was_not_asked_for_has_no_client(string clientId)
    {
        var asking = () => sandbox.TokenAsync(clientId);

        await asking.Should().ThrowAsync<HttpRequestException>();
    }

    [Theory]
    [InlineData("201", true)]
    [InlineData("0", true)]
    [InlineData("many", true)]
    [InlineData("5", false)]
    public void Councils_are_counted_within_bounds_and_only_in_the_sandbox(string count, bool isSandbox)
    {
        var read = () => ServerOptions.Read(["--councils", count], new ConfigurationBuilder().Build(), isSandbox);

        read.Should().Throw<ArgumentException>();
    }
}

/// <summary>The sandbox with the councils of England, and without samples.</summary>
public sealed class SandboxOfManyCouncils : OpenSandbox
{
    private protected override ServerOptions Set(ServerOptions options) =>
        options with { Councils = 153, Samples = false };
}
