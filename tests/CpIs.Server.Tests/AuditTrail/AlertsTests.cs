using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CpIs.Fhir;
using CpIs.Server.Sandbox;
using CpIs.Server.Tests.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// Whoever looks at more people than work explains is answered as ever, and auditors hear of it once; also whoever
/// breaks the glass. The switch that refuses still lets a broken glass through.
/// </summary>
public sealed partial class AlertsTests(TwoBrowsed servers) : IClassFixture<TwoBrowsed>
{
    private const string Reason = "Unconscious, nobody with her";

    [Fact]
    public async Task A_doctor_who_looks_at_too_many_people_is_answered_and_the_trusts_auditor_is_told_once()
    {
        var doctor = servers.Doctor();

        var marks = await servers.LookAsync(servers.First, doctor, TwoBrowsed.PatientsMax + 2);
        await servers.TellAsync();

        marks.Should().Equal(null, null, null, "BROWSING", "BROWSING");
        var told = await ToldAsync(doctor, "sandbox-auditor-rxr");
        var alert = told.Should().ContainSingle().Subject;
        alert["type"]!.Text("code").Should().Be("110113");
        alert["subtype"]![0]!.Text("system").Should().Be(Systems.Alert);
        alert["subtype"]![0]!.Text("code").Should().Be("browsing");
        alert.Text("outcomeDesc").Should().Be("5 people in 60 minutes");
        (await FoundAsync($"AuditEvent?subtype=browsing&altid={doctor.UserId}")).Should().Be(1);
        (await FoundAsync($"AuditEvent?type=110113&subtype:not=browsing&altid={doctor.UserId}")).Should().Be(0);
    }

    [Fact]
    public async Task A_mark_changes_nothing_of_the_answer()
    {
        var plan = new InventedPlan { Start = servers.First.Today };
        await servers.First.SubmitAsync(plan);
        var (fresh, browsing) = (servers.Doctor(), servers.Doctor());
        await servers.LookAsync(servers.First, browsing, TwoBrowsed.PatientsMax);

        var answers = new List<(HttpStatusCode, string, string)>();
        foreach (var person in (Persona[])[fresh, browsing])
        {
            using var client = TwoBrowsed.As(servers.First, person);
            var answer = await client.TryAsync($"Flag?patient={plan.Number}");
            var body = await answer.BodyAsync();
            answers.Add((answer.StatusCode, string.Join(' ', answer.Headers.Select(h => h.Key)),
                body.All("Flag").Single().ToJsonString() + string.Join('|', body.Diagnostics())));
        }

        answers.Distinct().Should().ContainSingle();
    }

    [Fact]
    public async Task Looking_again_and_again_at_the_same_people_is_no_browsing()
    {
        var doctor = servers.Doctor();
        var numbers = Enumerable.Range(0, TwoBrowsed.PatientsMax).Select(_ => InventedPlan.NewNumber()).ToList();
        using var client = TwoBrowsed.As(servers.First, doctor);

        for (var again = 0; again < 5; again++)
        {
            foreach (var number in numbers)
            {
                await client.GetOkAsync($"Flag?patient={number}");
            }
        }

        await servers.TellAsync();
        (await ToldAsync(doctor)).Should().BeEmpty();
    }

    [Fact]
    public async Task Looks_that_come_in_one_batch_are_counted_one_by_one()
    {
        var doctor = servers.Doctor();
        var batch = new JsonObject
        {
            ["resourceType"] = "Bundle",
            ["type"] = "batch",
            ["entry"] = new JsonArray([.. Enumerable.Range(0, TwoBrowsed.PatientsMax + 1).Select(_ => new JsonObject
            {
                ["request"] = new JsonObject
                {
                    ["method"] = "GET", ["url"] = "Flag?patient=" + InventedPlan.NewNumber(),
                },
            })]),
        };
        using var client = TwoBrowsed.As(servers.First, doctor);

        (await client.PostAsync(servers.First.Base, RunningServer.Json(batch))).EnsureSuccessStatusCode();
        await servers.TellAsync();

        (await servers.First.Auditor.GetOkAsync($"AuditEvent?altid={doctor.UserId}&type=rest&_sort=date"))
            .All("AuditEvent").Select(e => e["outcomeDesc"]?.GetValue<string>())
            .Should().Equal(null, null, null, "BROWSING");
        (await ToldAsync(doctor)).Should().HaveCount(1);
    }

