using System.Text;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// R14: every interaction by which a health caller learns of a visible plan enters the history, and nothing else does.
/// </summary>
public sealed class SideDoorTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Doctor = "sandbox-ed-clinician";

    public static readonly TheoryData<string, string, string?> Doors = new()
    {
        { "GET", "Flag?patient=@N", null },
        { "HEAD", "Flag?patient=@N", null },
        { "GET", "Flag?patient=@N&_summary=count", null },
        { "GET", "Flag?patient=@N&_count=0", null },
        { "GET", "Flag?patient=@N&status=inactive", null },
        { "GET", "Flag?patient=@N&_include=Flag:detail&_include=Flag:patient", null },
        { "GET", "Flag?patient=@N&status=inactive&_summary=count", null },
        { "GET", "Flag?patient=@N&_elements=id", null },
        { "GET", "Flag/@F?_summary=text", null },
        { "POST", "Flag/_search", "patient=@N" },
        { "GET", "Flag/@F", null },
        { "HEAD", "Flag/@F", null },
        { "GET", "Flag/@F", "If-None-Match" },
        { "GET", "Flag/@F/_history/1", null },
        { "GET", "EpisodeOfCare?patient=@N", null },
        { "GET", "EpisodeOfCare?patient=@N&_revinclude=Flag:detail", null },
        { "POST", "EpisodeOfCare/_search", "patient=@N" },
        { "GET", "EpisodeOfCare/@E", null },
        { "GET", "EpisodeOfCare/@E", "If-None-Match" },
        { "HEAD", "EpisodeOfCare/@E/_history/1", null },
        { "GET", "Patient/@N", null },
        { "HEAD", "Patient/@N", null },
        { "GET", "Patient/@N", "If-None-Match" },
        { "GET", "Patient?_id=@N", null },
        { "GET", "Patient?_id=@N&_summary=count", null },
        { "POST", "Patient/_search", "_id=@N" },
        { "GET", "CareTeam?patient=@N", null },
        { "HEAD", "CareTeam?patient=@N", null },
        { "GET", "CareTeam?patient=@N&_summary=count", null },
        { "POST", "CareTeam/_search", "patient=@N" },
        { "GET", "AuditEvent?patient=@N", null },
        { "GET", "AuditEvent?patient=@N&_summary=count", null },
        { "POST", "AuditEvent/_search", "patient=@N" },
        { "POST", "Patient/$child-protection-summary", "Parameters" },
        { "GET", "Encounter?patient=@N", null },
    };

    /// <summary>
    /// Looks that must leave the history as it was: silent, empty, refused, or by those who are not health.
    /// </summary>
    public static readonly TheoryData<string, string, string> Others = new()
    {
        { "sandbox-school-nurse", "Flag?patient=@N", "silent" },
        { "sandbox-school-nurse", "AuditEvent?patient=@N", "silent" },
        { "sandbox-council-lancashire", "Flag?patient=@N", "the owner" },
        { "sandbox-council-lancashire", "AuditEvent?patient=@N", "the owner" },
        { "sandbox-council-leeds", "Flag?patient=@N", "another council" },
        { "sandbox-auditor", "AuditEvent?patient=@N", "an auditor" },
        { Doctor, "Flag?patient=@N&unknown=1", "refused" },
        { Doctor, "Flag?patient=@N,9990000018", "two patients" },
        { Doctor, "Flag/00000000-0000-7000-8000-000000000000", "not found" },
        { Doctor, "Organization/ZZ001", "whom to telephone" },
    };

    [Theory]
    [MemberData(nameof(Doors))]
    public async Task R14_each_door_to_a_visible_plan_enters_the_history(string method, string url, string? more)
    {
        var (plan, episode, flag) = await HeldAsync();

        await SendAsync(Doctor, method, Of(url), more is null ? null : Of(more));

        (await LinesAsync(plan.Number)).Should().Be(1);

        string Of(string text) => text.Replace("@N", plan.Number, StringComparison.Ordinal)
            .Replace("@F", flag, StringComparison.Ordinal).Replace("@E", episode, StringComparison.Ordinal)
            .Replace("Parameters", InventedQuestion.Parameters(plan.Number).ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task R14_what_shows_no_plan_to_health_enters_no_history(string persona, string url, string because)
    {
        var (plan, _, _) = await HeldAsync();

        await SendAsync(persona, "GET", url.Replace("@N", plan.Number, StringComparison.Ordinal), null);

        (await LinesAsync(plan.Number)).Should().Be(0, because);
    }

    [Fact]
    public async Task R14_a_look_at_a_plan_that_is_not_visible_any_more_enters_no_history()
    {
        var plan = new InventedPlan
        {
            Start = server.Today.AddDays(-900), End = server.Today.AddDays(-366), Status = "finished",
        };
        var (_, flag) = await server.SubmitAsync(plan);

        await SendAsync(Doctor, "GET", $"Flag?patient={plan.Number}", null);
        await SendAsync(Doctor, "GET", $"Flag/{flag}", null);
        await SendAsync(Doctor, "GET", $"Patient/{plan.Number}", null);

        (await LinesAsync(plan.Number)).Should().Be(0);
    }

    private async Task<(InventedPlan Plan, string Episode, string Flag)> HeldAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-100) };
        var (episode, flag) = await server.SubmitAsync(plan);
        return (plan, episode, flag);
    }

    private async Task SendAsync(string persona, string method, string url, string? more)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, UriKind.Relative));
        if (more == "If-None-Match")
        {
            request.Headers.TryAddWithoutValidation(more, "W/\"1\"");
        }
        else if (more is not null)
        {
            request.Content = new StringContent(more, Encoding.UTF8,
                more[0] == '{' ? "application/fhir+json" : "application/x-www-form-urlencoded");
        }

        ((int)(await server.As(persona).SendAsync(request)).StatusCode).Should().BeLessThan(500);
    }

    private async Task<long> LinesAsync(string number)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<long>(
            "select count(*) from ledger.access where nhs_number = @number", new { number });
    }
}
