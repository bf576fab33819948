using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>What the passing of days does to what a clinician sees, over HTTP, the clock moved by the test.</summary>
public sealed class DaysTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task R0_R2_a_plan_is_unseen_before_its_start_active_from_it_ended_at_its_end_and_gone_after_day_365()
    {
        var start = server.Today.AddDays(1);
        var plan = new InventedPlan { Start = start, End = start.AddDays(3), Status = "planned" };
        var (episode, flag) = await server.SubmitAsync(plan);
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        (await server.Lancashire.GetOkAsync("Flag/" + flag)).Text("status").Should().Be("inactive");

        server.Clock.Move(TimeSpan.FromDays(1));
        (await StatusAsync(plan)).Should().Be("active");
        (await server.Clinician.GetOkAsync("EpisodeOfCare/" + episode)).Text("status").Should().Be("active");

        server.Clock.Move(TimeSpan.FromDays(3));
        (await StatusAsync(plan)).Should().Be("inactive");

        server.Clock.Move(TimeSpan.FromDays(365));
        (await StatusAsync(plan)).Should().Be("inactive");

        server.Clock.Move(TimeSpan.FromDays(1));
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        await (await server.Clinician.TryAsync("Flag/" + flag)).ShouldBeRefusedAsync(404);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode)).Text("status").Should().Be("finished");
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Diagnostics().Single()
            .Should().Contain("5 of 5 councils have sent nothing for 3 days or more");
    }

    [Fact]
    public async Task R6_on_the_eighteenth_birthday_the_record_ends_by_itself()
    {
        var plan = new InventedPlan
        {
            Start = server.Today, Kind = PlanKind.LookedAfter, BirthDate = server.Today.AddDays(1).AddYears(-18),
        };
        var (episode, _) = await server.SubmitAsync(plan);
        (await StatusAsync(plan)).Should().Be("active");

        server.Clock.Move(TimeSpan.FromDays(1));

        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(0);
        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        ended["period"]!.Text("end").Should().Be(PlanJson.Day(server.Today));
    }

    private async Task<string> StatusAsync(InventedPlan plan) =>
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).All("Flag").Single().Text("status");
}
