using CpIs.Fhir;
using CpIs.Server.Tests;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Plans;

/// <summary>The look-up over HTTP: who is found, how one may ask, and what an empty answer says.</summary>
public sealed class SearchPlansTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_clinician_sees_the_plan_a_council_submitted_and_the_auditor_sees_the_look_up()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-10) };
        var (episode, flag) = await server.SubmitAsync(plan);

        var bundle = await server.Clinician.GetOkAsync(
            $"Flag?patient={plan.Number}&_include=Flag:detail&_include=Flag:author&_include=Flag:patient");

        bundle.Total().Should().Be(1);
        bundle.All("Flag").Single().Text("id").Should().Be(flag);
        bundle.All("EpisodeOfCare").Single().Text("id").Should().Be(episode);
        bundle.All("Organization").Single()["telecom"]!.AsArray().Should().HaveCount(2);
        bundle.All("Patient").Single().Text("birthDate").Should().Be("2018-04-05");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={plan.Number}&subtype=search-type");
        trail.Total().Should().Be(1);
        trail.ToJsonString().Should().Contain($"Flag/{flag}/_history/1").And.Contain("Dr Imogen Thackaway");
    }

    [Theory]
    [InlineData("patient={0}")]
    [InlineData("patient=Patient/{0}")]
    [InlineData("patient:identifier=https://fhir.nhs.uk/Id/nhs-number|{0}")]
    [InlineData("patient.identifier=https://fhir.nhs.uk/Id/nhs-number|{0}")]
    [InlineData("subject={0}")]
    [InlineData("subject:identifier=https://fhir.nhs.uk/Id/nhs-number|{0}")]
    public async Task All_forms_of_naming_the_patient_find_the_plan(string form)
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        var query = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, plan.Number);

        (await server.Clinician.GetOkAsync("Flag?" + query)).Total().Should().Be(1);
        using var posted = await server.Clinician.PostAsync(
            new Uri("Flag/_search", UriKind.Relative),
            new StringContent(query, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded"));
        (await posted.BodyAsync()).Total().Should().Be(1);
    }

    [Fact]
    public async Task A_search_narrows_by_identifier_status_code_and_type()
    {
        var plan = new InventedPlan { Start = server.Today, Kind = PlanKind.LookedAfter };
        await server.SubmitAsync(plan);
        var clinician = server.Clinician;
        async Task<int> FlagsAsync(string more) =>
            (await clinician.GetOkAsync($"Flag?patient={plan.Number}&{more}")).Total();
        async Task<int> EpisodesAsync(string more) =>
            (await clinician.GetOkAsync($"EpisodeOfCare?patient={plan.Number}&{more}")).Total();

        (await FlagsAsync($"identifier={Systems.CouncilPlan}ZZ001|{plan.RowId}")).Should().Be(1);
        (await FlagsAsync("identifier=another")).Should().Be(0);
        (await FlagsAsync("status=active")).Should().Be(1);
        (await FlagsAsync("status:not=active")).Should().Be(0);
        (await FlagsAsync("status=inactive,active")).Should().Be(1);
        (await FlagsAsync($"code={Systems.Snomed}|764841000000100")).Should().Be(1);
        (await FlagsAsync("code=342191000000101")).Should().Be(0);
        (await EpisodesAsync("type=764841000000100")).Should().Be(1);
        (await EpisodesAsync("type=818901000000100")).Should().Be(0);
        (await EpisodesAsync($"date=le{PlanJson.Day(server.Today)}")).Should().Be(1);
        (await EpisodesAsync($"date=lt{PlanJson.Day(server.Today)}")).Should().Be(0);
    }

    [Fact]
    public async Task An_empty_answer_says_that_it_is_no_all_clear_and_whom_we_have_not_heard_from()
    {
        var number = InventedPlan.NewNumber();

        var bundle = await server.Clinician.GetOkAsync($"Flag?patient={number}");

        bundle.Total().Should().Be(0);
        bundle.Codes().Should().Equal("NO_RECORD_HELD");
        bundle.Diagnostics().Single().Should().StartWith("No record held for this NHS number at ")
            .And.Contain("This does not mean there is no concern. Follow your safeguarding procedure.")
            .And.Contain("of 5 councils have sent nothing for 3 days or more: ")
            .And.Contain("ZZ Invented Council (not yet sending)");
        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&plan-found=false");
        trail.Total().Should().Be(1);
    }

    [Theory]
    [InlineData("Flag", 403)]
    [InlineData("Flag?status=active", 403)]
    [InlineData("EpisodeOfCare?_id=0198a0e2-0000-7000-8000-000000000000", 403)]
    [InlineData("Flag?patient=9990000018,9990000026", 403)]
    [InlineData("Patient", 403)]
    [InlineData("Flag?patient=9990000019", 400)]
    [InlineData("Flag?patient=999000001", 400)]
    [InlineData("Flag?patient:identifier=https://elsewhere.example|9990000018", 400)]
    [InlineData("Flag?patient=9990000018&colour=red", 400)]
    [InlineData("Flag?patient=9990000018&_include=Flag:encounter", 400)]
    [InlineData("EpisodeOfCare?patient=9990000018&date=ap2026", 400)]
    [InlineData("EpisodeOfCare?patient=9990000018&date=2026-13", 400)]
    public async Task A_search_that_names_no_one_patient_or_is_malformed_is_refused_and_recorded(string search,
        int status)
    {
        using var clinician = server.Clinician;
        var id = Guid.NewGuid().ToString();
        clinician.DefaultRequestHeaders.Add("X-Request-ID", id);

        var answer = await clinician.TryAsync(search);

        await answer.ShouldBeRefusedAsync(status);
        answer.Headers.GetValues("X-Request-ID").Should().Equal(id);
        (await Ledger.OfRequestAsync(server, id)).Should().ContainSingle().Which.Should().Be((status, 4));
    }

    [Fact]
    public async Task An_unknown_parameter_is_left_out_on_request_and_the_answer_says_so()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        using var clinician = server.Clinician;
        clinician.DefaultRequestHeaders.Add("Prefer", "handling=lenient");

        var bundle = await clinician.GetOkAsync($"Flag?patient={plan.Number}&colour=red");

        bundle.Total().Should().Be(1);
        bundle.Codes().Should().Contain("PARAMETER_IGNORED");
        bundle["link"]![0]!.Text("url").Should().NotContain("colour");
    }

    [Fact]
    public async Task Sixty_three_look_ups_are_undisturbed_by_one_with_a_NUL()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);
        using var clinician = server.Clinician;

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => clinician.TryAsync(
            i == 31 ? $"Flag?patient={plan.Number}&identifier=%00" : $"Flag?patient={plan.Number}")));

        answers.Where((_, i) => i != 31).Should().OnlyContain(a => (int)a.StatusCode == 200);
        await answers[31].ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task A_council_pages_through_its_own_flags_without_a_number_in_the_links()
    {
        var plans = Enumerable.Range(0, 5).Select(_ => new InventedPlan { Start = server.Today }.OfLeeds()).ToList();
        foreach (var plan in plans)
        {
            await server.SubmitAsync(plan);
        }

        var seen = new List<string>();
        var url = "Flag?_count=2";
        while (url is not null)
        {
            var page = await server.Leeds.GetOkAsync(url);
            page.All("Flag").Count.Should().BeLessThanOrEqualTo(2);
            seen.AddRange(page.All("Flag").Select(f => f["subject"]!["identifier"]!.Text("value")));
            url = page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");
            plans.Should().NotContain(p => url != null && url.Contains(p.Number));
            if (url is not null)
            {
                await (await server.Lancashire.GetAsync(new Uri(url))).ShouldBeRefusedAsync(403);
                await (await server.Leeds.GetAsync(new Uri(url + "x"))).ShouldBeRefusedAsync(400);
            }
        }

        seen.Should().OnlyHaveUniqueItems().And.Contain(plans.Select(p => p.Number));
    }

    [Fact]
    public async Task Two_councils_with_one_kind_are_both_shown_newest_first_with_a_warning()
    {
        var first = new InventedPlan { Start = server.Today.AddDays(-9), Family = "Oakhanger" };
        var second = first.OfLeeds() with { Start = server.Today.AddDays(-2), Family = "Oakhangar" };
        await server.SubmitAsync(first);
        await server.SubmitAsync(second);

        var bundle = await server.Clinician.GetOkAsync($"Flag?patient={first.Number}&_include=Flag:patient");

        bundle.All("Flag").Select(f => f["author"]!.Text("reference"))
            .Should().Equal("Organization/ZZ002", "Organization/ZZ001");
        bundle.Diagnostics().Should().Contain("Two councils hold a current plan: contact both.");
        bundle.Codes().Should().Contain("IDENTITY_DIFFERS");
        (await server.Leeds.GetOkAsync($"Flag?patient={first.Number}")).Total().Should().Be(1);
    }

    [Theory]
    [InlineData("&_count=1")]
    [InlineData("&_summary=count")]
    public async Task Who_reads_one_page_or_a_count_is_told_what_all_the_plans_say(string part)
    {
        var first = new InventedPlan { Start = server.Today.AddDays(-9), BirthDate = server.Today.AddYears(-16) };
        var unborn = first with { Kind = CpIs.Fhir.PlanKind.Unborn, RowId = first.RowId + "-U" };
        await server.SubmitAsync(first);
        await server.SubmitAsync(unborn);
        await server.SubmitAsync(first.OfLeeds() with { Start = server.Today.AddDays(-2) });

        var page = await server.Clinician.GetOkAsync($"Flag?patient={first.Number}{part}");

        page.Total().Should().Be(3);
        page.Codes().Should().Contain(["TWO_COUNCILS", "CONCERNS_UNBORN"]);
    }

    [Fact]
    public async Task A_count_alone_tells_that_a_plan_exists_and_is_recorded_as_such()
    {
        var plan = new InventedPlan { Start = server.Today };
        await server.SubmitAsync(plan);

        var bundle = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}&_summary=count");

        bundle.Total().Should().Be(1);
        bundle["entry"].Should().BeNull();
        var trail = await server.Auditor
            .GetOkAsync($"AuditEvent?patient={plan.Number}&plan-found=true&subtype=search-type");
        trail.Total().Should().Be(1);
    }
}
