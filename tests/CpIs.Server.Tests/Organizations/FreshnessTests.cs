using System.Net;
using CpIs.Server.Organizations;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Organizations;

/// <summary>"Have sent nothing for 3 days or more": which councils an empty answer names.</summary>
public sealed class FreshnessTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_council_is_fresh_for_three_days_after_a_write_and_the_clock_sends_nothing_in_its_name()
    {
        var turning = new InventedPlan { Start = server.Today.AddDays(3), Status = "planned" };
        (await SilentAsync()).Should().Contain("Lancashire");

        await server.SubmitAsync(turning);
        server.Clock.Move(TimeSpan.FromSeconds(2));
        (await SilentAsync()).Should().NotContain("Lancashire").And.Contain("Sheffield");

        server.Clock.Move(TimeSpan.FromDays(3) - TimeSpan.FromMinutes(1));
        (await SilentAsync()).Should().NotContain("Lancashire");
        server.Clock.Move(TimeSpan.FromMinutes(2));
        await TurnedAsync(turning);
        (await SilentAsync()).Should().Contain("Lancashire");
    }

    [Fact]
    public async Task A_write_that_changes_nothing_was_sent_and_a_refused_one_was_not_also_after_a_restart()
    {
        var plan = new InventedPlan { Start = server.Today }.OfLeeds();
        var (episode, _) = await server.SubmitAsync(plan);
        server.Clock.Move(TimeSpan.FromDays(4));
        (await SilentAsync()).Should().Contain("Leeds");

        (await PutAsync(episode, plan with { Status = "planned" })).Should().Be(HttpStatusCode.UnprocessableEntity);
        (await server.Leeds.GetOkAsync("EpisodeOfCare/" + episode)).Text("status").Should().Be("active");
        server.Clock.Move(TimeSpan.FromSeconds(2));
        (await SilentAsync()).Should().Contain("Leeds");

        (await PutAsync(episode, plan)).Should().Be(HttpStatusCode.OK);
        server.Clock.Move(TimeSpan.FromSeconds(2));
        (await SilentAsync()).Should().NotContain("Leeds");
        using var restarted = new Register(server.Services.GetRequiredService<OrganizationStore>(), server.Clock);
        (await restarted.CouncilsAsync()).Coverage(server.Clock.GetUtcNow()).Should().NotContain("Leeds");
    }

    private async Task<HttpStatusCode> PutAsync(string episode, InventedPlan plan) =>
        (await server.Leeds.PutAsync(
            new Uri("EpisodeOfCare/" + episode, UriKind.Relative), RunningServer.Json(plan.Episode()))).StatusCode;

    private async Task<string> SilentAsync() =>
        (await server.Clinician.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}")).Diagnostics().Single();

    /// <summary>Waits until the clock worker has written the plan.</summary>
    private async Task TurnedAsync(InventedPlan plan)
    {
        while ((await server.Lancashire.GetOkAsync($"EpisodeOfCare?patient={plan.Number}")).All("EpisodeOfCare")
            .Single()["meta"]!.Text("versionId") == "1")
        {
            await Task.Delay(100);
        }
    }
}
