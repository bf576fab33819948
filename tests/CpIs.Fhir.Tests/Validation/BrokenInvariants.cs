using System.Text;
using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>FHIR's own invariants, each broken once and kept once, at the place FHIR gives them.</summary>
public sealed class BrokenInvariants
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    /// <summary>A key, where it is broken, the resource that breaks it, and the same put right.</summary>
    internal sealed record Pair(string Key, string Expression, JsonElement Broken, JsonElement Kept);

    internal static IReadOnlyList<Pair> All { get; } =
    [
        .. Examples.Lines("invariants.ndjson").Select(line => JsonSerializer.Deserialize<Pair>(line, Web)!),
    ];

    public static TheoryData<string> Keys() => [.. All.Select(rule => rule.Key)];

    [Theory]
    [MemberData(nameof(Keys))]
    public void An_invariant_is_broken_where_it_stands_and_not_when_kept(string key)
    {
        var pair = All.Single(rule => rule.Key == key);
        Check(pair.Broken).Should().Contain(issue => issue.Rule == key && issue.Expression == pair.Expression);
        Check(pair.Kept).Should().NotContain(issue => issue.Rule == key);
    }

    private static IReadOnlyList<Issue> Check(JsonElement resource)
    {
        var json = Encoding.UTF8.GetBytes(resource.GetRawText());
        return Examples.Ours.CheckProfile(json, R4Start + Examples.TypeOf(json));
    }
}
