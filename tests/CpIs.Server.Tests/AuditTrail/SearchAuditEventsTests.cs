using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// The auditors' search over HTTP. What a parameter finds is compared with what the rendered entries say, so that
/// search and content cannot tell different stories.
/// </summary>
public sealed class SearchAuditEventsTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    private const string Ods = "https://fhir.nhs.uk/Id/ods-organization-code";

    /// <summary>A criterion, and the same said of a rendered entry.</summary>
    private static readonly Dictionary<string, Func<JsonNode, bool>> Criteria = new()
    {
        ["action=E"] = e => e.Text("action") == "E",
        ["action=C,U"] = e => e.Text("action") is "C" or "U",
        ["action:not=E"] = e => e.Text("action") != "E",
        ["outcome=0"] = e => e.Text("outcome") == "0",
        ["outcome=4,8"] = e => e.Text("outcome") is "4" or "8",
        ["outcome:not=0"] = e => e.Text("outcome") != "0",
        ["subtype=search-type"] = e => Subtype(e) == "search-type",
        ["subtype=http://hl7.org/fhir/restful-interaction|vread"] = e => Subtype(e) == "vread",
        ["subtype=urn:other|vread"] = _ => false,
        ["subtype:not=read,search-type"] = e => Subtype(e) is not ("read" or "search-type"),
        ["subtype=http://hl7.org/fhir/restful-interaction|"] = e =>
            e["subtype"]![0]!.Text("system") == "http://hl7.org/fhir/restful-interaction",
        ["action=http://hl7.org/fhir/audit-event-action|"] = _ => true,
        ["action=|E"] = _ => false,
        ["type=http://dicom.nema.org/resources/ontology/DCM|rest"] = _ => false,
        ["type=http://terminology.hl7.org/CodeSystem/audit-event-type|"] = e => e["type"]!.Text("code") == "rest",
        ["date=lt2020,ge2020-01-01"] = _ => true,
        ["date=lt2020,gt2090"] = _ => false,
        ["date=ne2019-07"] = _ => true,
        ["agent-name=Dr Imogen\\, and another"] = _ => false,
        ["type=rest"] = e => e["type"]!.Text("code") == "rest",
        ["type:not=rest"] = e => e["type"]!.Text("code") != "rest",
        ["type=http://dicom.nema.org/resources/ontology/DCM|110113"] = e => e["type"]!.Text("code") == "110113",
        ["subtype=break-glass"] = e => Subtype(e) == "break-glass",
        ["subtype=https://fhir.cpis.example/CodeSystem/CpIs-Alert|browsing,break-glass"] = e =>
            Subtype(e) is "browsing" or "break-glass",
        ["altid=999100000001"] = e => Agents(e).Any(a => Is(a["altId"], "999100000001")),
        ["altid:missing=true"] = e => Agents(e).All(a => a["altId"] is null),
        ["agent=999100000002"] = e => Agents(e).Any(a => Who(a, "999100000002")),
        ["agent:identifier=ISSUER|999100000001"] = e => Agents(e).Any(a => Who(a, "999100000001")),
        ["agent:identifier=https://other.example|999100000001"] = _ => false,
        ["agent:identifier=|sandbox-ed-clinician"] = e => Agents(e).Any(a => Who(a, "sandbox-ed-clinician")),
        [$"agent:identifier={Ods}|RW5"] = e => Agents(e).Any(a => Who(a, "RW5")),
        ["agent=Organization/RW5"] = e => Agents(e).Any(a => Who(a, "RW5")),
        ["agent:missing=true"] = e => !Agents(e).Any(a => a["requestor"]!.GetValue<bool>() && a["network"] is null),
        ["agent-name=dr imo"] = e => Agents(e).Any(a => Begins(a["name"], "Dr Imo")),
        ["agent-name=thackaway"] = e => Agents(e).Any(a => Is(a["name"], "Dr Imogen Thackaway")),
        ["agent-name=hackaway"] = _ => false,
        ["agent-name:exact=Nurse Corin Ellerbrook"] = e => Agents(e).Any(a => Is(a["name"], "Nurse Corin Ellerbrook")),
        ["agent-name:exact=nurse corin ellerbrook"] = _ => false,
        ["agent-name:contains=THACK"] = e => Agents(e).Any(a => Begins(a["name"], "Dr Imogen Thack")),
        ["agent-name:missing=false"] = e => Agents(e).Any(a => a["name"] is not null),
        ["agent-role=School Nurse"] = e => Agents(e).Any(a => Is(a["role"]?[0]?["text"], "School Nurse")),
        ["address:missing=true"] = e => Address(e) == "unknown",
        ["address=ADDRESS"] = e => Address(e) == "ADDRESS",
        ["address:exact=192.0.2.7"] = _ => false,
        ["organization=RXR"] = e => Agents(e).Any(a => Who(a, "RXR")),
        ["organization=Organization/RXR"] = e => Agents(e).Any(a => Who(a, "RXR")),
        [$"organization={Ods}|RXR,RW5"] = e => Agents(e).Any(a => Who(a, "RXR") || Who(a, "RW5")),
        ["organization:not=RXR"] = e => !Agents(e).Any(a => Who(a, "RXR")),
        ["purpose-of-use=BTG"] = e => Is(e["purposeOfEvent"]?[0]?["coding"]?[0]?["code"], "BTG"),
        ["purpose-of-use:missing=true"] = e => e["purposeOfEvent"] is null,
        ["unscheduled=true"] = e => Detail(e, "unscheduled") == "true",
        ["unscheduled=false"] = e => Detail(e, "unscheduled") == "false",
        ["unscheduled=true,false"] = e => Detail(e, "unscheduled") is not null,
        ["unscheduled:not=true"] = e => Detail(e, "unscheduled") != "true",
        ["unscheduled:missing=true"] = e => Detail(e, "unscheduled") is null,
        ["plan-found=false&unscheduled=true"] = e =>
            Detail(e, "plan-found") == "false" && Detail(e, "unscheduled") == "true",
        ["patient=PATIENT"] = e => Entities(e).Any(t => Is(t["what"]?["reference"], "Patient/PATIENT")),
        ["patient=PATIENT,OTHER"] = e => Entities(e).Any(t => Is(t["what"]?["reference"], "Patient/PATIENT")
            || Is(t["what"]?["reference"], "Patient/OTHER")),
        ["patient:missing=true"] = e =>
            !Entities(e).Any(t => t["what"]?["reference"] is { } r && Begins(r, "Patient/")),
        ["entity=Patient/OTHER"] = e => Entities(e).Any(t => Is(t["what"]?["reference"], "Patient/OTHER")),
        ["entity=Flag/FLAG"] = e => Entities(e).Any(t => Begins(t["what"]?["reference"], "Flag/FLAG")),
        ["entity=EpisodeOfCare/EPISODE/_history/1"] = e =>
            Entities(e).Any(t => Is(t["what"]?["reference"], "EpisodeOfCare/EPISODE/_history/1")),
        ["entity-role=24"] = e => Entities(e).Any(t => Is(t["role"]?["code"], "24")),
        ["entity-role=1"] = e => Entities(e).Any(t => Is(t["role"]?["code"], "1")),
        ["entity-role:not=4"] = e => !Entities(e).Any(t => Is(t["role"]?["code"], "4")),
        ["entity-type=1"] = e => Entities(e).Any(t => Is(t["type"]?["code"], "1")),
        ["entity-type=2"] = e => Entities(e).Any(t => Is(t["type"]?["code"], "2")),
        ["entity-type=XrequestId"] = e => Entities(e).Any(t => Is(t["type"]?["code"], "XrequestId")),
        ["entity-name=Wren"] = _ => false,
        ["entity-name:missing=true"] = _ => true,
        ["site=cpis"] = e => e["source"]!.Text("site") == "cpis",
        ["site=elsewhere"] = _ => false,
        ["source=INSTANCE"] = _ => true,
        ["source=another"] = _ => false,
        ["policy=JTI"] = e => Agents(e).Any(a => Is(a["policy"]?[0], "JTI")),
        ["policy:missing=true"] = e => !Agents(e).Any(a => a["policy"] is not null),
    };

    public static TheoryData<string> Asked => [.. Criteria.Keys];

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task A_parameter_finds_the_entries_that_say_so_and_no_others(string criterion)
    {
        var until = "_sort=date&date=lt" + Now();
        var all = await trail.FindAsync(until);
        string Filled(string text) => Fill(text, all);

        var found = await trail.FindAsync($"{Filled(criterion)}&{until}");

        var expected = all.Where(e => Criteria[criterion](JsonNode.Parse(Unfill(e.ToJsonString(), all))!));
        found.Select(e => e.Text("id")).Should().Equal(expected.Select(e => e.Text("id")));
        all.Should().HaveCountGreaterThan(12);
    }

    [Theory]
    [InlineData("patient:exact=9990000018")]
    [InlineData("action:contains=E")]
    [InlineData("date=ap2026-01-01")]
    [InlineData("_sort=_id")]
    [InlineData("_sort=date,-_id")]
    [InlineData("action=|")]
    [InlineData("outcome=5")]
    [InlineData("unscheduled=perhaps")]
    [InlineData("altid:missing=perhaps")]
    [InlineData("_sort=action")]
    [InlineData("_include=AuditEvent:patient")]
    [InlineData("patient=9990000019")]
    [InlineData("entity=Patient/9990000018,Flag/x")]
    [InlineData("_total=some")]
    public async Task What_a_parameter_does_not_take_is_refused(string query) =>
        await (await trail.Server.Auditor.TryAsync("AuditEvent?" + query)).ShouldBeRefusedAsync(400);

    [Theory]
    [InlineData("-date", true)]
    [InlineData("-_lastUpdated", true)]
    [InlineData("date", false)]
    [InlineData("_lastUpdated", false)]
    public async Task Pages_hold_every_entry_once_in_the_order_asked_for(string sort, bool newestFirst)
    {
        var until = $"_sort={sort}&date=lt" + Now();
        var whole = await trail.FindAsync($"{until}&_count=1000");

        var pages = await trail.FindAsync($"{until}&_count=2");

        pages.Select(e => e.Text("id")).Should().Equal(whole.Select(e => e.Text("id")));
        var times = whole.Select(e => e.Text("recorded")).ToList();
        times.Should().Equal(newestFirst ? times.OrderDescending() : times.Order());
        whole.Should().HaveCountGreaterThan(12);
    }

    [Fact]
    public async Task An_entry_is_found_by_its_id_and_left_out_by_it()
    {
        var until = "_sort=date,_id&date=lt" + Now();
        var all = (await trail.FindAsync(until)).ConvertAll(e => e.Text("id"));

        (await trail.FindAsync($"_id={all[3]},{all[5]}&{until}")).Select(e => e.Text("id"))
            .Should().Equal(all[3], all[5]);
        (await trail.FindAsync($"_id:not={all[3]}&{until}")).Select(e => e.Text("id"))
            .Should().Equal(all.Where(id => id != all[3]));
    }

    [Fact]
    public async Task Dates_that_are_repeated_make_a_range()
    {
        var all = await trail.FindAsync("_sort=date&date=lt" + Now());
        var (first, last) = (all[9].Text("recorded"), all[14].Text("recorded"));

        var between = await trail.FindAsync($"_sort=date&date=ge{first[..23]}Z&date=lt{last[..23]}Z");

        between.Select(e => e.Text("id")).Should().Equal(all
            .Where(e => string.CompareOrdinal(e.Text("recorded"), first[..23]) >= 0
                && string.CompareOrdinal(e.Text("recorded"), last[..23]) < 0).Select(e => e.Text("id")));
        between.Should().NotBeEmpty();
    }

    [Fact]
    public async Task The_number_of_matches_is_given_left_out_or_given_alone_as_asked()
    {
        var until = "date=lt" + Now();
        var all = (await trail.FindAsync(until)).Count;
        var auditor = trail.Server.Auditor;

        (await auditor.GetOkAsync($"AuditEvent?{until}&_count=1")).Total().Should().Be(all);
        (await auditor.GetOkAsync($"AuditEvent?{until}&_count=1&_total=accurate")).Total().Should().Be(all);
        (await auditor.GetOkAsync($"AuditEvent?{until}&_count=1&_total=none"))["total"].Should().BeNull();
        var alone = await auditor.GetOkAsync($"AuditEvent?{until}&_summary=count");
        alone.Total().Should().Be(all);
        alone["entry"].Should().BeNull();
    }

    [Fact]
    public async Task A_trusts_auditor_finds_what_its_own_people_did_whatever_is_asked()
    {
        var until = "date=lt" + Now();

        var own = await trail.FindAsync(until, "sandbox-auditor-rxr");
        var theirs = await trail.FindAsync("organization=RW5&" + until, "sandbox-auditor-rxr");
        var child = await trail.FindAsync($"patient={trail.Plan.Number}&{until}", "sandbox-auditor-rxr");

        own.Should().NotBeEmpty().And.OnlyContain(e => Agents(e).Any(a => Who(a, "RXR")));
        theirs.Should().BeEmpty();
        child.Should().NotBeEmpty().And.OnlyContain(e => Agents(e).Any(a => Who(a, "RXR")));
    }

    private static string Address(JsonNode e) => Agents(e).First()["network"]?.Text("address") ?? "unknown";

    private static string? Subtype(JsonNode e) => e["subtype"]![0]!.Text("code");

    private static IEnumerable<JsonNode> Agents(JsonNode e) => e["agent"]!.AsArray().Select(a => a!);

    private static IEnumerable<JsonNode> Entities(JsonNode e) => (e["entity"] as JsonArray ?? []).Select(t => t!);

    private static bool Is(JsonNode? text, string value) => text?.GetValue<string>() == value;

    private static bool Begins(JsonNode? text, string start) =>
        text?.GetValue<string>().StartsWith(start, StringComparison.Ordinal) == true;

    private static bool Who(JsonNode agent, string value) => Is(agent["who"]?["identifier"]?["value"], value);

    private static string? Detail(JsonNode e, string type) => Entities(e)
        .SelectMany(t => t["detail"] as JsonArray ?? [])
        .FirstOrDefault(d => d!.Text("type") == type)?.Text("valueString");

    private string Now() => trail.Server.Clock.GetUtcNow().ToString(
        "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private string Fill(string text, List<JsonNode> all) =>
        Words(all).Aggregate(text, (t, w) => t.Replace(w.Key, w.Value, StringComparison.Ordinal));

    private string Unfill(string text, List<JsonNode> all) =>
        Words(all).Aggregate(text, (t, w) => t.Replace(w.Value, w.Key, StringComparison.Ordinal));

    /// <summary>Words of the table for what is only known when the server runs.</summary>
    private Dictionary<string, string> Words(List<JsonNode> all) => new()
    {
        ["JTI"] = all.SelectMany(Agents).First(a => a["policy"] is not null)["policy"]![0]!.GetValue<string>(),
        ["PATIENT"] = trail.Plan.Number,
        ["OTHER"] = trail.Other.Number,
        ["FLAG"] = trail.Flag,
        ["EPISODE"] = trail.Episode,
        ["ISSUER"] = trail.Server.Root.ToString().TrimEnd('/'),
        ["INSTANCE"] = all[0]["source"]!["observer"]!["identifier"]!.Text("value"),
        ["ADDRESS"] = Address(all[^1]),
    };
}
