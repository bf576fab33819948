using System.Text.Json;
using FluentAssertions;
using Hl7.Fhir.FhirPath;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// Our invariants are written twice: as FHIRPath in the profiles, for everyone, and natively, for speed. On every
/// example
/// that is well-formed FHIR both give the same verdict, the FHIRPath judged by the SDK's engine.
/// </summary>
public sealed class WrittenTwice
{
    private static readonly BaseFhirJsonDeserializer Strict =
        new(ModelInfo.ModelInspector, new DeserializerSettings().UsingMode(DeserializationMode.Strict));

    /// <summary>How a slice is told apart, in FHIRPath.</summary>
    private static readonly Dictionary<string, string> Slices = new()
    {
        ["identifier:nhs"] = "identifier.where(system = 'https://fhir.nhs.uk/Id/nhs-number')",
        ["extension:detail"] = "extension('http://hl7.org/fhir/StructureDefinition/flag-detail')",
        ["entity:patient"] = "entity.where(role.code = '1')",
    };

    public static TheoryData<string, string> All()
    {
        var all = new TheoryData<string, string>();
        foreach (var kind in new[] { "valid", "invalid" })
        {
            foreach (var name in Examples.Names(kind).Where(name => Parsed(kind, name) != null))
            {
                all.Add(kind, name);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_FHIRPath_and_the_native_rule_agree(string kind, string name)
    {
        var json = Examples.Read(kind, name);
        var issues = Examples.Check(json, name);
        if (issues.Any(issue => issue.Rule is "max" or "type"))
        {
            return; // Content that may not be there at all is not walked, and its rules are not asked.
        }

        var ours = issues.Select(issue => issue.Rule)
            .Where(rule => rule.StartsWith("cpis-", StringComparison.Ordinal)).Distinct();
        var resource = Parsed(kind, name)!;
        var broken = Rules(Systems.Profile(Examples.ProfileOf(json, name)), "")
            .Concat(Rules(Systems.DueDate, $"extension('{Systems.DueDate}')"))
            .Concat(Rules(Systems.FollowsPlan, $"extension('{Systems.FollowsPlan}')"))
            .Where(rule => resource.Select(rule.Context).Any(node => !node!.Predicate(rule.Expression)))
            .Select(rule => rule.Key).Distinct();

        broken.Should().BeEquivalentTo(ours);
    }

    private static Resource? Parsed(string kind, string name)
    {
        var reader = new Utf8JsonReader(Examples.Read(kind, name));
        return Strict.TryDeserializeResource(ref reader, out var resource, out _) ? resource : null;
    }

    private static IEnumerable<(string Key, string Context, string Expression)> Rules(string canonical, string root)
    {
        var definition = Examples.Ours.Definitions.Single(d => d.Url == canonical);
        using var document = JsonDocument.Parse(definition.Json);
        foreach (var element in document.RootElement.GetProperty("snapshot").GetProperty("element").EnumerateArray())
        {
            if (!element.TryGetProperty("constraint", out var constraints))
            {
                continue;
            }

            var context = Context(element.GetProperty("id").GetString()!, root);
            foreach (var constraint in constraints.EnumerateArray())
            {
                var key = constraint.GetProperty("key").GetString()!;
                if (key.StartsWith("cpis-", StringComparison.Ordinal))
                {
                    yield return (key, context, constraint.GetProperty("expression").GetString()!);
                }
            }
        }
    }

    private static string Context(string id, string root)
    {
        var steps = id.Split('.').Skip(1).Select(step => step.Replace("[x]", "", StringComparison.Ordinal))
            .Select(step => Slices.GetValueOrDefault(step) ?? (step.StartsWith("parameter:", StringComparison.Ordinal)
                ? $"parameter.where(name = '{step["parameter:".Length..]}')"
                : step));
        var path = string.Join('.', root.Length == 0 ? steps : steps.Prepend(root));
        return path.Length == 0 ? "$this" : path;
    }
}
