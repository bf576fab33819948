using System.Net;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>The domain's rules at their boundary days, over HTTP, without the clock being moved.</summary>
public sealed class RulesTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly DateOnly Mother = new(1998, 5, 5);

    [Theory]
    [InlineData(31, true)]
    [InlineData(32, false)]
    public async Task R0_a_plan_may_be_sent_31_days_ahead_and_no_more(int ahead, bool taken)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(ahead), Status = "planned" };

        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(plan.Bundle()));

        answer.StatusCode.Should().Be(taken ? HttpStatusCode.OK : HttpStatusCode.UnprocessableEntity);
        (await SeenAsync(plan)).Should().Be(0);
    }

    [Theory]
    [InlineData("9990000019")]
    [InlineData("999000001")]
    [InlineData("AB123456C")]
    public async Task R1_a_look_up_under_no_valid_number_is_refused(string number) =>
        (await (await server.Clinician.TryAsync($"Flag?patient={number}")).ShouldBeRefusedAsync(400)).Codes()
            .Should().Equal("INVALID_NHS_NUMBER");

    [Theory]
    [InlineData(364, 1)]
    [InlineData(365, 1)]
    [InlineData(366, 0)]
    public async Task R2_R4_an_ended_plan_is_shown_as_ended_through_day_365(int daysAgo, int seen)
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(-400), End = server.Today.AddDays(-daysAgo), Status = "finished",
        };
        await server.SubmitAsync(plan);

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}&_include=Flag:detail");

        answer.All("Flag").Select(f => f.Text("status")).Should().Equal(Enumerable.Repeat("inactive", seen));
        answer.All("EpisodeOfCare").Select(e => (e.Text("status"), e["period"]!.Text("end"))).Should()
            .Equal(Enumerable.Repeat(("finished", PlanJson.Day(plan.End!.Value)), seen));
    }

    [Theory]
    [InlineData("Thistlewood", -8)]
    [InlineData("Thistlewood", 0)]
    [InlineData("Unborn Thistlewood", -27)]
    [InlineData("BABY", -27)]
    public async Task R3_an_unborn_plan_under_the_baby_instead_of_the_mother_is_refused(string family, int born)
    {
        var plan = new InventedPlan
        {
            Kind = PlanKind.Unborn, Family = family, BirthDate = server.Today.AddYears(born), Start = server.Today,
        };

        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(plan.Bundle()));

        (await answer.ShouldBeRefusedAsync(422)).Diagnostics().Single().Should().Contain("under the mother");
    }

    [Fact]
    public async Task A_plan_of_somebody_whose_birth_date_lies_in_the_future_is_refused()
    {
        var plan = new InventedPlan { BirthDate = server.Today.AddDays(1), Start = server.Today };

        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(plan.Bundle()));

        (await answer.ShouldBeRefusedAsync(422)).Diagnostics().Single().Should().Contain("future");
    }

    [Theory]
    [InlineData(28, false, 1)]
    [InlineData(29, false, 0)]
    [InlineData(28, true, 1)]
    [InlineData(29, true, 0)]
    public async Task R3_an_unborn_plan_is_shown_until_28_days_after_the_due_date_ended_or_not(
        int daysAgo, bool ended, int seen)
    {
        var plan = new InventedPlan
        {
            Kind = PlanKind.Unborn, BirthDate = Mother, Start = server.Today.AddDays(-200),
            Due = server.Today.AddDays(-daysAgo), End = ended ? server.Today.AddDays(-50) : null,
            Status = ended ? "finished" : "active",
        };
        await server.SubmitAsync(plan);

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        answer.Total().Should().Be(seen);
        answer.Codes().Should().Equal(seen == 1 ? "CONCERNS_UNBORN" : "NO_RECORD_HELD");
    }

    [Theory]
    [InlineData(322, 1)]
    [InlineData(323, 0)]
    public async Task R3_an_unborn_plan_without_due_date_is_shown_until_322_days_after_its_start(int daysAgo, int seen)
    {
        var plan = new InventedPlan
        {
            Kind = PlanKind.Unborn, BirthDate = Mother, Start = server.Today.AddDays(-daysAgo),
        };
        var (episode, _) = await server.SubmitAsync(plan);

        (await SeenAsync(plan)).Should().Be(seen);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode)).Text("status").Should().Be("active");
    }

    [Fact]
    public async Task R3_a_childs_plan_ends_the_plan_under_its_mothers_number_and_neither_number_shows_the_other()
    {
        var unborn = new InventedPlan
        {
            Kind = PlanKind.Unborn, BirthDate = Mother, Start = server.Today.AddDays(-90), Due = server.Today,
        };
        var (mothers, _) = await server.SubmitAsync(unborn);
        var child = new InventedPlan
        {
            Start = server.Today.AddDays(-1), BirthDate = server.Today.AddDays(-3), Follows = unborn.RowId,
        };
        var (childs, _) = await server.SubmitAsync(child);

        var ended = await server.Clinician.GetOkAsync("EpisodeOfCare/" + mothers);
        ended.Text("status").Should().Be("finished");
        ended["period"]!.Text("end").Should().Be(PlanJson.Day(child.Start));
        ended["patient"]!.Text("reference").Should().Be("Patient/" + unborn.Number);
        (await server.Clinician.GetOkAsync($"EpisodeOfCare?patient={child.Number}")).All("EpisodeOfCare").Single()
            .Text("id").Should().Be(childs);
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={unborn.Number}&action=U");
        trail.All("AuditEvent").Single().Text("outcomeDesc").Should().Be("ended by the plan that follows it");
    }

    [Fact]
    public async Task R3_a_plan_of_another_council_cannot_be_followed()
    {
        var unborn = new InventedPlan { Kind = PlanKind.Unborn, BirthDate = Mother, Start = server.Today }.OfLeeds();
        var (mothers, _) = await server.SubmitAsync(unborn);
        var child = new InventedPlan { Start = server.Today, BirthDate = server.Today, Follows = unborn.RowId };

        var answer = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(child.Bundle()));

        await answer.ShouldBeRefusedAsync(422);
        (await server.Leeds.GetOkAsync("EpisodeOfCare/" + mothers)).Text("status").Should().Be("active");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public async Task R6_until_the_day_before_the_eighteenth_birthday_a_tail_is_shown(int daysToBirthday, int seen)
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(-30), BirthDate = server.Today.AddDays(daysToBirthday).AddYears(-18),
        };
        if (seen == 0)
        {
            var late = await server.Lancashire.PostAsync(server.Base, RunningServer.Json(plan.Bundle()));
            (await late.ShouldBeRefusedAsync(422)).Codes().Should().Equal("OVER_AGE");
            return;
        }

        await server.SubmitAsync(plan with { End = server.Today.AddDays(-1), Status = "finished" });
        (await SeenAsync(plan)).Should().Be(seen);
    }

    [Fact]
    public async Task R7_of_two_councils_with_one_kind_health_sees_both_newest_first_and_each_council_its_own()
    {
        var older = new InventedPlan { Start = server.Today.AddDays(-20) };
        var newer = (older with { Start = server.Today.AddDays(-2), RowId = older.RowId + "L" }).OfLeeds();
        var (_, first) = await server.SubmitAsync(older);
        var (_, second) = await server.SubmitAsync(newer);

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={older.Number}");

        answer.All("Flag").Select(f => f.Text("id")).Should().Equal(second, first);
        answer.Diagnostics().Should().Equal("Two councils hold a current plan: contact both.");
        (await server.Lancashire.GetOkAsync($"Flag?patient={older.Number}")).All("Flag").Single().Text("id")
            .Should().Be(first);
        (await server.Leeds.GetOkAsync($"Flag?patient={older.Number}")).All("Flag").Single().Text("id")
            .Should().Be(second);
    }

    [Fact]
    public async Task R8_nothing_held_is_an_answer_with_fixed_words_and_a_record()
    {
        var number = InventedPlan.NewNumber();

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={number}");

        answer.Total().Should().Be(0);
        answer.Diagnostics().Single().Should().StartWith("No record held for this NHS number at ")
            .And.Contain("This does not mean there is no concern. Follow your safeguarding procedure. ");
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&plan-found=false")).Total().Should().Be(1);
    }

    private async Task<int> SeenAsync(InventedPlan plan) =>
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total();
}
