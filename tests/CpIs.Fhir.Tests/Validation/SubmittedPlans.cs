using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>The shapes a council submits, good and bad, through the door every way in uses.</summary>
public sealed class SubmittedPlans
{
    private const string Patient = """
        {"resourceType":"Patient","id":"9990000018",
        "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],
        "name":[{"use":"usual","family":"Marsh","given":["Elowen"]}],"birthDate":"2019-03-04"}
        """;

    private const string Episode = """
        {"resourceType":"EpisodeOfCare",
        "identifier":[{"system":"https://fhir.cpis.example/Id/council-plan/ZZ303","value":"P-1"}],
        "status":"finished","type":[{"coding":[{"system":"http://snomed.info/sct","code":"342191000000101"}]}],
        "patient":{"reference":"Patient/9990000018"},"period":{"start":"2026-01-05","end":"2026-02-01"}}
        """;

    private const string Flag = """
        {"resourceType":"Flag","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/flag-detail",
        "valueReference":{"reference":"urn:uuid:5b1f6d7e-58b3-4ad8-9f3e-0c1d9a5f7e21"}}],
        "identifier":[{"system":"https://fhir.cpis.example/Id/council-plan/ZZ303","value":"P-1"}],"status":"active",
        "code":{"coding":[{"system":"http://snomed.info/sct","code":"342191000000101"}]},
        "subject":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}},
        "period":{"start":"2026-01-05"}}
        """;

    private const string Organization = """
        {"resourceType":"Organization",
        "identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ZZ303"}],
        "type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"govt"}]}],
        "name":"ZZ Invented Council","telecom":[{"system":"phone","use":"work","value":"01632 960001"}]}
        """;

    private static readonly Profiles Ours = Profiles.Load();

    [Theory]
    [InlineData("Patient", Patient)]
    [InlineData("EpisodeOfCare", Episode)]
    [InlineData("Flag", Flag)]
    [InlineData("Organization", Organization)]
    public void A_complete_resource_is_accepted(string type, string json) =>
        Ours.Check(Encoding.UTF8.GetBytes(json), type).Should().BeEmpty();

    [Theory]
    [InlineData("Patient", Patient, "\"value\":\"9990000018\"", "\"value\":\"9990000019\"",
        "Patient.identifier[0].value", "cpis-nhs-1")]
    [InlineData("Patient", Patient, "\"birthDate\":\"2019-03-04\"", "\"birthDate\":\"2019-03\"",
        "Patient.birthDate", "cpis-date-1")]
    [InlineData("EpisodeOfCare", Episode, "2026-02-01", "2025-02-01", "EpisodeOfCare.period", "per-1")]
    [InlineData("EpisodeOfCare", Episode, "342191000000101", "95677000", "EpisodeOfCare.type[0]", "binding")]
    [InlineData("EpisodeOfCare", Episode, "\"status\"",
        "\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns='http://www.w3.org/1999/xhtml'>x</div>\"},\"status\"",
        "EpisodeOfCare.text", "max")]
    [InlineData("Flag", Flag, "9990000018", "9990000019", "Flag.subject.identifier.value", "cpis-nhs-1")]
    public void A_mistake_is_named_at_its_place(
        string type, string json, string right, string wrong, string expression, string rule)
    {
        var issues = Ours.Check(Encoding.UTF8.GetBytes(json.Replace(right, wrong, StringComparison.Ordinal)), type);

        issues.Should().ContainSingle(issue => issue.Expression == expression && issue.Rule == rule);
        issues.Should().NotContain(issue => issue.Diagnostics.Contains("9990000019", StringComparison.Ordinal));
    }
}
