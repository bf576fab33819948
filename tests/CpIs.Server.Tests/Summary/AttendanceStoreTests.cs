using CpIs.Fhir;
using CpIs.Server.Summary;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Summary;

/// <summary>R20 from the report over HTTP to the count: the only look at attendances of every organisation.</summary>
public sealed class AttendanceStoreTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task R20_attendances_that_two_organisations_reported_are_counted_together()
    {
        var plan = await PlanAsync();
        var other = await PlanAsync();
        await (Encounter(plan, 300) with { Setting = "walk-in-centre", Class = "AMB" }).ReportAsync(server.Clinician);
        await Encounter(plan, 20).ReportAsync(server.Another("RW5"));
        await Encounter(plan, 10).ReportAsync(server.As("sandbox-epr-system"));
        var latest = await Encounter(plan, 0).ReportAsync(server.Clinician);
        await Encounter(plan, 366).ReportAsync(server.Clinician);
        await (Encounter(plan, 1) with { Category = "planned-follow-up" }).ReportAsync(server.Clinician);
        await (Encounter(plan, 1) with { Setting = "ward", Class = "IMP" }).ReportAsync(server.Another("RW5"));
        await Encounter(other, 0).ReportAsync(server.Clinician);

        var count = await CountAsync(plan.Number);

        count.Sentence.Should().Be("4 attendances reported by 2 organisations; others may not report.");
        count.Reached.Should().BeTrue();
        count.Counted[0].Id.ToString().Should().Be(latest);
    }

    [Fact]
    public async Task R20_what_is_put_as_entered_in_error_is_no_longer_counted()
    {
        var plan = await PlanAsync();
        var encounter = Encounter(plan, 2);
        var id = await encounter.ReportAsync(server.Clinician);
        (await CountAsync(plan.Number)).Counted.Should().ContainSingle();

        await (encounter with { Status = "entered-in-error" }).PutAsync(server.Clinician, id);

        (await CountAsync(plan.Number)).Known.Should().BeFalse();
    }

    [Fact]
    public async Task R20_an_attendance_on_a_summer_night_counts_for_its_day_in_London()
    {
        var year = server.Today.Year - 1;
        var plan = await PlanAsync(new(year, 1, 1));
        await (Encounter(plan, 0) with { Start = new(year, 6, 14, 23, 30, 0, TimeSpan.Zero) })
            .ReportAsync(server.Clinician);
        var rows = await RowsAsync(new(year, 6, 15), plan.Number);

        rows.Should().ContainSingle("it began on 15 June there, though on 14 June in UTC");
        (await RowsAsync(new(year, 6, 16), plan.Number)).Should().BeEmpty();
    }

    [Fact]
    public async Task Many_people_are_asked_for_at_once_and_what_follows_in_the_batch_sees_no_attendance()
    {
        var (one, two) = (await PlanAsync(), await PlanAsync());
        await Encounter(one, 1).ReportAsync(server.Clinician);
        await Encounter(two, 1).ReportAsync(server.Clinician);
        await Encounter(two, 2).ReportAsync(server.Clinician);
        await using var source = NpgsqlDataSource.Create(server.Database.ServerConnectionString);
        await using var batch = source.CreateBatch();
        AttendanceStore.Ask(batch, [one.Number, two.Number], server.Today.AddDays(-365));
        batch.BatchCommands.Add(new("select count(*) from cpis.encounter"));
        await using var reader = await batch.ExecuteReaderAsync();

        var rows = (await AttendanceStore.RowsAsync(reader)).Value;

        rows.GroupBy(r => r.NhsNumber).ToDictionary(g => g.Key, g => g.Count())
            .Should().BeEquivalentTo(new Dictionary<string, int> { [one.Number] = 1, [two.Number] = 2 });
        (await reader.ReadAsync()).Should().BeTrue();
        reader.GetInt64(0).Should().Be(0);
    }

    private async Task<AttendanceCount> CountAsync(string number) => Attendance.Count(
        AttendanceRules.Default, await RowsAsync(server.Today.AddDays(-AttendanceRules.Default.LongestDays), number),
        server.Today, "RXR");

    private async Task<IReadOnlyList<AttendanceRow>> RowsAsync(DateOnly since, string number) =>
        (await server.Services.GetRequiredService<AttendanceStore>()
            .FindAsync([number], since, CancellationToken.None)).Value;

    private async Task<InventedPlan> PlanAsync(DateOnly? start = null)
    {
        var plan = new InventedPlan { Start = start ?? server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private InventedEncounter Encounter(InventedPlan plan, int daysAgo) => new()
    {
        Number = plan.Number,
        Start = daysAgo == 0 ? server.Clock.GetUtcNow()
            : new(server.Today.AddDays(-daysAgo).ToDateTime(new TimeOnly(12, 0)), TimeSpan.Zero),
        Status = "finished",
    };
}
