using System.Text;
using CpIs.Fhir.Validation;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// Every rule in the compiled trees is broken once, where it stands: those of our profiles, and those of the R4 types
/// this service receives or renders with every datatype they use.
/// </summary>
public sealed class EveryRule(ITestOutputHelper output)
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";
    private const int FewestProfileRules = 1_000;
    private const int FewestTypeRules = 3_000;

    private static readonly string[] Received =
    [
        "Patient", "Flag", "EpisodeOfCare", "Organization", "Encounter", "AuditEvent", "CareTeam", "Bundle",
        "Parameters", "OperationOutcome", "Subscription", "PractitionerRole", "Practitioner", "Observation",
    ];

    [Fact]
    public void Every_rule_of_our_profiles_can_be_broken() => All(
        Examples.Ours.Definitions.Where(d => d.ResourceType == "StructureDefinition").Select(d => d.Url)
            .Where(url => Examples.Ours.Checker.Find(url) is { IsResource: true }),
        FewestProfileRules);

    [Fact]
    public void Every_rule_of_the_R4_types_we_receive_can_be_broken() =>
        All(Received.Select(type => R4Start + type), FewestTypeRules);

    [Fact]
    public void Every_invariant_of_the_trees_is_broken_by_an_example()
    {
        var tripped = BrokenInvariants.All.Select(broken => broken.Key).Concat(Examples.Names("invalid")
            .SelectMany(name => Examples.Check(Examples.Read("invalid", name), name)).Select(issue => issue.Rule));
        var held = Received.Select(type => R4Start + type).Concat(Examples.Ours.Definitions.Select(d => d.Url))
            .Select(Examples.Ours.Checker.Find).OfType<Shape>().SelectMany(shape => Keys(shape, []));
        held.Distinct().Except(tripped).Should().BeEmpty();
    }

    private void All(IEnumerable<string> canonicals, int fewest)
    {
        var count = 0;
        var silent = new List<string>();
        foreach (var canonical in canonicals)
        {
            var shape = Examples.Ours.Checker.Find(canonical)!;
            foreach (var trip in Walk(shape, new(shape.Type, [], shape.Closed != null), []))
            {
                count++;
                if (!Examples.Ours.Checker.Check(trip.Json, shape)
                    .Any(issue => issue.Rule == trip.Rule && issue.Expression == trip.Expression))
                {
                    silent.Add($"{canonical} {trip.Rule} {trip.Expression}: {Encoding.UTF8.GetString(trip.Json)}");
                }
            }
        }

        output.WriteLine($"{count} rules broken, {silent.Count} silent");
        silent.Should().BeEmpty();
        count.Should().BeGreaterThanOrEqualTo(fewest);
    }

    private static IEnumerable<Trip> Walk(Shape shape, Trail trail, HashSet<Shape> seen)
    {
        if (!seen.Add(shape))
        {
            yield break;
        }

        foreach (var trip in Trips.Of(shape, trail))
        {
            yield return trip;
        }

        foreach (var (slot, slicing, slice, inner) in Below(shape).Where(below => !trail.Refuses(below.Slot.Element)))
        {
            foreach (var trip in Walk(inner, trail.Down(slot, slicing, slice), seen))
            {
                yield return trip;
            }
        }
    }

    private static IEnumerable<(Slot Slot, Slicing? Slicing, Slice? Slice, Shape Inner)> Below(Shape shape)
    {
        foreach (var slot in shape.Slots.Where(slot => slot.Element.Max > 0))
        {
            if (slot.Variant is { Kind: PrimitiveKind.None, Shape: { } inner }
                && slot.Element.Slicing is not { Closed: true })
            {
                yield return (slot, null, null, inner);
            }

            foreach (var slice in slot.Element.Slicing?.Slices ?? [])
            {
                yield return (slot, slot.Element.Slicing, slice, slice.Element.Variants[0].Shape!);
            }
        }
    }

    private static List<string> Keys(Shape shape, HashSet<Shape> seen)
    {
        if (!seen.Add(shape))
        {
            return [];
        }

        var below = Below(shape).ToList();
        return
        [
            .. shape.Invariants.Select(rule => rule.Key),
            .. shape.Slots.SelectMany(slot => slot.Variant.Invariants).Select(rule => rule.Key),
            .. below.SelectMany(b => b.Slice?.Element.Variants[0].Invariants ?? []).Select(rule => rule.Key),
            .. below.SelectMany(b => Keys(b.Inner, seen)),
        ];
    }
}
