using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Encounters;

/// <summary>Who finds which attendances, over HTTP.</summary>
public sealed class SearchEncountersTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_clinician_finds_what_the_own_organisation_reported_of_one_person_by_every_parameter()
    {
        var plan = await PlanAsync();
        var start = server.Clock.GetUtcNow().AddDays(-2);
        var encounter = new InventedEncounter
        {
            Number = plan.Number, Start = start, End = start.AddHours(1), Status = "finished",
            Setting = "urgent-treatment-centre", Class = "AMB", Category = "planned-follow-up",
        };
        var id = await encounter.ReportAsync(server.Clinician);
        var day = start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var elsewhere = await (encounter with { Value = "other" }).ReportAsync(server.Another("RW5"));

        foreach (var (criterion, found) in ((string, bool)[])[
            ("", true), ($"_id={id}", true), ($"_id={elsewhere}", false), ($"date={day}", true),
            ($"date=gt{day}", false), ("class=AMB", true), ("class=EMER", false),
            ("class=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB", true), ("type=planned-follow-up", true),
            ("type=urgent-treatment-centre", true), ("type:not=urgent-treatment-centre", false), ("type=ward", false),
            ("status=finished,in-progress", true), ("status=in-progress", false), ("service-provider=RXR", true),
            ("service-provider=Organization/RW5", false),
            ("service-provider:identifier=https://fhir.nhs.uk/Id/ods-organization-code|RXR", true),
            ($"identifier={encounter.System}|{encounter.Value}", true), ("identifier=other", false),
            ($"_lastUpdated=ge{server.Clock.GetUtcNow():yyyy-MM-dd}", true), ("_lastUpdated=lt2020", false)])
        {
            var page = await server.Clinician.GetOkAsync($"Encounter?patient={plan.Number}&{criterion}");
            page.Total().Should().Be(found ? 1 : 0, criterion);
            page.All("Encounter").Select(e => e.Text("id")).Should().Equal(found ? [id] : [], criterion);
        }
    }

    [Fact]
    public async Task Every_form_of_naming_the_patient_and_a_posted_search_find_the_same()
    {
        var plan = await PlanAsync();
        var id = await Encounter(plan).ReportAsync(server.Clinician);
        const string System = "https://fhir.nhs.uk/Id/nhs-number";
        foreach (var form in new[]
        {
            $"patient={plan.Number}", $"patient=Patient/{plan.Number}", $"patient:Patient={plan.Number}",
            $"patient:identifier={System}|{plan.Number}", $"patient.identifier={System}|{plan.Number}",
        })
        {
            (await server.Clinician.GetOkAsync("Encounter?" + form)).All("Encounter").Single().Text("id").Should()
                .Be(id, form);
            var posted = await server.Clinician.PostAsync(new Uri("Encounter/_search", UriKind.Relative),
                new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"));
            (await posted.BodyAsync()).All("Encounter").Single().Text("id").Should().Be(id, form);
        }
    }

    [Fact]
    public async Task R13_no_clinician_lists_attendances()
    {
        var (one, two) = (await PlanAsync(), await PlanAsync());
        foreach (var query in new[] { "", "status=finished", $"patient={one.Number},{two.Number}", "class=EMER" })
        {
            await (await server.Clinician.TryAsync("Encounter?" + query)).ShouldBeRefusedAsync(403);
        }
    }

    [Fact]
    public async Task Another_organisations_attendance_is_answered_as_if_there_were_none()
    {
        var plan = await PlanAsync();
        var id = await Encounter(plan).ReportAsync(server.Clinician);
        var other = server.Another("RW5");

        (await other.GetOkAsync($"Encounter?patient={plan.Number}")).Total().Should().Be(0);
        var theirs = await (await other.TryAsync("Encounter/" + id)).ShouldBeRefusedAsync(404);
        var nobodys = await (await other.TryAsync("Encounter/" + Guid.NewGuid())).ShouldBeRefusedAsync(404);
        theirs.ToJsonString().Should().Be(nobodys.ToJsonString());
        await (await other.TryAsync($"Encounter/{id}/_history/1")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task An_empty_answer_where_a_plan_is_held_says_so_and_is_an_access()
    {
        var plan = await PlanAsync();

        var page = await server.Clinician.GetOkAsync($"Encounter?patient={plan.Number}");

        page.Total().Should().Be(0);
        page.Diagnostics().Single().Should().Contain("A plan is held").And.NotContain("No record held");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&plan-found=true&action=E");
        trail.All("AuditEvent").Should().ContainSingle();
    }

    [Fact]
    public async Task R8_an_empty_answer_where_no_plan_is_held_has_the_fixed_words()
    {
        var page = await server.Clinician.GetOkAsync($"Encounter?patient={InventedPlan.NewNumber()}");

        page.Codes().Should().Equal("NO_RECORD_HELD");
        page.Diagnostics().Single().Should().Contain("This does not mean there is no concern");
    }

    [Fact]
    public async Task R7_a_council_finds_attendances_of_its_own_people_and_learns_of_no_others()
    {
        var (own, others) = (await PlanAsync(), new InventedPlan { Start = server.Today }.OfLeeds());
        await server.SubmitAsync(others);
        var mine = await Encounter(own).ReportAsync(server.Clinician);
        var theirs = await Encounter(others).ReportAsync(server.Clinician);

        var page = await server.Lancashire.GetOkAsync("Encounter?_count=1000");
        page.All("Encounter").Select(e => e.Text("id")).Should().Contain(mine).And.NotContain(theirs);
        (await server.Lancashire.GetOkAsync($"Encounter?patient={others.Number}")).Total().Should().Be(0);
        (await server.Lancashire.GetOkAsync("Encounter/" + mine)).Text("id").Should().Be(mine);
        var hidden = await (await server.Lancashire.TryAsync("Encounter/" + theirs)).ShouldBeRefusedAsync(404);
        var absent = await (await server.Lancashire.TryAsync("Encounter/" + Guid.NewGuid())).ShouldBeRefusedAsync(404);
        hidden.ToJsonString().Should().Be(absent.ToJsonString());
        await (await server.Lancashire.TryAsync($"Encounter/{theirs}/_history/1")).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task R7_a_council_whose_plan_was_not_visible_then_does_not_learn_of_the_attendance()
    {
        var current = await PlanAsync();
        var earlier = new InventedPlan
        {
            Number = current.Number, Start = server.Today.AddDays(-800), End = server.Today.AddDays(-400),
            Status = "finished",
        }.OfLeeds();
        await server.SubmitAsync(earlier);
        var id = await Encounter(current).ReportAsync(server.Clinician);
        var old = await (Encounter(current) with { Start = server.Clock.GetUtcNow().AddDays(-500) })
            .ReportAsync(server.Clinician);

        (await server.Lancashire.GetOkAsync($"Encounter?patient={current.Number}")).Total().Should().Be(2);
        var seen = await server.Leeds.GetOkAsync($"Encounter?patient={current.Number}");
        seen.All("Encounter").Select(e => e.Text("id")).Should().Equal(old);
        await (await server.Leeds.TryAsync("Encounter/" + id)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task Pages_of_a_council_give_every_attendance_once_and_belong_to_it_alone()
    {
        var plan = await PlanAsync();
        var made = new List<string>();
        for (var n = 0; n < 5; n++)
        {
            made.Add(await Encounter(plan).ReportAsync(server.Clinician));
        }

        var seen = new List<string>();
        string? next = $"Encounter?_count=2&patient={plan.Number}";
        for (JsonNode page; next is not null; next = Next(page))
        {
            page = await server.Lancashire.GetOkAsync(next);
            page.Total().Should().Be(5);
            seen.AddRange(page.All("Encounter").Select(e => e.Text("id")));
            if (Next(page) is { } link)
            {
                link.Should().NotContain(plan.Number);
                await (await server.Leeds.TryAsync(link)).ShouldBeRefusedAsync(403);
            }
        }

        seen.Should().BeEquivalentTo(made).And.OnlyHaveUniqueItems();
        var count = await server.Lancashire.GetOkAsync($"Encounter?_summary=count&patient={plan.Number}");
        (count.Total(), count["entry"]).Should().Be((5, null));
    }

    [Theory]
    [InlineData("_include=Encounter:patient")]
    [InlineData("_sort=class")]
    [InlineData("participant=x")]
    [InlineData("date=ap2026")]
    public async Task What_is_not_served_is_refused_and_not_passed_over(string query)
    {
        await (await server.Clinician.TryAsync($"Encounter?patient=9990000018&{query}")).ShouldBeRefusedAsync(400);
    }

    private static string? Next(JsonNode page) =>
        page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");

    private async Task<InventedPlan> PlanAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private InventedEncounter Encounter(InventedPlan plan) =>
        new() { Number = plan.Number, Start = server.Clock.GetUtcNow().AddMinutes(-5) };
}