    [Fact]
    public async Task The_window_slides_and_who_goes_on_is_told_of_again()
    {
        var doctor = servers.Doctor();
        await servers.LookAsync(servers.First, doctor, TwoBrowsed.PatientsMax + 1);
        await servers.TellAsync();

        servers.First.Clock.Move(TimeSpan.FromMinutes(61));
        (await servers.LookAsync(servers.First, doctor, 1)).Should().Equal((string?)null);
        await servers.TellAsync();
        (await ToldAsync(doctor)).Should().HaveCount(1);

        (await servers.LookAsync(servers.First, doctor, 3)).Should().Equal(null, null, "BROWSING");
        await servers.TellAsync();
        (await ToldAsync(doctor)).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_server_that_has_only_just_started_knows_the_looks_of_before_from_the_ledger()
    {
        var doctor = servers.Doctor();
        await servers.LookAsync(servers.First, doctor, TwoBrowsed.PatientsMax - 1);
        (await servers.LookAsync(servers.Refusing, doctor, 1)).Should().Equal((string?)null);
        await servers.TellAsync();

        (await servers.LookAsync(servers.Refusing, doctor, 1)).Should().Equal("BROWSING");
        await servers.TellAsync();

        (await ToldAsync(doctor)).Should().HaveCount(1);
        (await servers.LookAsync(servers.First, doctor, 1)).Should().Equal("BROWSING");
    }

    [Fact]
    public async Task Where_it_is_switched_on_too_many_is_refused_in_the_words_of_no_answer_and_a_broken_glass_is_not()
    {
        var doctor = servers.Doctor();
        await servers.LookAsync(servers.Refusing, doctor, TwoBrowsed.PatientsMax + 1);
        using var client = TwoBrowsed.As(servers.Refusing, doctor);
        var id = Guid.NewGuid().ToString();
        client.DefaultRequestHeaders.Add("X-Request-ID", id);

        var refused = await client.TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

        (await refused.ShouldBeRefusedAsync(429)).Diagnostics()[0].Should().Be(Words.NoAnswer);
        refused.Headers.RetryAfter!.Delta.Should().BeGreaterThan(TimeSpan.FromMinutes(50));
        (await Ledger.OfRequestAsync(servers.First, id)).Should().Equal((429, 4));

        var number = InventedPlan.NewNumber();
        client.DefaultRequestHeaders.Remove("X-Request-ID");
        Break(client);
        await client.GetOkAsync($"Flag?patient={number}");
        var looks = (await servers.First.Auditor.GetOkAsync($"AuditEvent?patient={number}&purpose-of-use=BTG"))
            .All("AuditEvent");
        looks.Should().ContainSingle().Which.Text("outcomeDesc").Should().Be("BROWSING");
    }

    [Fact]
    public async Task Auditors_are_told_of_a_broken_glass_once_a_day_for_each_person_it_was_broken_for()
    {
        var doctor = servers.Doctor();
        var (one, other) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        using var client = TwoBrowsed.As(servers.First, doctor);
        Break(client);

        await client.GetOkAsync($"Flag?patient={one}");
        await client.GetOkAsync($"EpisodeOfCare?patient={one}");
        await servers.TellAsync();
        await client.GetOkAsync($"Flag?patient={one}");
        await client.GetOkAsync($"Flag?patient={other}");
        await servers.TellAsync();

        var told = await ToldAsync(doctor, "sandbox-auditor-rxr");
        told.Select(t => t["subtype"]![0]!.Text("code")).Should().Equal("break-glass", "break-glass");
        var first = told.Single(t => t.ToJsonString().Contains("Patient/" + one, StringComparison.Ordinal));
        first.ToJsonString().Should().Contain(Reason);
        var look = first["entity"]!.AsArray().Select(e => e!["what"]?["reference"]?.GetValue<string>())
            .Single(r => r?.StartsWith("AuditEvent/", StringComparison.Ordinal) == true);
        (await servers.First.Auditor.GetOkAsync(look!)).ToJsonString().Should().Contain("BTG").And.Contain(one);

        servers.First.Clock.Move(TimeSpan.FromHours(25));
        await client.GetOkAsync($"Flag?patient={one}");
        await servers.TellAsync();
        (await ToldAsync(doctor)).Should().HaveCount(3);
    }

    [Fact]
    public async Task A_trusts_auditor_is_not_told_what_another_trusts_doctors_do()
    {
        var doctor = servers.Doctor("RW5");
        await servers.LookAsync(servers.First, doctor, TwoBrowsed.PatientsMax + 1);
        using var client = TwoBrowsed.As(servers.First, doctor);
        Break(client);
        await client.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}");
        await servers.TellAsync();

        (await ToldAsync(doctor)).Should().HaveCount(2);
        (await ToldAsync(doctor, "sandbox-auditor-rxr")).Should().BeEmpty();
    }

    [Fact]
    public async Task The_commands_of_the_auditors_page_find_what_they_say()
    {
        var doctor = Persona.All["sandbox-ed-clinician"];
        await servers.LookAsync(servers.First, doctor, TwoBrowsed.PatientsMax + 1);
        using var client = TwoBrowsed.As(servers.First, doctor);
        Break(client);
        await client.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}");
        await servers.TellAsync();
        var page = Path.Combine(SampleFolder.Root, "..", "docs", "audit-trail.md");
        var commands = File.ReadLines(page).Select(line => Command().Match(line)).Where(m => m.Success).ToList();

        commands.Should().HaveCountGreaterThanOrEqualTo(5);
        foreach (var command in commands)
        {
            using var auditor = servers.First.As(command.Groups["who"].Value);
            var found = await auditor.GetOkAsync(command.Groups["what"].Value + "&_count=500");
            found.All("AuditEvent").Where(e => e["agent"]!.AsArray().Any(a =>
                a!["altId"]?.GetValue<string>() == doctor.UserId)).Should().NotBeEmpty(command.Value);
        }
    }

    [GeneratedRegex("""
        token (?<who>[a-z-]+)\)" "http://localhost:5080/FHIR/R4/(?<what>AuditEvent\?[^"]+)"$
        """)]
    private static partial Regex Command();

    private static void Break(HttpClient client)
    {
        client.DefaultRequestHeaders.Add("X-Purpose-Of-Use", "BTG");
        client.DefaultRequestHeaders.Add("X-Purpose-Reason", Reason);
    }

    private async Task<List<JsonNode>> ToldAsync(Persona about, string auditor = "sandbox-auditor")
    {
        using var client = servers.First.As(auditor);
        return (await client.GetOkAsync($"AuditEvent?type=110113&altid={about.UserId}")).All("AuditEvent");
    }

    private async Task<int> FoundAsync(string question)
    {
        using var auditor = servers.First.Auditor;
        return (await auditor.GetOkAsync(question + "&_summary=count")).Total();
    }
}
