using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>Every valid example passes: ours against our profiles, the others against FHIR R4 alone.</summary>
public sealed class ValidExamples
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";
    private const int FewestValid = 20;

    public static TheoryData<string> Ours() => [.. Examples.Names("valid")];

    public static TheoryData<string> R4() => [.. Examples.Names("r4")];

    [Theory]
    [MemberData(nameof(Ours))]
    public void A_right_submission_has_no_issue(string name) =>
        Examples.Check(Examples.Read("valid", name), name).Should().BeEmpty();

    [Theory]
    [MemberData(nameof(R4))]
    public void A_valid_R4_resource_has_no_error(string name)
    {
        var json = Examples.Read("r4", name);
        Examples.Ours.CheckProfile(json, R4Start + Examples.TypeOf(json))
            .Should().NotContain(issue => issue.Severity <= IssueSeverity.Error);
    }

    [Fact]
    public void There_are_enough_valid_examples() =>
        Examples.Names("valid").Count().Should().BeGreaterThanOrEqualTo(FewestValid);
}
