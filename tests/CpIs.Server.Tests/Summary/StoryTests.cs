using System.Text.Json.Nodes;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Patients;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Summary;

/// <summary>What the service is for, told from end to end over HTTP with the sandbox's personas.</summary>
public sealed class StoryTests : IAsyncLifetime
{
    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    /// <summary>
    /// Council submits, clinician looks up, EPR reports; the fourth attendance prompts; a nurse looks silently; the
    /// plan
    /// ends and its year passes; the auditor tells it all.
    /// </summary>
    [Fact]
    public async Task A_child_on_a_plan_comes_to_the_emergency_department_four_times()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-30) };
        var (episode, flag) = await server.SubmitAsync(plan);

        var first = await SummaryAsync("sandbox-ed-clinician", plan.Number);
        first.All("Flag").Single().Text("id").Should().Be(flag);
        first.All("Organization").Single()["telecom"]!.AsArray().Should().HaveCount(2);
        first.All("AuditEvent").Should().ContainSingle("the present look stands in the history");
        first.All("Observation").Single()["dataAbsentReason"].Should().NotBeNull("nobody has reported yet");

        for (var attendance = 1; attendance <= 4; attendance++)
        {
            await ReportAsync(plan.Number);
            var count = (await SummaryAsync("sandbox-ed-clinician", plan.Number)).All("Observation").Single();
            count["valueInteger"]!.GetValue<int>().Should().Be(attendance);
            count["focus"]!.AsArray().Should().HaveCount(attendance);
            (count["interpretation"] is not null).Should().Be(attendance == 4, "the rule is four in a year");
            server.Clock.Move(TimeSpan.FromDays(2));
        }

        var prompt = (await SummaryAsync("sandbox-ed-clinician", plan.Number)).All("Observation").Single();
        prompt["referenceRange"]![0]!["high"]!["value"]!.GetValue<int>().Should().Be(4);
        prompt["referenceRange"]![0]!.Text("text").Should().Contain("four-in-a-year, version 1");
        prompt["note"]![0]!.Text("text").Should()
            .Be("4 attendances reported by 1 organisations; others may not report.");

        var before = await HistoryAsync(plan.Number);
        await SummaryAsync("sandbox-school-nurse", plan.Number);
        (await HistoryAsync(plan.Number)).Should().Equal(before, "a silent look enters no history");

        await EndAsync(plan, episode);
        server.Clock.Move(TimeSpan.FromDays(365));
        (await SummaryAsync("sandbox-ed-clinician", plan.Number)).All("Flag").Single().Text("status")
            .Should().Be("inactive", "on day 365 it is shown, as ended");
        server.Clock.Move(TimeSpan.FromDays(1));
        var over = await SummaryAsync("sandbox-ed-clinician", plan.Number);
        over.Total().Should().Be(0);
        over.All("AuditEvent").Should().BeEmpty();
        over.All("Observation").Should().BeEmpty();
        over.Codes().Should().Contain("NO_RECORD_HELD");

        await AuditedAsync(plan.Number, looks: 8, reports: 4);
    }

    /// <summary>The mother's unborn plan, the birth, the child's own plan that follows it.</summary>
    [Fact]
    public async Task A_baby_is_born_and_its_own_plan_follows_the_unborn_one()
    {
        var unborn = new InventedPlan
        {
            Kind = PlanKind.Unborn, Start = server.Today.AddDays(-60), Due = server.Today.AddDays(3),
            BirthDate = new(1999, 2, 3), Family = "Marlowe",
        };
        await server.SubmitAsync(unborn);
        (await SummaryAsync("sandbox-ed-clinician", unborn.Number)).Codes().Should().Contain("CONCERNS_UNBORN");

        server.Clock.Move(TimeSpan.FromDays(1));
        var born = server.Today;
        var child = InventedPlan.NewNumber();
        var newborn = await SummaryAsync("sandbox-ed-clinician", child, born: born);
        newborn.Total().Should().Be(0);
        newborn.Diagnostics().Should().Contain(Words.LookUpMother);
        (await SummaryAsync("sandbox-ed-clinician", child, unborn.Number, born)).Total()
            .Should().Be(1, "the mother was looked up as well");

        server.Clock.Move(TimeSpan.FromDays(1));
        await server.SubmitAsync(new InventedPlan
        {
            Number = child, Start = server.Today, BirthDate = born, Family = "Marlowe", Follows = unborn.RowId,
        });

        (await SummaryAsync("sandbox-ed-clinician", child)).All("Flag").Single().Text("status").Should().Be("active");
        var mother = await SummaryAsync("sandbox-ed-clinician", unborn.Number);
        mother.All("Flag").Single().Text("status").Should().Be("inactive", "it ended in the same commit");
        mother.All("EpisodeOfCare").Single().Text("status").Should().Be("finished");
        var ended = await server.Auditor.GetOkAsync($"AuditEvent?patient={unborn.Number}&subtype=update");
        ended.All("AuditEvent").Should().NotBeEmpty("the end of the unborn plan is recorded under the mother");
    }

    /// <summary>One person under two numbers; then an adoption, which nothing may lead back from.</summary>
    [Fact]
    public async Task A_number_is_superseded_and_another_child_is_adopted()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-30) };
        await server.SubmitAsync(plan);
        await SummaryAsync("sandbox-ed-clinician", plan.Number);
        var successor = InventedPlan.NewNumber();
        await LinkAsync(plan.Number, successor);

        foreach (var number in (string[])[plan.Number, successor])
        {
            var answer = await SummaryAsync("sandbox-ed-clinician", number);
            answer.Total().Should().Be(1, "asked by the old and by the new number");
            answer.Codes().Should().Contain("NUMBER_SUPERSEDED");
            answer.All("AuditEvent").Should().ContainSingle("one person has one history");
        }

        var adopted = new InventedPlan { Start = server.Today.AddDays(-30) };
        await server.SubmitAsync(adopted);
        await SummaryAsync("sandbox-ed-clinician", adopted.Number);
        await LinkAsync(adopted.Number, null);
        var given = InventedPlan.NewNumber();
        (await LinkAsync(adopted.Number, given)).Refused.Should().NotBeNull();

        var fresh = await SummaryAsync("sandbox-ed-clinician", given);
        fresh.Total().Should().Be(0);
        fresh.All("AuditEvent").Should().BeEmpty();
        fresh.ToJsonString().Should().NotContain(adopted.Number);
    }

    private async Task<JsonNode> SummaryAsync(
        string persona, string number, string? mother = null, DateOnly? born = null)
    {
        var answer = await server.As(persona).PostAsync(
            new Uri(server.Base, "Patient/$child-protection-summary"),
            RunningServer.Json(
                InventedQuestion.Parameters(number, mother, born is { } day ? PlanJson.Day(day) : null)));
        var body = await answer.BodyAsync();
        ((int)answer.StatusCode).Should().Be(200, body.ToJsonString());
        return body;
    }

    private async Task ReportAsync(string number)
    {
        var encounter = new InventedEncounter { Number = number, Start = server.Clock.GetUtcNow().AddMinutes(-20) };
        var answer = await encounter.PostAsync(server.As("sandbox-epr-system"));
        ((int)answer.StatusCode).Should().Be(201, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>As a silent reader sees it, so that asking changes nothing.</summary>
    private async Task<List<string>> HistoryAsync(string number) =>
        [.. (await server.Nurse.GetOkAsync($"AuditEvent?patient={number}")).All("AuditEvent")
            .Select(e => e.Text("id"))];

    private async Task EndAsync(InventedPlan plan, string episode)
    {
        var ended = (plan with { End = server.Today, Status = "finished" }).Episode();
        ended["id"] = episode;
        var answer = await server.Lancashire.PutAsync(
            new Uri($"EpisodeOfCare/{episode}", UriKind.Relative), RunningServer.Json(ended));
        ((int)answer.StatusCode).Should().Be(200, await answer.Content.ReadAsStringAsync());
    }

    private async Task AuditedAsync(string number, int looks, int reports)
    {
        var operations = await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&subtype=operation&_count=1000");
        operations.All("AuditEvent").Should().HaveCount(looks + 1, "every look of clinician and nurse is in the trail");
        var shown = operations.All("AuditEvent")
            .Count(e => e.ToJsonString().Contains("/_history/", StringComparison.Ordinal));
        shown.Should().Be(looks, "and those that showed the plan name it");
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&subtype=create&agent={Subject}"))
            .All("AuditEvent")
            .Should().HaveCount(reports);
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&outcome=4")).Total().Should().Be(0);
    }

    private const string Subject = "sandbox-epr-system";

    private async Task<NumberAnswer> LinkAsync(string from, string? to)
    {
        var answers = await server.Services.GetRequiredService<Supersede>().TakeAsync(
            [new(Number(from), to is null ? null : Number(to), to is null)], "the register of a test",
            new AuditEntry { Kind = "system", Interaction = "update", Action = 'U' });
        return answers[0];
    }

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("No NHS number.");
}
