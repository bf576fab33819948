using System.Globalization;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>
/// R0 to R6 on the days that calendars get wrong. One test that only goes forward, since the server's clock may not be
/// put back.
/// </summary>
public sealed class CalendarTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task R0_R2_R6_hold_in_the_nights_when_the_clocks_change_and_through_leap_years()
    {
        // 2027: the clocks go forward on 28 March and back on 31 October, at one in the morning of Greenwich.
        await BeginsAsync("2027-03-28", lastMoment: "2027-03-27T23:59:50Z", firstMoment: "2027-03-28T00:00:05Z");
        await BeginsAsync("2027-03-29", lastMoment: "2027-03-28T22:59:50Z", firstMoment: "2027-03-28T23:00:05Z");
        var leap = await EndedAsync(new(2027, 5, 20), on: "2027-06-01T12:00:00Z");
        await BeginsAsync("2027-10-31", lastMoment: "2027-10-30T22:59:50Z", firstMoment: "2027-10-30T23:00:05Z");
        await BeginsAsync("2027-11-01", lastMoment: "2027-10-31T23:59:50Z", firstMoment: "2027-11-01T00:00:05Z");

        // 365 days after 1 June 2027 is 31 May 2028, for 2028 has a 29 February.
        To("2028-05-31T22:59:50Z");
        (await SeenAsync(leap)).Should().Be(1);
        To("2028-05-31T23:00:05Z");
        (await SeenAsync(leap)).Should().Be(0);

        // Born on 29 February 2012: eighteen on 1 March 2030.
        To("2030-02-27T12:00:00Z");
        var leapling = new InventedPlan { Start = server.Today, BirthDate = new(2012, 2, 29) };
        var (episode, _) = await server.SubmitAsync(leapling);
        To("2030-02-28T23:59:50Z");
        (await SeenAsync(leapling)).Should().Be(1);
        To("2030-03-01T00:00:05Z");
        (await SeenAsync(leapling)).Should().Be(0);
        var ended = await server.Lancashire.GetOkAsync("EpisodeOfCare/" + episode);
        ended.Text("status").Should().Be("finished");
        ended["period"]!.Text("end").Should().Be("2030-03-01");
        var late = await server.Lancashire.PutAsync(
            new Uri("EpisodeOfCare/" + episode, UriKind.Relative), RunningServer.Json(leapling.Episode()));
        (await late.ShouldBeRefusedAsync(422)).Codes().Should().Equal("OVER_AGE");
    }

    /// <summary>A plan is unseen at the last moment before its first day, and active at the first of it.</summary>
    private async Task BeginsAsync(string day, string lastMoment, string firstMoment)
    {
        To(lastMoment);
        var start = DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        start.Should().Be(server.Today.AddDays(1));
        var plan = new InventedPlan { Start = start, Status = "planned" };
        await server.SubmitAsync(plan);
        (await SeenAsync(plan)).Should().Be(0);
        To(firstMoment);
        var answer = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        answer.All("Flag").Should().ContainSingle().Which.Text("status").Should().Be("active");
    }

    private async Task<InventedPlan> EndedAsync(DateOnly start, string on)
    {
        To(on);
        var plan = new InventedPlan { Start = start, End = server.Today, Status = "finished" };
        await server.SubmitAsync(plan);
        return plan;
    }

    private async Task<int> SeenAsync(InventedPlan plan) =>
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total();

    private void To(string instant) => server.Clock.Move(
        DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture) - server.Clock.GetUtcNow());
}
