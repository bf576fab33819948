using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Patients;
using CpIs.Server.Summary;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Encounters;

/// <summary>R9: an attendance under one NHS number of a person whose plan is held under another, over HTTP.</summary>
public sealed class LinkedNumbersTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R9_R19_an_attendance_under_the_other_number_is_kept_and_found_by_each(bool planUnderTheOld)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        var attended = InventedPlan.NewNumber();
        await SupersedeAsync(planUnderTheOld ? plan.Number : attended, planUnderTheOld ? attended : plan.Number);

        var id = await new InventedEncounter { Number = attended, Start = server.Clock.GetUtcNow() }
            .ReportAsync(server.Clinician);

        foreach (var number in new[] { plan.Number, attended })
        {
            foreach (var client in new[] { server.Clinician, server.Lancashire })
            {
                var page = await client.GetOkAsync($"Encounter?patient={number}");
                page.All("Encounter").Select(e => e.Text("id")).Should().Equal(id);
                (await client.GetOkAsync("Encounter/" + id))["subject"]!.Text("reference").Should()
                    .Be("Patient/" + attended);
            }

            var rows = await server.Services.GetRequiredService<AttendanceStore>()
                .FindAsync([number], server.Today.AddDays(-1), CancellationToken.None);
            rows.Value.Should().ContainSingle().Which.NhsNumber.Should().Be(attended);
        }

        (await server.Leeds.GetOkAsync($"Encounter?patient={attended}")).Total().Should().Be(0);
        (await server.Lancashire.GetOkAsync("Encounter?_count=1000")).All("Encounter")
            .Select(e => e.Text("id")).Should().Contain(id);
    }

    [Fact]
    public async Task R9_a_number_that_nobody_linked_leads_to_no_plan_and_nothing_is_kept()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);

        var refused = await (await new InventedEncounter
        {
            Number = InventedPlan.NewNumber(), Start = server.Clock.GetUtcNow(),
        }.PostAsync(server.Clinician)).ShouldBeRefusedAsync(422);

        refused.Codes().Should().Equal("NOT_HELD");
    }

    private async Task SupersedeAsync(string from, string to)
    {
        var entry = new AuditEntry { Kind = "system", Interaction = "update", Action = 'U' };
        var told = await server.Services.GetRequiredService<Supersede>()
            .TakeAsync([new NumberState(Number(from), Number(to))], "invented register", entry);
        told.Single().Refused.Should().BeNull();
    }

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("no number");
}
