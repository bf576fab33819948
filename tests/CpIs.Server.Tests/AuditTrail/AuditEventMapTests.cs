using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Hl7.Fhir.Serialization;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// What an AuditEvent says, held against the tables of IHE BALP 1.1.3 for read, vread, query, create, update and delete
/// of a patient's data: https://profiles.ihe.net/ITI/BALP/content.html
/// </summary>
public sealed class AuditEventMapTests(InventedTrail trail) : IClassFixture<InventedTrail>
{
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string Participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    private const string Custodian = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    private const string EntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    private const string Role = "http://terminology.hl7.org/CodeSystem/object-role";
    private const string Balp = "https://profiles.ihe.net/ITI/BALP/";

    /// <summary>Form, subtype, action, code of client and server, code of the user.</summary>
    public static TheoryData<string, string, string, string, string, string> Tables => new()
    {
        { "PatientRead", "read", "R", $"{Dicom}|110152", $"{Dicom}|110153", "IRCP" },
        { "PatientRead", "vread", "R", $"{Dicom}|110152", $"{Dicom}|110153", "IRCP" },
        { "PatientQuery", "search-type", "E", $"{Dicom}|110153", $"{Dicom}|110152", "IRCP" },
        { "PatientCreate", "create", "C", $"{Dicom}|110153", $"{Dicom}|110152", "AUT" },
        { "PatientUpdate", "update", "U", $"{Dicom}|110153", $"{Dicom}|110152", "AUT" },
        { "PatientDelete", "delete", "D", $"{Dicom}|110150", $"{Custodian}|custodian", "AUT" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task An_interaction_on_a_patients_data_is_recorded_as_its_table_says(
        string form, string subtype, string action, string client, string server, string user)
    {
        var events = await trail.FindAsync($"subtype={subtype}&outcome=0&patient:missing=false");

        events.Should().NotBeEmpty();
        foreach (var entry in events)
        {
            entry["meta"]!["profile"]!.AsArray().Select(p => p!.GetValue<string>()).Should()
                .Contain(Balp + "StructureDefinition/IHE.BasicAudit." + form);
            Code(entry["type"]!).Should().Be("http://terminology.hl7.org/CodeSystem/audit-event-type|rest");
            entry["subtype"]!.AsArray().Select(s => Code(s!)).Should()
                .Equal("http://hl7.org/fhir/restful-interaction|" + subtype);
            entry.Text("action").Should().Be(action);
            entry.Text("outcome").Should().Be("0");
            CheckDevice(entry, client);
            CheckDevice(entry, server);
            CheckUser(entry, $"{Participation}|{user}");
            CheckPatient(entry);
            CheckRequest(entry);
            entry["source"]!["type"]!.AsArray().Select(t => Code(t!)).Should()
                .Equal("http://terminology.hl7.org/CodeSystem/security-source-type|4");
        }
    }

    [Theory]
    [InlineData("read")]
    [InlineData("vread")]
    [InlineData("create")]
    [InlineData("update")]
    [InlineData("delete")]
    public async Task One_resource_is_named_by_its_version_and_others_by_their_own_type(string subtype)
    {
        foreach (var entry in await trail.FindAsync($"subtype={subtype}&outcome=0&patient:missing=false"))
        {
            var data = OfType(entry, $"{EntityType}|2").Should().ContainSingle().Subject;
            Code(data["role"]!).Should().Be($"{Role}|4");
            data["what"]!.Text("reference").Should().MatchRegex("^[A-Za-z]+/[^/]+/_history/[0-9]+$");
            foreach (var more in Entities(entry).Where(e => e["type"]!.Text("system").EndsWith("resource-types",
                StringComparison.Ordinal)))
            {
                more["what"]!.Text("reference").Should().StartWith(more["type"]!.Text("code") + "/");
            }
        }
    }

    [Fact]
    public async Task A_search_holds_the_request_as_it_came_and_nothing_else_stands_with_it()
    {
        var posted = (await trail.FindAsync($"patient={trail.Plan.Number}&subtype=search-type&organization=ZZ001"))
            .Select(Query).ToList();

        posted.Should().Contain($"/FHIR/R4/Flag/_search\npatient={trail.Plan.Number}");
        foreach (var entry in await trail.FindAsync("subtype=search-type"))
        {
            var query = OfType(entry, $"{EntityType}|2").Should().ContainSingle().Subject;
            Code(query["role"]!).Should().Be($"{Role}|24");
            query["what"].Should().BeNull();
            query["detail"].Should().BeNull();
        }
    }

    [Fact]
    public async Task A_search_about_several_patients_is_one_entry_for_each_and_the_others_name_the_first()
    {
        var entries = (await trail.FindAsync("subtype=search-type&organization=ZZ001&_sort=date"))
            .Where(e => Query(e).EndsWith("/Flag?status=active", StringComparison.Ordinal)).ToList();

        var patients = entries.Select(e => Entities(e).Single(t => Code(t["type"]!) == $"{EntityType}|1")["what"]!
            .Text("reference")).ToList();
        patients.Should().BeEquivalentTo("Patient/" + trail.Plan.Number, "Patient/" + trail.Other.Number);
        var first = entries.Select(e => Detail(e, "first-of-answer")).Distinct().Should().ContainSingle().Subject;
        entries.Select(e => Detail(e, "position")).Should().Contain(first).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Breaking_the_glass_is_recorded_with_its_reason()
    {
        var entry = (await trail.FindAsync("purpose-of-use=BTG")).Should().ContainSingle().Subject;

        Detail(entry, "reason").Should().Be("Unconscious, nobody with her");
        var user = Agents(entry).Single(a => a["altId"] is not null);
        user["purposeOfUse"]![0]!["coding"]![0]!.Text("code").Should().Be("BTG");
    }

    [Fact]
    public async Task A_refusal_says_why_and_claims_no_table()
    {
        var refusals = await trail.FindAsync("outcome=4&_sort=date");

        refusals.Select(e => Detail(e, "status")).Should().Contain(["401", "403", "404"]);
        refusals.Should().OnlyContain(e => e["meta"]!["profile"]!.AsArray().Count == 1 && e["outcomeDesc"] != null);
    }

    [Fact]
    public async Task Every_entry_parses_strictly_as_a_FHIR_resource()
    {
        var parser = new FhirJsonDeserializer();
        foreach (var entry in await trail.FindAsync("date=ge2020"))
        {
            var parsed = () => parser.DeserializeResource(entry.ToJsonString());
            parsed.Should().NotThrow();
        }
    }

    private static void CheckDevice(JsonNode entry, string code)
    {
        var agent = Agents(entry).Should().ContainSingle(a => a["type"] != null && Concept(a["type"]!) == code).Subject;
        agent["who"]!["identifier"]!.Text("value").Should().NotBeEmpty();
        agent["network"]!.Text("address").Should().NotBeEmpty();
        agent["media"].Should().BeNull();
        agent["requestor"]!.GetValue<bool>().Should().BeFalse();
    }

    private static void CheckUser(JsonNode entry, string code)
    {
        var user = Agents(entry).Should().ContainSingle(a => Concept(a["type"]!) == code).Subject;
        user["requestor"]!.GetValue<bool>().Should().BeTrue();
        user["who"]!["identifier"]!.Text("system").Should().StartWith("http://localhost:");
        user["who"]!["identifier"]!.Text("value").Should().NotBeEmpty();
        user["policy"]![0]!.GetValue<string>().Should().StartWith("urn:ietf:params:oauth:jti:");
        user["network"].Should().BeNull();
        user["media"].Should().BeNull();
    }

    private static void CheckPatient(JsonNode entry)
    {
        var patient = OfType(entry, $"{EntityType}|1").Should().ContainSingle().Subject;
        Code(patient["role"]!).Should().Be($"{Role}|1");
        patient["what"]!.Text("reference").Should().StartWith("Patient/999");
        patient["what"]!["identifier"]!.Text("system").Should().Be(Systems.NhsNumber);
    }

    private static void CheckRequest(JsonNode entry)
    {
        var request = OfType(entry, $"{Balp}CodeSystem/BasicAuditEntityType|XrequestId")
            .Should().ContainSingle().Subject;
        Guid.TryParse(request["what"]!["identifier"]!.Text("value"), out _).Should().BeTrue();
    }

    private static IEnumerable<JsonNode> Agents(JsonNode e) => e["agent"]!.AsArray().Select(a => a!);

    private static IEnumerable<JsonNode> Entities(JsonNode e) => e["entity"]!.AsArray().Select(t => t!);

    private static IEnumerable<JsonNode> OfType(JsonNode e, string code) =>
        Entities(e).Where(t => Code(t["type"]!) == code);

    private static string Query(JsonNode e) => Encoding.UTF8.GetString(Convert.FromBase64String(
        Entities(e).Single(t => t["query"] is not null).Text("query")));

    private static string? Detail(JsonNode e, string type) => Entities(e)
        .SelectMany(t => t["detail"] as JsonArray ?? [])
        .FirstOrDefault(d => d!.Text("type") == type)?.Text("valueString");

    private static string Concept(JsonNode concept) => Code(concept["coding"]![0]!);

    private static string Code(JsonNode coding) => $"{coding.Text("system")}|{coding.Text("code")}";
}
