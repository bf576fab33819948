using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Tests.Notices;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>
/// Every parameter with every modifier it takes, asked by GET and by form: what is found, and what is refused.
/// </summary>
public sealed class ParametersTests(ParametersTests.Held held) : IClassFixture<ParametersTests.Held>
{
    private const string Council = "sandbox-council-lancashire";
    private const string Doctor = "sandbox-ed-clinician";
    private const string Plan = "https://fhir.cpis.example/Id/council-plan/ZZ001";
    private const string Nhs = "https://fhir.nhs.uk/Id/nhs-number";

    /// <summary>Search, and how many of the two plans, attendances, councils or subscriptions it finds.</summary>
    private static readonly (string Persona, string Type, string Query, int Found)[] Rows =
    [
        .. Half("Flag", "author", "@F"), .. Half("EpisodeOfCare", "organization", "@E"),
        .. People("Flag", "subject"),
        (Council, "Flag", "detail=@E", 1), (Council, "Flag", "detail=EpisodeOfCare/@E", 1),
        (Council, "Flag", "detail:EpisodeOfCare=@E", 1), (Council, "Flag", "detail:not=@E", 1),
        (Council, "Flag", "detail:missing=false", 2), (Council, "Flag", $"detail:identifier={Plan}|@R", 1),
        (Council, "Flag", $"detail.identifier={Plan}|", 2),
        (Council, "Flag", "status=http://hl7.org/fhir/flag-status|active", 1),
        (Council, "Flag", "status=http://hl7.org/fhir/flag-status|", 2), (Council, "Flag", "status=|active", 0),
        (Council, "Flag", "status:not=active,inactive", 0), (Council, "Flag", "status:missing=true", 0),
        (Council, "Flag", $"code={Systems.Snomed}|{PlanKind.LookedAfter.Code}", 1),
        (Council, "Flag", $"code:not={PlanKind.LookedAfter.Code}", 1),
        (Council, "Flag", $"code={PlanKind.LookedAfter.Code},{PlanKind.ChildProtection.Code}", 2),
        (Council, "Flag", $"category={Systems.FlagCategoryCode}", 2), (Council, "Flag", "category:missing=true", 0),
        (Council, "EpisodeOfCare", $"type={PlanKind.LookedAfter.Code}", 1),
        (Council, "EpisodeOfCare", "type:not=" + PlanKind.LookedAfter.Code, 1),
        (Council, "EpisodeOfCare", "status=finished", 1), (Council, "EpisodeOfCare", "status=finished,active", 2),
        (Doctor, "Flag", "patient=@N&status:not=inactive", 1), (Doctor, "Flag", "patient=@N&status=inactive", 0),
        (Doctor, "Patient", "_id=@N", 1), (Doctor, "Patient", "identifier=@N", 1),
        (Doctor, "Patient", $"identifier={Nhs}|@N", 1), (Council, "Patient", "_id=@N&_lastUpdated=ge2020", 1),
        (Council, "Patient", "_id=@N&_lastUpdated=lt2020", 0), (Doctor, "Patient", "_id=@N&_lastUpdated=lt2020", 0),
        (Council, "Patient", "_id=@N&identifier:missing=false", 1), (Council, "Patient", "_id=@N&_id:not=@N", 0),
        .. Attendances(),
        (Doctor, "Organization", "_id=ZZ001", 1), (Doctor, "Organization", "_id=ZZ001,ZZ002", 2),
        (Doctor, "Organization", "identifier=ZZ001", 1), (Doctor, "Organization", $"identifier={Systems.Ods}|ZZ001", 1),
        (Doctor, "Organization", "identifier=|ZZ001", 0), (Doctor, "Organization", "name:exact=@C", 1),
        (Doctor, "Organization", "name=LÁNCASHIRE%20COUNTY", 1),
            (Doctor, "Organization", "name:contains=ancashire coun", 1),
        (Doctor, "Organization", "name:exact=lancashire", 0), (Doctor, "Organization", "name:missing=true", 0),
        (Doctor, "Organization", "name=%5C,", 0), (Doctor, "Organization", "_lastUpdated=lt2020", 0),
        (Doctor, "Organization", "active:not=true", 0), (Doctor, "Organization", "type:missing=true", 0),
        (Council, "Subscription", "_id=@S", 1), (Council, "Subscription", "_id:not=@S", 0),
        (Council, "Subscription", "_lastUpdated=ge2020", 1), (Council, "Subscription", "status:not=off", 1),
        (Council, "Subscription", "url:missing=true", 1), (Council, "Subscription", "criteria:contains=access", 1),
        (Council, "Subscription", "criteria:exact=access", 0), (Council, "Subscription", "criteria:missing=true", 0),
    ];

