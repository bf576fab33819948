using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>What we publish for others keeps FHIR's rules itself.</summary>
public sealed class ServedDefinitions
{
    public static TheoryData<string> All() => [.. Examples.Ours.Definitions.Select(d => d.Url)];

    [Theory]
    [MemberData(nameof(All))]
    public void A_served_definition_is_valid_R4(string url)
    {
        var definition = Examples.Ours.Definitions.Single(d => d.Url == url);
        Examples.Ours.CheckProfile(definition.Json,
            "http://hl7.org/fhir/StructureDefinition/" + definition.ResourceType)
            .Where(issue => issue.Severity <= IssueSeverity.Error)
            .Select(issue => $"{issue.Expression} {issue.Rule}: {issue.Diagnostics}").Should().BeEmpty();
    }
}
