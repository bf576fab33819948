using System.Net;
using System.Text.Json.Nodes;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Patients;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Patients;

/// <summary>R9 over HTTP: one person under several NHS numbers, found by each while the register says so.</summary>
public sealed class SupersededNumbersTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly AuditEntry ByTheRegister = new() { Kind = "system", Interaction = "update", Action = 'U' };

    private static Uri Url(string path) => new(path, UriKind.Relative);

    private InventedPlan Plan => new() { Start = server.Today.AddDays(-10) };

    [Fact]
    public async Task R9_a_plan_under_the_old_number_is_found_by_the_new_and_one_under_the_new_by_the_old()
    {
        var older = Plan;
        var newer = Plan with { Kind = PlanKind.LookedAfter };
        var (_, first) = await server.SubmitAsync(older);
        var (_, second) = await server.SubmitAsync(newer);
        await SupersedeAsync(older.Number, newer.Number);

        foreach (var (number, words) in new[]
        {
            (older.Number, Words.NumberReplaced), (newer.Number, Words.NumberReplaces),
        })
        {
            var answer = await server.Clinician.GetOkAsync($"Flag?patient={number}&_include=Flag:patient");

            answer.Total().Should().Be(2);
            answer.All("Flag").Select(f => f.Text("id")).Should().BeEquivalentTo([first, second]);
            answer.Codes().Should().Equal("NUMBER_SUPERSEDED");
            answer.Diagnostics().Should().Equal(words);
            Links(answer, older.Number).Should().Equal($"replaced-by Patient/{newer.Number}");
            Links(answer, newer.Number).Should().Equal($"replaces Patient/{older.Number}");
        }

        (await server.Clinician.GetOkAsync($"Flag/{first}"))["subject"]!.Text("reference").Should()
            .Be("Patient/" + older.Number, "a plan's number never changes");
    }

    [Fact]
    public async Task R9_a_chain_of_three_is_followed_from_each_end_and_from_the_middle()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);
        var (middle, newest) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await SupersedeAsync(plan.Number, middle);
        await SupersedeAsync(middle, newest);

        foreach (var number in new[] { plan.Number, middle, newest })
        {
            (await server.Clinician.GetOkAsync($"EpisodeOfCare?patient={number}")).Total().Should().Be(1);
            var person = await server.Clinician.GetOkAsync("Patient/" + number);
            person.Text("id").Should().Be(plan.Number);
            person["link"]!.AsArray().Single()!["other"]!.Text("reference").Should().Be("Patient/" + newest);
        }

        (await server.Clinician.GetOkAsync($"Flag?patient={newest}")).All("Flag").Single().Text("id").Should().Be(flag);
    }

    [Fact]
    public async Task R9_two_old_numbers_of_one_new_number_are_one_person()
    {
        var (one, other) = (Plan, Plan with { Kind = PlanKind.LookedAfter });
        await server.SubmitAsync(one);
        await server.SubmitAsync(other);
        var now = InventedPlan.NewNumber();
        await SupersedeAsync(one.Number, now);
        await SupersedeAsync(other.Number, now);

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={one.Number}&_include=Flag:patient");

        answer.Total().Should().Be(2);
        Links(answer, other.Number).Should().Equal("replaced-by Patient/" + now);
        (await server.Clinician.GetOkAsync($"Patient?identifier={Systems.NhsNumber}|{now}")).All("Patient")
            .Select(p => p.Text("id")).Should().BeEquivalentTo([one.Number, other.Number]);
    }

    [Fact]
    public async Task R9_a_withdrawn_link_stops_at_once_and_may_be_made_again()
    {
        var plan = Plan;
        await server.SubmitAsync(plan);
        var newer = InventedPlan.NewNumber();
        await SupersedeAsync(plan.Number, newer);
        (await server.Clinician.GetOkAsync($"Flag?patient={newer}")).Total().Should().Be(1);

        await SupersedeAsync(plan.Number, null);

        var answer = await server.Clinician.GetOkAsync($"Flag?patient={newer}");
        answer.Total().Should().Be(0);
        answer.Codes().Should().Equal("NO_RECORD_HELD");
        await (await server.Clinician.TryAsync("Patient/" + newer)).ShouldBeRefusedAsync(404);
        (await server.Clinician.GetOkAsync("Patient/" + plan.Number))["link"].Should().BeNull();

        await SupersedeAsync(plan.Number, newer);
        (await server.Clinician.GetOkAsync($"Flag?patient={newer}")).Total().Should().Be(1);
        (await TrailAsync($"patient={newer}&type=110100")).Select(e => e.Text("outcomeDesc")).Should().Equal(
            "superseded number linked", "superseded number linked", "link of superseded number withdrawn",
            "link of superseded number withdrawn", "superseded number linked", "superseded number linked");
    }

    [Fact]
    public async Task R9_the_number_after_an_adoption_leads_nowhere_and_nothing_leads_to_it()
    {
        var before = Plan;
        var after = Plan;
        await server.SubmitAsync(before);
        await server.SubmitAsync(after);
        await SupersedeAsync(before.Number, after.Number);

        (await TellAsync(new NumberState(Number(before.Number), null, Invalid: true))).Changed.Should().BeTrue();
        (await TellAsync(new(Number(before.Number), Number(after.Number)))).Refused.Should().Contain("never linked");
        (await TellAsync(new(Number(after.Number), Number(before.Number)))).Refused.Should().Contain("never linked");

        foreach (var plan in new[] { before, after })
        {
            var answer = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}&_include=Flag:patient");
            answer.Total().Should().Be(1);
            answer.Codes().Should().BeEmpty();
            answer.All("Patient").Single()["link"].Should().BeNull();
        }

        (await server.Auditor.GetOkAsync($"AuditEvent?patient={before.Number}&subtype=search-type")).ToJsonString()
            .Should().NotContain(after.Number);
    }

    [Fact]
    public async Task R9_a_link_shows_no_council_anothers_plan()
    {
        var lancashires = Plan;
        var leeds = Plan.OfLeeds();
        await server.SubmitAsync(lancashires);
        var (_, flag) = await server.SubmitAsync(leeds);
        await SupersedeAsync(lancashires.Number, leeds.Number);
        using var council = server.Lancashire;

        var answer = await council.GetOkAsync($"Flag?patient={leeds.Number}&_include=Flag:patient");

        answer.Total().Should().Be(1);
        answer.All("Flag").Single()["subject"]!.Text("reference").Should().Be("Patient/" + lancashires.Number);
        answer.All("Patient").Single().Text("id").Should().Be(lancashires.Number);
        answer.ToJsonString().Should().NotContain(flag);
        (await council.GetOkAsync("Patient/" + leeds.Number)).Text("id").Should().Be(lancashires.Number);
        (await server.As("sandbox-council-islington").GetOkAsync($"Flag?patient={leeds.Number}")).Codes()
            .Should().BeEmpty("who holds nothing learns of no link");
    }

    [Fact]
    public async Task R9_counting_HEAD_and_pages_follow_the_link_too()
    {
        var (older, newer) = (Plan, Plan with { Kind = PlanKind.LookedAfter });
        await server.SubmitAsync(older);
        await server.SubmitAsync(newer);
        await server.SubmitAsync((Plan with { Number = newer.Number }).OfLeeds());
        await SupersedeAsync(older.Number, newer.Number);
        using var clinician = server.Clinician;

        (await clinician.GetOkAsync($"Flag?patient={older.Number}&_summary=count")).Total().Should().Be(3);
        using var head = await clinician.SendAsync(new(HttpMethod.Head, Url($"Flag?patient={older.Number}")));
        head.StatusCode.Should().Be(HttpStatusCode.OK);
        using var patientHead = await clinician.SendAsync(new(HttpMethod.Head, Url("Patient/" + older.Number)));
        patientHead.StatusCode.Should().Be(HttpStatusCode.OK);

        var seen = new List<string>();
        var next = $"Flag?patient={older.Number}&_count=2";
        while (next is not null)
        {
            var page = await clinician.GetOkAsync(next);
            page.Total().Should().Be(3);
            seen.AddRange(page.All("Flag").Select(f => f.Text("id")));
            next = page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");
        }

        seen.Should().HaveCount(3).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task R9_the_trail_names_the_number_asked_and_the_number_shown_and_is_found_by_both()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);
        var newer = InventedPlan.NewNumber();
        await SupersedeAsync(plan.Number, newer);

        await server.Clinician.GetOkAsync($"Flag?patient={newer}");

        var byNew = await TrailAsync($"patient={newer}&subtype=search-type&agent-name=Dr");
        var byOld = await TrailAsync($"patient={plan.Number}&subtype=search-type&agent-name=Dr");
        byNew.Select(e => e.Text("id")).Should().Equal(byOld.Select(e => e.Text("id")));
        byNew.Should().HaveCount(2).And.OnlyContain(e => Detail(e, "plan-found") == "true");
        byNew.Select(e => Person(e)).Should().BeEquivalentTo([plan.Number, newer]);
        byNew.Single(e => Person(e) == plan.Number).ToJsonString().Should().Contain(flag);
        (await HistoryAsync(plan.Number)).Should().Be(1);
        (await HistoryAsync(newer)).Should().Be(0, "it is history of the number the plan is held under");

        await SupersedeAsync(plan.Number, null);
        (await TrailAsync($"patient={newer}&subtype=search-type&agent-name=Dr")).Select(Person).Should().Equal(newer);
    }

    [Fact]
    public async Task R9_summary_care_teams_and_history_follow_the_link_and_the_look_is_one_line()
    {
        var plan = Plan;
        var (_, flag) = await server.SubmitAsync(plan);
        var newer = InventedPlan.NewNumber();
        await SupersedeAsync(plan.Number, newer);
        using var clinician = server.Clinician;
        (await clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);

        var sent = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject
            {
                ["name"] = "nhsNumber",
                ["valueIdentifier"] = new JsonObject { ["system"] = Systems.NhsNumber, ["value"] = newer },
            }),
        };
        using var answer = await clinician.PostAsync(
            Url("Patient/$child-protection-summary"), RunningServer.Json(sent));
        var summary = await answer.BodyAsync();

        summary.All("Flag").Single().Text("id").Should().Be(flag);
        summary.Codes().Should().Contain("NUMBER_SUPERSEDED");
        Links(summary, plan.Number).Should().Equal("replaced-by Patient/" + newer);
        summary.All("AuditEvent").Should().ContainSingle();
        foreach (var number in new[] { plan.Number, newer })
        {
            (await clinician.GetOkAsync($"CareTeam?patient:identifier={Systems.NhsNumber}|{number}")).Codes().Should()
                .Equal("NUMBER_SUPERSEDED");
            (await clinician.GetOkAsync($"AuditEvent?patient={number}")).Total().Should().Be(1);
            (await server.Lancashire.GetOkAsync($"AuditEvent?patient={number}")).Total().Should().Be(1);
            (await server.Leeds.GetOkAsync($"AuditEvent?patient={number}")).Total().Should().Be(0);
        }

        await SupersedeAsync(plan.Number, null);
        (await clinician.GetOkAsync($"AuditEvent?patient={newer}")).Total().Should().Be(0);
    }

    [Fact]
    public async Task R9_when_nothing_is_held_the_answer_still_says_that_the_number_was_superseded()
    {
        var (old, now) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await SupersedeAsync(old, now);

        (await server.Clinician.GetOkAsync($"Flag?patient={old}")).Codes().Should()
            .BeEquivalentTo(["NUMBER_SUPERSEDED", "NO_RECORD_HELD"]);
        (await server.Clinician.GetOkAsync($"Patient?_id={old}")).Codes().Should()
            .BeEquivalentTo(["NUMBER_SUPERSEDED", "NO_RECORD_HELD"]);
    }

    [Fact]
    public async Task R9_an_ended_plan_under_the_old_number_keeps_its_last_day()
    {
        var plan = Plan with { End = Plan.Start, Status = "finished", Start = server.Today.AddDays(-400) };
        var visible = plan with { RowId = plan.RowId + "b", End = server.Today.AddDays(-365) };
        var gone = plan with { RowId = plan.RowId + "c", End = server.Today.AddDays(-366) };
        var newer = InventedPlan.NewNumber();
        await server.SubmitAsync(visible);
        await server.SubmitAsync(gone);
        await SupersedeAsync(plan.Number, newer);

        (await server.Clinician.GetOkAsync($"Flag?patient={newer}")).Total().Should().Be(1);
    }

    [Fact]
    public async Task R9_a_row_under_another_number_is_refused_until_the_register_says_so_and_then_made_anew()
    {
        var plan = Plan;
        var (oldEpisode, oldFlag) = await server.SubmitAsync(plan);
        var renumbered = plan with { Number = InventedPlan.NewNumber() };
        async Task<HttpResponseMessage> SendAsync() =>
            await server.Lancashire.PostAsync(server.Base, RunningServer.Json(renumbered.Bundle()));
        (await (await SendAsync()).ShouldBeRefusedAsync(422)).Codes().Should().Equal("NUMBER_CHANGED");
        (await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}")).Total().Should().Be(1);

        await SupersedeAsync(renumbered.Number, plan.Number);
        (await (await SendAsync()).ShouldBeRefusedAsync(422)).Codes().Should().Equal("NUMBER_CHANGED");
        await SupersedeAsync(renumbered.Number, null);
        await SupersedeAsync(plan.Number, renumbered.Number);
        (await SendAsync()).StatusCode.Should().Be(HttpStatusCode.OK);

        foreach (var number in new[] { plan.Number, renumbered.Number })
        {
            var answer = await server.Clinician.GetOkAsync($"Flag?patient={number}");
            var flag = answer.All("Flag").Single();
            flag.Text("id").Should().NotBe(oldFlag);
            flag["subject"]!.Text("reference").Should().Be("Patient/" + renumbered.Number);
            flag["meta"]!.Text("versionId").Should().Be("1");
        }

        await (await server.Clinician.TryAsync("Flag/" + oldFlag)).ShouldBeRefusedAsync(404);
        (await server.Lancashire.GetOkAsync("EpisodeOfCare/" + oldEpisode)).Text("status").Should()
            .Be("entered-in-error");
        (await server.Lancashire.GetOkAsync($"EpisodeOfCare/{oldEpisode}/_history/1")).Text("status").Should()
            .Be("active");
        var put = await server.Lancashire.PutAsync(
            Url("EpisodeOfCare/" + oldEpisode), RunningServer.Json(plan.Episode()));
        (await put.ShouldBeRefusedAsync(422)).Codes().Should().Equal("NUMBER_CHANGED");
        (await TrailAsync($"patient={plan.Number}&subtype=update&entity=EpisodeOfCare/{oldEpisode}"))
            .Single().Text("outcomeDesc").Should().Be("closed: its NHS number was superseded");
    }

    [Fact]
    public async Task R9_a_row_may_go_on_under_a_third_number()
    {
        var first = Plan;
        var second = first with { Number = InventedPlan.NewNumber() };
        var third = first with { Number = InventedPlan.NewNumber() };
        await server.SubmitAsync(first);
        await SupersedeAsync(first.Number, second.Number);
        await server.SubmitAsync(second);
        await SupersedeAsync(second.Number, third.Number);
        var (_, flag) = await server.SubmitAsync(third);

        (await server.Clinician.GetOkAsync($"Flag?patient={first.Number}")).All("Flag").Single().Text("id")
            .Should().Be(flag);
        (await server.Lancashire.GetOkAsync(
            $"Flag?identifier={Systems.CouncilPlan}{first.Council}|{first.RowId}&status=entered-in-error"))
            .Total().Should().Be(2);
    }

    [Fact]
    public async Task R9_a_council_cannot_write_the_links_of_a_Patient_itself()
    {
        var plan = Plan;
        var person = plan.Patient();
        person["link"] = new JsonArray(new JsonObject
        {
            ["other"] = new JsonObject { ["reference"] = "Patient/" + InventedPlan.NewNumber() },
            ["type"] = "replaces",
        });

        var answer = await server.Lancashire.PutAsync(Url("Patient/" + plan.Number), RunningServer.Json(person));

        (await answer.ShouldBeRefusedAsync(422))["issue"]![0]!["expression"]![0]!.GetValue<string>().Should()
            .Be("Patient.link");
    }

    private async Task SupersedeAsync(string from, string? to) =>
        (await TellAsync(new NumberState(Number(from), to is null ? null : Number(to)))).Refused.Should().BeNull();

    private async Task<NumberAnswer> TellAsync(NumberState state)
    {
        var supersede = server.Services.GetRequiredService<Supersede>();
        return (await supersede.TakeAsync([state], "invented register", ByTheRegister)).Single();
    }

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("no number");

    private async Task<List<JsonNode>> TrailAsync(string query) =>
        (await server.Auditor.GetOkAsync("AuditEvent?" + query)).All("AuditEvent");

    private async Task<long> HistoryAsync(string number)
    {
        await using var connection = new Npgsql.NpgsqlConnection(server.Database.OwnerConnectionString);
        return await Dapper.SqlMapper.ExecuteScalarAsync<long>(
            connection, "select count(*) from ledger.access where nhs_number = @number", new { number });
    }

    private static IEnumerable<string> Links(JsonNode bundle, string number) =>
        bundle.All("Patient").Single(p => p.Text("id") == number)["link"]!.AsArray()
            .Select(l => $"{l!.Text("type")} {l!["other"]!.Text("reference")}");

    private static string Person(JsonNode entry) => entry["entity"]!.AsArray()
        .Select(e => e!["what"]?["identifier"]).First(i => i?["system"]?.GetValue<string>() == Systems.NhsNumber)!
        .Text("value");

    private static string? Detail(JsonNode entry, string type) => entry["entity"]!.AsArray()
        .SelectMany(e => e!["detail"]?.AsArray().ToArray() ?? []).FirstOrDefault(d => d!.Text("type") == type)?
        .Text("valueString");
}