    public static TheoryData<int, string> Asked
    {
        get
        {
            var all = new TheoryData<int, string>();
            for (var i = 0; i < Rows.Length; i++)
            {
                all.Add(i, $"{Rows[i].Type}?{Rows[i].Query}");
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task A_search_finds_the_same_by_GET_by_form_and_by_both(int row, string says)
    {
        var (persona, type, query, found) = Rows[row];
        using var client = held.Server.As(persona);
        var filled = held.Fill(query);
        var (first, rest) = (filled.Split('&', 2)[0], filled.Split('&', 2).ElementAtOrDefault(1));

        var got = await client.GetOkAsync($"{type}?{filled}&_total=accurate");
        var posted = await PostAsync(client, $"{type}/_search", filled + "&_total=accurate");
        var both = await PostAsync(client, $"{type}/_search?{first}&_total=accurate", rest ?? "_count=50");

        got.Total().Should().Be(found, says);
        got.All(type).Should().HaveCount(found);
        foreach (var other in (JsonNode[])[posted, both])
        {
            other.Total().Should().Be(found, says);
            other.All(type).Select(r => r.Text("id")).Should().Equal(got.All(type).Select(r => r.Text("id")));
            Self(other).Should().StartWith(client.BaseAddress + type + "?");
        }

        (await client.GetOkAsync(Self(got))).All(type).Select(r => r.Text("id"))
            .Should().Equal(got.All(type).Select(r => r.Text("id")), "self is the search that was made");
    }

    [Theory]
    [InlineData(Council, "Flag?status:exact=active")]
    [InlineData(Council, "Flag?status:identifier=active")]
    [InlineData(Council, "Flag?date:not=2026-01-05")]
    [InlineData(Council, "Flag?patient:exact=@N")]
    [InlineData(Council, "Flag?patient:Organization=@N")]
    [InlineData(Council, "Flag?patient.name=Wren")]
    [InlineData(Council, "Flag?patient:missing=perhaps")]
    [InlineData(Council, "Flag?patient:missing=true,false")]
    [InlineData(Council, "Flag?author.name=x")]
    [InlineData(Council, "Flag?author:contains=ZZ001")]
    [InlineData(Council, "Flag?detail:Flag=x")]
    [InlineData(Council, "Flag?code:text=x")]
    [InlineData(Council, "Flag?code=|")]
    [InlineData(Council, "Flag?code=")]
    [InlineData(Council, "Flag?_id:missing=")]
    [InlineData(Council, "Flag?_text=x")]
    [InlineData(Council, "Flag?_has:Patient:x:y=z")]
    [InlineData(Council, "Flag?_count=1&_count=2")]
    [InlineData(Council, "Flag?_count=-1")]
    [InlineData(Council, "Flag?_count=ten")]
    [InlineData(Council, "Flag?_total=accurate&_total=none")]
    [InlineData(Council, "Flag?_total=exact")]
    [InlineData(Council, "Flag?_sort=_id&_sort=date")]
    [InlineData(Council, "Flag?_sort=status")]
    [InlineData(Council, "Flag?_sort=--date")]
    [InlineData(Council, "Flag?_sort=")]
    [InlineData(Council, "Flag?date=ap2026-01-05")]
    [InlineData(Council, "Flag?date=2026-01-05,2026-13")]
    [InlineData(Council, "EpisodeOfCare?care-manager=x")]
    [InlineData(Council, "EpisodeOfCare?_include=*")]
    [InlineData(Council, "EpisodeOfCare?_include=EpisodeOfCare:care-manager")]
    [InlineData(Council, "EpisodeOfCare?_include=EpisodeOfCare:patient:Group")]
    [InlineData(Council, "EpisodeOfCare?_revinclude=Flag:patient")]
    [InlineData(Council, "Flag?_revinclude=Flag:detail")]
    [InlineData(Council, "Flag?_page=x&_count=1")]
    [InlineData(Council, "Patient?_id:exact=@N")]
    [InlineData(Council, "Patient?identifier:missing=false")]
    [InlineData(Council, "Encounter?class:exact=EMER")]
    [InlineData(Council, "Encounter?_include=Encounter:patient")]
    [InlineData(Council, "Subscription?url:below=http://x")]
    [InlineData(Council, "Subscription?identifier=x")]
    [InlineData(Doctor, "Organization?name:not=x")]
    [InlineData(Doctor, "Organization?_sort=name")]
    [InlineData(Doctor, "CareTeam?patient=@N&patient:not=@N")]
    [InlineData(Doctor, "AuditEvent?patient=@N&_sort=date")]
    [InlineData("sandbox-auditor", "AuditEvent?patient:not=@N")]
    [InlineData("sandbox-auditor", "AuditEvent?date:not=2026")]
    public async Task What_a_parameter_does_not_take_is_refused_also_of_a_lenient_search_that_can_leave_no_part_out(
        string persona, string url)
    {
        using var client = held.Server.As(persona);

        var refused = await (await client.TryAsync(held.Fill(url))).ShouldBeRefusedAsync(400);

        refused.ToJsonString().Should().NotContain(held.Plans[0].Number, "no value is told back");
    }

    [Theory]
    [InlineData("Flag?patient:not=@N")]
    [InlineData("Flag?patient:missing=false")]
    [InlineData("Flag?patient=@N,@M")]
    [InlineData("Flag?patient=@N&subject=@M")]
    [InlineData("Flag?subject:missing=false")]
    [InlineData("EpisodeOfCare?patient:not=@N")]
    [InlineData("EpisodeOfCare?identifier=@N")]
    [InlineData("Encounter?patient:not=@N")]
    [InlineData("Encounter?patient=@N,@M")]
    [InlineData("Patient?_id=@N,@M")]
    [InlineData("Patient?_id:not=@N")]
    [InlineData("Patient?identifier:missing=false")]
    public async Task A_clinician_names_one_patient_or_is_refused_however_it_is_put(string url) =>
        await (await held.Server.Clinician.TryAsync(held.Fill(url))).ShouldBeRefusedAsync(403);

    [Fact]
    public async Task A_plan_that_the_rest_of_a_search_leaves_out_is_never_told_as_none()
    {
        using var clinician = held.Server.Clinician;
        clinician.DefaultRequestHeaders.Add("X-Request-ID", Guid.NewGuid().ToString());

        var empty = await clinician.GetOkAsync(held.Fill("Flag?patient=@N&status=inactive"));
        var counted = await clinician.GetOkAsync(held.Fill("Flag?patient=@N&status=inactive&_summary=count"));

        foreach (var answer in (JsonNode[])[empty, counted])
        {
            answer.Total().Should().Be(0);
            answer.Codes().Should().NotContain("NO_RECORD_HELD");
            answer.Diagnostics().Should().Contain(Words.PlanLeftOut);
        }

        var trail = await held.Server.Auditor.GetOkAsync(
            held.Fill("AuditEvent?patient=@N&plan-found=true&subtype=search-type&_count=2"));
        trail.All("AuditEvent").Should().OnlyContain(e => e.ToJsonString().Contains("unscheduled"));
    }

    [Fact]
    public async Task The_total_of_one_patient_is_told_also_to_whom_it_is_all_the_same()
    {
        foreach (var type in (string[])["Flag", "EpisodeOfCare", "Encounter"])
        {
            (await held.Server.Clinician.GetOkAsync(held.Fill($"{type}?patient=@N&_total=none"))).Total()
                .Should().Be(1);
            (await held.Server.Lancashire.GetOkAsync($"{type}?_total=none"))["total"].Should().BeNull();
            (await held.Server.Lancashire.GetOkAsync($"{type}?_total=none&_summary=count")).Total().Should()
                .BePositive();
        }
    }

    [Fact]
    public async Task A_lenient_search_names_what_it_left_out_and_never_its_value()
    {
        using var client = held.Server.Lancashire;
        client.DefaultRequestHeaders.Add("Prefer", "handling=lenient");

        var answer = await client.GetOkAsync(held.Fill("Flag?patient=@N&shoe-size=Oakhanger&_sort=code"
            + "&_include=Flag:encounter&_revinclude=Provenance:target&@N=1&status=active"));

        answer.Diagnostics().Should().Equal("shoe-size is not known here and was left out.",
            "_sort is not known here and was left out.", "_include is not known here and was left out.",
            "_revinclude is not known here and was left out.", "A parameter is not known here and was left out.");
        Self(answer).Should().Be(client.BaseAddress + held.Fill("Flag?patient=@N&status=active&_count=50"));
        answer.Total().Should().Be(1);
    }

    [Theory]
    [InlineData("Flag?patient=@N", "")]
    [InlineData("Flag?patient=@N&_include=Flag:detail", "EpisodeOfCare")]
    [InlineData("Flag?patient=@N&_include=Flag:detail:EpisodeOfCare&_include=Flag:subject", "EpisodeOfCare Patient")]
    [InlineData("Flag?patient=@N&_include=Flag:author", "Organization")]
    [InlineData("Flag?patient=@N&_include=EpisodeOfCare:organization", "")]
    [InlineData("Flag?patient=@N&_include=Flag:detail&_include=EpisodeOfCare:organization", "EpisodeOfCare")]
    [InlineData("Flag?patient=@N&_include:iterate=EpisodeOfCare:organization", "")]
    [InlineData("Flag?patient=@N&_include:iterate=EpisodeOfCare:organization&_include=Flag:detail",
        "EpisodeOfCare Organization")]
    [InlineData("Flag?patient=@N&_include=Flag:detail&_include:iterate=EpisodeOfCare:patient", "EpisodeOfCare Patient")]
    [InlineData("EpisodeOfCare?patient=@N&_include=EpisodeOfCare:organization", "Organization")]
    [InlineData("EpisodeOfCare?patient=@N&_include=EpisodeOfCare:patient", "Patient")]
    [InlineData("EpisodeOfCare?patient=@N&_revinclude=Flag:detail", "Flag")]
    [InlineData("EpisodeOfCare?patient=@N&_revinclude=Flag:detail&_include:iterate=Flag:author", "Flag Organization")]
    [InlineData("EpisodeOfCare?patient=@N&_revinclude=Flag:detail&_include:iterate=Flag:patient", "Flag Patient")]
    public async Task An_include_is_followed_from_the_matches_and_with_iterate_from_what_was_included(
        string url, string included)
    {
        foreach (var persona in (string[])[Doctor, Council])
        {
            using var client = held.Server.As(persona);

            var answer = await client.GetOkAsync(held.Fill(url));
            var listed = await held.Server.Lancashire
                .GetOkAsync(held.Fill(url).Replace("patient=", "status=active&_id:not=",
                StringComparison.Ordinal));

            foreach (var bundle in (JsonNode[])[answer, listed])
            {
                bundle["entry"]!.AsArray().Where(e => e!["search"]!.Text("mode") == "include")
                    .Select(e => e!["resource"]!.Text("resourceType"))
                    .Should().BeEquivalentTo(included.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
        }
    }

    [Fact]
    public async Task A_form_may_name_the_format_as_a_URL_may()
    {
        using var client = held.Server.Lancashire;
        using var form = new StringContent("status=active&_format=xml", Encoding.UTF8,
            "application/x-www-form-urlencoded");

        using var answer = await client.PostAsync(new Uri("Flag/_search", UriKind.Relative), form);

        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/fhir+xml");
    }

    private static (string, string, string, int)[] Half(string type, string council, string id) =>
    [
        .. People(type, "patient"),
        (Council, type, "_id=" + id, 1), (Council, type, "_id:not=" + id, 1), (Council, type, "_id:missing=true", 0),
        (Council, type, "_id=nothing," + id, 1), (Council, type, "_lastUpdated=ge2020-01-01", 2),
        (Council, type, "_lastUpdated=lt2020", 0), (Council, type, "_lastUpdated:missing=false", 2),
        (Council, type, "identifier=@R", 1), (Council, type, $"identifier={Plan}|@R", 1),
        (Council, type, "identifier=|@R", 0), (Council, type, $"identifier={Plan}|", 2),
        (Council, type, "identifier=@R,@Q", 2), (Council, type, "identifier:not=@R", 1),
        (Council, type, "identifier:missing=false", 2), (Council, type, "identifier=@R&_id:not=" + id, 0),
        (Council, type, "date=ge@D", 1), (Council, type, "date=lt@D", 1), (Council, type, "date:missing=true", 0),
        (Council, type, council + "=ZZ001", 2), (Council, type, council + "=Organization/ZZ001", 2),
        (Council, type, council + ":Organization=ZZ002", 0), (Council, type, council + ":not=ZZ001", 0),
        (Council, type, $"{council}:identifier={Systems.Ods}|ZZ001", 2), (Council, type, council + ":missing=true", 0),
        (Council, type, "_sort=-date,_lastUpdated,_id", 2), (Doctor, type, "patient=@N&_sort=_lastUpdated,-_id", 1),
    ];

    private static (string, string, string, int)[] People(string type, string name) =>
    [
        .. from persona in (string[])[Council, Doctor]
           from form in (string[])["=@N", "=Patient/@N", "=@BPatient/@N", ":Patient=@N", $":identifier={Nhs}|@N",
               ":identifier=@N", $".identifier={Nhs}|@N", $":Patient.identifier={Nhs}|@N"]
           select (persona, type, name + form, 1),
        (Council, type, name + ":not=@N", 1), (Council, type, name + ":not=@N,@M", 0),
        (Council, type, name + ":missing=false", 2), (Council, type, name + ":missing=true", 0),
        (Council, type, name + "=@N,@M", 2),
    ];

    private static (string, string, string, int)[] Attendances() =>
    [
        .. from query in (string[])["_id=@A", "_lastUpdated=ge2020", "identifier=https://epr.example/encounter|",
               "date=ge@D", "date:missing=false", "class=EMER", "class:not=AMB", "type:missing=false",
                   "status=in-progress",
               "status:not=finished", "service-provider=RXR", $"service-provider:identifier={Systems.Ods}|RXR",
               "service-provider:not=RW5", "_sort=-date,_id", "patient.identifier=@N", "_id:not=@F"]
           select (Doctor, "Encounter", "patient=@N&" + query, 1),
        (Doctor, "Encounter", "patient=@N&date=lt2020", 0), (Doctor, "Encounter", "patient=@N&_id:not=@A", 0),
        (Council, "Encounter", "patient:not=@N", 0), (Council, "Encounter", "patient:missing=false", 1),
    ];

    private static string Self(JsonNode bundle) => bundle["link"]![0]!.Text("url");

    private static async Task<JsonNode> PostAsync(HttpClient client, string url, string form)
    {
        using var content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        using var answer = await client.PostAsync(new Uri(url, UriKind.Relative), content);
        var body = await answer.BodyAsync();
        ((int)answer.StatusCode).Should().Be(200, body.ToJsonString());
        return body;
    }

    /// <summary>A council with a current and an ended plan, an attendance, and a subscription.</summary>
    public sealed class Held : IAsyncLifetime
    {
        private readonly Dictionary<string, string> words = [];

        internal RunningServer Server { get; } = new();

        internal List<InventedPlan> Plans { get; } = [];

        internal string Fill(string text) => words.Aggregate(text, (filled, word) =>
            filled.Replace("@" + word.Key, word.Value, StringComparison.Ordinal));

        public async Task InitializeAsync()
        {
            await Server.InitializeAsync();
            Plans.Add(new InventedPlan { Start = Server.Today.AddDays(-1) });
            Plans.Add(new InventedPlan
            {
                Start = Server.Today.AddDays(-9), End = Server.Today.AddDays(-3), Kind = PlanKind.LookedAfter,
                Status = "finished",
            });
            (words["E"], words["F"]) = await Server.SubmitAsync(Plans[0]);
            await Server.SubmitAsync(Plans[1]);
            (words["N"], words["M"]) = (Plans[0].Number, Plans[1].Number);
            (words["R"], words["Q"]) = (Plans[0].RowId, Plans[1].RowId);
            words["D"] = PlanJson.Day(Server.Today.AddDays(-1));
            words["C"] = "Lancashire County Council";
            words["B"] = Server.Base.ToString();
            words["A"] = await PostAsync(Doctor, "Encounter", new InventedEncounter
            {
                Number = Plans[0].Number, Start = Server.Clock.GetUtcNow().AddHours(-1),
            }.Resource());
            words["S"] = await PostAsync(Council, "Subscription", new InventedSubscription().Resource());
        }

        public Task DisposeAsync() => Server.DisposeAsync();

        private async Task<string> PostAsync(string persona, string type, JsonNode body)
        {
            using var answer = await Server.As(persona).PostAsync(
                new Uri(type, UriKind.Relative), RunningServer.Json(body));
            ((int)answer.StatusCode).Should().Be(201, await answer.Content.ReadAsStringAsync());
            return (await answer.BodyAsync()).Text("id");
        }
    }
}
