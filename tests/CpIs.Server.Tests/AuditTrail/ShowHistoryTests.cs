using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The clinical access history over HTTP: what enters it (R14), who sees it (R16), what it tells.</summary>
public sealed class ShowHistoryTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task R14_an_unscheduled_look_is_a_line_that_tells_when_who_role_and_organisation()
    {
        var plan = await HeldAsync();
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        var history = await server.Nurse.GetOkAsync(History(plan));

        history.Total().Should().Be(1);
        var line = history.All("AuditEvent").Single();
        line["recorded"]!.GetValue<DateTimeOffset>().Should().BeCloseTo(
            server.Clock.GetUtcNow(), TimeSpan.FromMinutes(1));
        var role = history.All("PractitionerRole").Single();
        line["agent"]![0]!["who"]!.Text("reference").Should().Be("PractitionerRole/" + role.Text("id"));
        role["practitioner"]!.Text("display").Should().NotBeEmpty();
        role["organization"]!["identifier"]!.Text("value").Should().Be("RXR");
        role["code"]![0]!.Text("text").Should().NotBeEmpty();
    }

    [Fact]
    public async Task R14_the_history_tells_nothing_that_only_the_trail_may_know()
    {
        var plan = await HeldAsync();
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        var text = (await server.Nurse.GetOkAsync(History(plan))).ToJsonString();

        foreach (var secret in (string[])["oauth:jti", "network", "sandbox-ed-clinician", "query", "purposeOfEvent"])
        {
            text.Should().NotContain(secret);
        }
    }

    [Fact]
    public async Task R14_a_silent_look_leaves_the_history_as_it_was_and_the_trail_has_it()
    {
        var plan = await HeldAsync();
        await server.Nurse.GetOkAsync($"Flag?patient={plan.Number}");
        await server.Nurse.GetOkAsync($"Flag?patient={plan.Number}");

        var history = await server.Nurse.GetOkAsync(History(plan));

        history.Total().Should().Be(0);
        history.Codes().Should().BeEmpty("a plan is held, so nobody may read that none is");
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&subtype=search-type")).Total()
            .Should().BeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task R14_reading_the_history_is_itself_a_line()
    {
        var plan = await HeldAsync();

        var history = await server.Clinician.GetOkAsync(History(plan));

        history.Total().Should().Be(1);
        (await server.Nurse.GetOkAsync(History(plan))).All("AuditEvent").Single().Text("id")
            .Should().Be(history.All("AuditEvent").Single().Text("id"));
    }

    [Fact]
    public async Task R15_a_second_look_of_the_day_stands_under_the_first()
    {
        var plan = await HeldAsync();
        var first = await server.Clinician.GetOkAsync(History(plan));

        var second = await server.Clinician.GetOkAsync(History(plan));

        second.All("AuditEvent").Select(e => e.Text("id")).Should().Equal(
            first.All("AuditEvent").Select(e => e.Text("id")));
    }

    [Fact]
    public async Task R8_without_a_visible_plan_there_is_no_history_but_the_fixed_words()
    {
        var empty = await server.Clinician.GetOkAsync($"AuditEvent?patient={InventedPlan.NewNumber()}");

        empty.Total().Should().Be(0);
        empty.Codes().Should().Equal("NO_RECORD_HELD");
    }

    [Fact]
    public async Task R16_the_council_that_holds_the_plan_sees_the_history()
    {
        var plan = await HeldAsync();
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        (await server.Lancashire.GetOkAsync(History(plan))).Total().Should().Be(1);
    }

    [Fact]
    public async Task R7_a_council_without_a_plan_learns_nothing_of_the_accesses_to_anothers()
    {
        var plan = await HeldAsync();
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        var other = await server.Leeds.GetOkAsync(History(plan));
        var nobody = await server.Leeds.GetOkAsync($"AuditEvent?patient={InventedPlan.NewNumber()}");

        other.Total().Should().Be(0);
        Plain(other).Should().Be(Plain(nobody));
    }

    [Fact]
    public async Task R7_a_council_whose_plan_is_long_over_is_not_told_of_looks_at_anothers()
    {
        var plan = await HeldAsync();
        var over = plan.OfLeeds() with
        {
            RowId = "OVER-" + plan.RowId,
            Start = server.Today.AddDays(-900),
            End = server.Today.AddDays(-366),
            Status = "finished",
        };
        await server.SubmitAsync(over);
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");

        (await server.Leeds.GetOkAsync(History(plan))).Total().Should().Be(0);
        (await server.Lancashire.GetOkAsync(History(plan))).Total().Should().Be(1);
    }

    [Fact]
    public async Task R13_a_health_caller_names_one_patient()
    {
        (await server.Clinician.TryAsync("AuditEvent")).StatusCode.Should().Be(System.Net.HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("date=2026")]
    [InlineData("_include=AuditEvent:agent")]
    [InlineData("_sort=date")]
    public async Task What_the_history_does_not_serve_is_refused(string parameter)
    {
        var plan = await HeldAsync();

        var refusal = await (await server.Clinician.TryAsync(History(plan) + "&" + parameter))
            .ShouldBeRefusedAsync(400);

        refusal.Codes().Should().Equal("INVALID_SEARCH_DATA");
    }

    private async Task<InventedPlan> HeldAsync()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-100) };
        await server.SubmitAsync(plan);
        return plan;
    }

    private static string History(InventedPlan plan) =>
        $"AuditEvent?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|{plan.Number}";

    private static string Plain(JsonNode bundle)
    {
        var copy = bundle.DeepClone().AsObject();
        copy.Remove("timestamp");
        copy.Remove("link");
        return copy.ToJsonString();
    }
}
