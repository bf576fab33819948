using System.Diagnostics;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Patients;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary>R17: which council is told of what, and what a notice says.</summary>
public sealed class ToldTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly TimeSpan NothingComes = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_look_in_the_emergency_department_is_told_within_two_seconds()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(server.Lancashire);
        var plan = await PlanAsync();

        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        var looked = Stopwatch.GetTimestamp();

        var told = (await receiver.EventsAsync(1)).Should().ContainSingle().Which;
        Stopwatch.GetElapsedTime(looked, told.At).Should().BeLessThan(TimeSpan.FromSeconds(2));
        told.Numbers.Should().Equal(1);
        told.Bundle.Text("type").Should().Be("history");
        var look = told.Bundle.All("AuditEvent").Should().ContainSingle().Which;
        Received.Focus(told.Events.Single()).Should().Be("AuditEvent/" + look.Text("id"));
        look.ToJsonString().Should().Contain("Dr Imogen Thackaway").And.Contain("Emergency Medicine Doctor");
        told.Bundle.All("Flag").Single().Text("status").Should().Be("active");
        told.Bundle.All("EpisodeOfCare").Single()["identifier"]![0]!.Text("value").Should().Be(plan.RowId);
        told.Bundle.All("Patient").Single().ToJsonString().Should().Contain(plan.Number);
        told.Bundle.All("Organization").Single().ToJsonString().Should().Contain("RXR");
        told.Bundle.Diagnostics().Single().Should().StartWith("Viewed");
    }

    [Fact]
    public async Task The_councils_own_number_for_the_child_is_in_the_notice()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(server.Lancashire);
        var plan = await PlanAsync();
        var patient = plan.Patient();
        patient["identifier"]!.AsArray().Add(new JsonObject
        {
            ["type"] = new JsonObject
            {
                ["coding"] = new JsonArray(new JsonObject
                {
                    ["system"] = "http://terminology.hl7.org/CodeSystem/v2-0203", ["code"] = "PI",
                }),
            },
            ["system"] = Systems.CouncilPerson + plan.Council,
            ["value"] = "P-4711",
        });
        var put = await server.Lancashire.PutAsync(
            new Uri("Patient/" + plan.Number, UriKind.Relative), RunningServer.Json(patient));
        put.IsSuccessStatusCode.Should().BeTrue(await put.Content.ReadAsStringAsync());

        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        (await receiver.EventsAsync(1)).Single().Bundle.All("Patient").Single().ToJsonString()
            .Should().Contain("P-4711");
    }

    [Fact]
    public async Task A_school_nurses_look_a_repeat_and_an_empty_look_are_told_to_nobody()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(server.Lancashire);
        var (plan, last) = (await PlanAsync(), await PlanAsync());

        await server.Nurse.GetOkAsync($"Flag?patient={plan.Number}");
        await server.Clinician.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}");
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        await server.Clinician.GetOkAsync($"EpisodeOfCare?patient={plan.Number}");
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        await server.Clinician.GetOkAsync($"Flag?patient={last.Number}");

        var told = await receiver.EventsAsync(2);
        await Task.Delay(NothingComes);
        receiver.Numbers.Should().Equal(1, 2);
        told.SelectMany(t => t.Bundle.All("EpisodeOfCare")).Select(e => e["identifier"]![0]!.Text("value"))
            .Should().Equal(plan.RowId, last.RowId);
    }

    [Fact]
    public async Task Another_doctor_and_the_same_one_a_day_later_are_told_again()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(own.Server.Lancashire);
        var plan = new InventedPlan { Start = own.Server.Today.AddDays(-3) };
        await own.Server.SubmitAsync(plan);

        await own.Server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        await own.Server.Another("RX2").GetOkAsync($"Flag?patient={plan.Number}");
        await receiver.EventsAsync(2);
        own.Server.Clock.Move(TimeSpan.FromHours(25));
        await own.Server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        await receiver.EventsAsync(3);
        receiver.Numbers.Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task An_attendance_is_told_as_attended_once_for_each_version()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Topic = "attendance", Endpoint = receiver.Address }
            .ActivateAsync(server.Lancashire);
        var plan = await PlanAsync();
        var attended = new InventedEncounter { Number = plan.Number, Start = server.Clock.GetUtcNow().AddHours(-1) };

        var id = await attended.ReportAsync(server.Clinician);
        await attended.PutAsync(server.Clinician, id);
        await (attended with { Status = "finished" }).PutAsync(server.Clinician, id);

        var told = await receiver.EventsAsync(2);
        await Task.Delay(NothingComes);
        receiver.Numbers.Should().Equal(1, 2);
        told.SelectMany(t => t.Events).Select(Received.Focus).Should().AllBe("Encounter/" + id);
        var first = told[0].Bundle;
        first.All("Encounter")[0].ToJsonString().Should().Contain("emergency-department");
        first.Diagnostics()[0].Should().StartWith("Attended");
        first.All("EpisodeOfCare")[0]["identifier"]![0]!.Text("value").Should().Be(plan.RowId);
    }

    [Fact]
    public async Task Two_councils_with_a_plan_are_both_told_and_neither_hears_of_the_other()
    {
        await using var lancashire = await LoopbackReceiver.StartAsync();
        await using var leeds = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Endpoint = lancashire.Address }.ActivateAsync(server.Lancashire);
        await new InventedSubscription { Endpoint = leeds.Address }.ActivateAsync(server.Leeds);
        var plan = await PlanAsync();
        var other = (plan with { RowId = "LEEDS-7" }).OfLeeds();
        await server.SubmitAsync(other);

        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        var toLancashire = (await lancashire.EventsAsync(1)).Single().Bundle.ToJsonString();
        var toLeeds = (await leeds.EventsAsync(1)).Single().Bundle.ToJsonString();
        toLancashire.Should().Contain(plan.RowId).And.NotContain("LEEDS-7").And.NotContain("ZZ002");
        toLeeds.Should().Contain("LEEDS-7").And.NotContain(plan.RowId + "\"").And.NotContain("ZZ001");
        toLeeds.ToUpperInvariant().Should().NotContain("LANCASHIRE COUNTY");
    }

    [Fact]
    public async Task An_open_unborn_plan_is_told_of_fourteen_days_before_it_lapses_and_when_it_does()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Topic = "plan-lapse", Endpoint = receiver.Address }
            .ActivateAsync(own.Server.Lancashire);
        var due = own.Server.Today;
        var plan = new InventedPlan
        {
            Start = own.Server.Today.AddDays(-30), Kind = PlanKind.Unborn, Due = due, BirthDate = new(1995, 3, 4),
        };
        var (episode, _) = await own.Server.SubmitAsync(plan);

        own.Server.Clock.Move(TimeSpan.FromDays(Visibility.AfterDueDays + 1 - 15));
        await Task.Delay(NothingComes);
        receiver.Numbers.Should().BeEmpty("there are fifteen days left");
        own.Server.Clock.Move(TimeSpan.FromDays(1));
        var ahead = (await receiver.EventsAsync(1)).Should().ContainSingle().Which;
        own.Server.Clock.Move(TimeSpan.FromDays(14));
        var lapsed = (await receiver.EventsAsync(2))[^1];
        await Task.Delay(NothingComes);

        receiver.Numbers.Should().Equal(1, 2);
        Received.Focus(ahead.Events.Single()).Should().Be("EpisodeOfCare/" + episode);
        ahead.Bundle.Diagnostics().Single().Should()
            .Contain($"lapses on {PlanJson.Day(due.AddDays(Visibility.AfterDueDays + 1))}");
        lapsed.Bundle.Diagnostics().Single().Should().Contain("lapsed on");
    }

    [Fact]
    public async Task A_superseded_number_is_told_to_the_council_that_holds_a_plan_under_it()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await using var leeds = await LoopbackReceiver.StartAsync();
        await new InventedSubscription { Topic = "person-change", Endpoint = receiver.Address }
            .ActivateAsync(server.Lancashire);
        await new InventedSubscription { Topic = "person-change", Endpoint = leeds.Address }
            .ActivateAsync(server.Leeds);
        var plan = await PlanAsync();
        var successor = InventedPlan.NewNumber();

        await server.Services.GetRequiredService<Supersede>().TakeAsync(
            [new NumberState(Number(plan.Number), Number(successor))], "the register of a test",
            new() { Kind = "rest", Interaction = "operation", Action = 'E' });

        var told = (await receiver.EventsAsync(1)).Should().ContainSingle().Which;
        Received.Focus(told.Events.Single()).Should().Be("Patient/" + plan.Number);
        var link = told.Bundle.All("Patient").Single()["link"]![0]!;
        link.Text("type").Should().Be("replaced-by");
        link["other"]!.Text("reference").Should().Be("Patient/" + successor);
        told.Bundle.All("EpisodeOfCare").Should().ContainSingle();
        leeds.Numbers.Should().BeEmpty();
    }

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("No NHS number.");

    private async Task<InventedPlan> PlanAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        return plan;
    }
}
