using System.Net;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// What the scopes of a token open: letters, v1 names, and conditions. https://hl7.org/fhir/smart-app-launch/
/// </summary>
public sealed class ScopesTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Sct = "http://snomed.info/sct|";
    private const string Protection = Sct + "342191000000101";
    private const string LookedAfter = Sct + "764841000000100";

    [Theory]
    [InlineData("user/Flag.rs", 200)]
    [InlineData("user/Flag.s", 200)]
    [InlineData("user/Flag.read", 200)]
    [InlineData("user/*.s", 200)]
    [InlineData("user/*.read", 200)]
    [InlineData("user/Flag.*", 200)]
    [InlineData("user/Flag.r", 403)]
    [InlineData("user/Flag.write", 403)]
    [InlineData("user/Flag.sr", 403)]
    [InlineData("user/Flag.rsx", 403)]
    [InlineData("user/flag.rs", 403)]
    [InlineData("patient/Flag.rs", 403)]
    [InlineData("launch openid fhirUser", 403)]
    [InlineData("user/EpisodeOfCare.rs", 403)]
    [InlineData("user/Flag.rs?", 403)]
    [InlineData("user/Flag.rs?nothing=known", 403)]
    [InlineData("user/Flag.rs?_count=10", 403)]
    [InlineData("user/Flag.cud?code=" + Protection, 403)]
    [InlineData("user/Flag.rs?code:above=" + Protection, 403)]
    [InlineData("user/Flag.rs?code=" + Protection, 200)]
    [InlineData("user/Flag.read?code=" + Protection, 200)]
    public async Task A_search_of_flags_needs_the_letter_s(string scope, int status)
    {
        using var doctor = Doctor(scope);

        ((int)(await doctor.TryAsync($"Flag?patient={InventedPlan.NewNumber()}")).StatusCode).Should().Be(status);
    }

    [Fact]
    public async Task A_scope_with_a_condition_shows_what_meets_it_and_says_that_there_may_be_more()
    {
        var (number, protection, lookedAfter) = await TwoPlansAsync();
        using var doctor = Doctor("user/Flag.rs?code=" + Protection);

        var found = await doctor.GetOkAsync($"Flag?patient={number}");

        found.All("Flag").Select(f => f.Text("id")).Should().Equal(protection);
        found.Total().Should().Be(1);
        found.Codes().Should().Contain("NARROWED_BY_SCOPE");
        (await doctor.TryAsync("Flag/" + protection)).StatusCode.Should().Be(HttpStatusCode.OK);
        await (await doctor.TryAsync("Flag/" + lookedAfter)).ShouldBeRefusedAsync(404);
        await (await doctor.TryAsync($"Flag/{lookedAfter}/_history/1")).ShouldBeRefusedAsync(404);
        await (await doctor.TryAsync($"EpisodeOfCare?patient={number}")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task Two_conditions_show_what_meets_either()
    {
        var (number, protection, lookedAfter) = await TwoPlansAsync();
        using var doctor = Doctor($"user/Flag.rs?code={Protection} user/Flag.s?code={LookedAfter}");

        (await doctor.GetOkAsync($"Flag?patient={number}")).All("Flag").Select(f => f.Text("id")).Should()
            .BeEquivalentTo(protection, lookedAfter);
        await (await doctor.TryAsync("Flag/" + lookedAfter)).ShouldBeRefusedAsync(404);
    }

    [Fact]
    public async Task Nothing_found_under_a_condition_is_never_called_no_record()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        using var doctor = Doctor("user/Flag.rs?code=" + LookedAfter);

        var held = await doctor.GetOkAsync($"Flag?patient={plan.Number}");
        var absent = await doctor.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}");

        held.Total().Should().Be(0);
        held.Codes().Should().Equal("NARROWED_BY_SCOPE");
        absent.Codes().Should().Equal(held.Codes());
    }

    [Fact]
    public async Task A_search_that_leaves_a_plan_out_says_so_and_is_an_access()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);

        var found = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}&code={LookedAfter}");

        found.Total().Should().Be(0);
        found.Codes().Should().Equal("PLAN_LEFT_OUT");
        (await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&plan-found=true&agent-name=Dr%20Imogen"))
            .Total().Should().Be(1);
        (await server.Clinician.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}&code={LookedAfter}")).Codes()
            .Should().Equal("NO_RECORD_HELD");
    }

    [Fact]
    public async Task What_is_included_needs_scopes_of_its_own()
    {
        using var doctor = Doctor("user/Flag.rs user/Patient.r");
        var number = InventedPlan.NewNumber();

        await doctor.GetOkAsync($"Flag?patient={number}&_include=Flag:patient");
        await (await doctor.TryAsync($"Flag?patient={number}&_include=Flag:author")).ShouldBeRefusedAsync(403);
        await (await doctor.TryAsync($"Flag?patient={number}&_include=Flag:detail")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task Summary_care_teams_and_history_are_not_shown_under_a_condition()
    {
        using var doctor = Doctor("user/Patient.rs?identifier=x user/CareTeam.s?patient=9990000018 "
            + "user/AuditEvent.s?date=ge2026 user/Flag.s user/EpisodeOfCare.s");

        await (await doctor.TryAsync("CareTeam?patient=9990000018")).ShouldBeRefusedAsync(403);
        await (await doctor.TryAsync("AuditEvent?patient=9990000018")).ShouldBeRefusedAsync(403);
        await (await doctor.TryAsync("Patient/9990000018")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task An_auditors_scope_may_be_one_condition_wide()
    {
        var number = InventedPlan.NewNumber();
        await server.Clinician.GetOkAsync($"Flag?patient={number}");
        await server.Nurse.GetOkAsync($"Flag?patient={number}");
        using var auditor = As("sandbox-auditor", "user/AuditEvent.rs?organization=RXR");

        var seen = (await auditor.GetOkAsync($"AuditEvent?patient={number}")).All("AuditEvent");
        var others = (await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&organization=RW5"))
            .All("AuditEvent")[0].Text("id");

        seen.Should().HaveCount(1);
        (await auditor.GetOkAsync("AuditEvent/" + seen[0].Text("id"))).Text("id").Should().Be(seen[0].Text("id"));
        await (await auditor.TryAsync("AuditEvent/" + others)).ShouldBeRefusedAsync(404);
        using var two = As("sandbox-auditor",
            "user/AuditEvent.rs?organization=RXR user/AuditEvent.rs?organization=RW5");
        await (await two.TryAsync($"AuditEvent?patient={number}")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task Encounters_and_organisations_keep_to_a_condition_too()
    {
        using var doctor = Doctor("user/Organization.rs?type=govt");

        (await doctor.GetOkAsync("Organization?_count=1000")).All("Organization").Select(o => o.Text("id")).Should()
            .Contain("ZZ001").And.NotContain("RXR");
        await (await doctor.TryAsync("Organization/RXR")).ShouldBeRefusedAsync(404);

        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        var sent = await (await new InventedEncounter { Number = plan.Number, Start = server.Clock.GetUtcNow() }
            .PostAsync(server.Clinician)).BodyAsync();
        using var elsewhere = Doctor("user/Encounter.rs?status=cancelled");
        await (await elsewhere.TryAsync("Encounter/" + sent.Text("id"))).ShouldBeRefusedAsync(404);
        (await elsewhere.GetOkAsync($"Encounter?patient={plan.Number}")).Total().Should().Be(0);
    }

    [Theory]
    [InlineData("user/Flag.rs?code=x", "user/Flag.rs", "user/Flag.rs?code=x")]
    [InlineData("user/*.read", "user/Flag.rs user/CareTeam.s", "user/Flag.rs user/CareTeam.s")]
    [InlineData("user/Flag.write", "user/Flag.rs", "")]
    [InlineData("user/Flag.r user/Flag.s?code=x", "user/Flag.rs", "user/Flag.r user/Flag.s?code=x")]
    [InlineData("system/Flag.rs", "user/Flag.rs", "")]
    public void A_client_is_granted_what_it_asks_for_of_what_it_holds(string asked, string held, string granted) =>
        ScopeRequest.Grant(asked, held).Should().Be(granted);

    private async Task<(string Number, string Protection, string LookedAfter)> TwoPlansAsync()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        await server.SubmitAsync(new InventedPlan
        {
            Number = plan.Number, Start = server.Today, Kind = CpIs.Fhir.PlanKind.LookedAfter,
        });
        async Task<string> IdAsync(string code) => (await server.Clinician.GetOkAsync(
            $"Flag?patient={plan.Number}&code={code}")).All("Flag").Single().Text("id")!;
        return (plan.Number, await IdAsync(Protection), await IdAsync(LookedAfter));
    }

    private HttpClient Doctor(string scope) => As("sandbox-ed-clinician", scope);

    private HttpClient As(string persona, string scope) => server.With(() => server.Services
        .GetRequiredService<TokenIssuer>().Issue(Persona.All[persona] with { Scope = scope }));
}
