using System.Text.Json;

namespace CpIs.Fhir.Validation;

/// <summary>
/// Turns the snapshots of profiles into shapes. A profile's shape is the type's shape with the listed places replaced:
/// what the profile does not mention stays shared with FHIR's own.
/// </summary>
internal sealed class ProfileCompiler(
    R4Types types, IReadOnlyDictionary<string, JsonElement> structures, IReadOnlyDictionary<string, CodeSet> sets)
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";

    private readonly Dictionary<string, Shape> compiled = new(StringComparer.Ordinal);

    /// <summary>The shape of a profile of ours; null when the canonical is not ours.</summary>
    public Shape? Compile(string canonical)
    {
        if (compiled.TryGetValue(canonical, out var known))
        {
            return known;
        }

        if (!structures.TryGetValue(canonical, out var structure))
        {
            return null;
        }

        var type = structure.GetProperty("type").GetString()!;
        var under = types.Find(type) ?? throw new InvalidOperationException($"R4 has no type {type}.");
        var tree = SnapshotPart.Tree(structure);
        var shape = Shape(tree, under, canonical, [.. Added(tree, canonical, under.Invariants)]);
        compiled.Add(canonical, shape);
        return shape;
    }

    /// <summary>The shape of what a part lists; the part's own rules go with its place, except at the root.</summary>
    private Shape Shape(SnapshotPart part, Shape under, string profile, params Invariant[] rules)
    {
        var shape = new Shape(under.Type, profile) { IsResource = under.IsResource };
        Element[] elements = [.. under.Elements.Select(element =>
            part.Child(element.Name) is { } child ? Element(child, element, profile) : element)];

        shape.Invariants = [.. under.Invariants.Where(rule => !IsIdle(rule, elements)), .. rules];
        shape.Fill(elements);
        return shape;
    }

    private Element Element(SnapshotPart part, Element under, string profile, bool isSlice = false)
    {
        var slicesMin = part.Slices.Sum(slice => slice.Min);
        var min = Math.Max(part.Min, under.IsChoice ? 0 : slicesMin);
        var element = new Element(under.Name, min, part.Max, under.IsArray, under.IsChoice)
        {
            MinOfAll = part.Slices.Count > 0 && slicesMin >= part.Min ? 0 : part.Min,
            MinProfile = min > under.Min || isSlice ? profile : under.MinProfile,
            MaxProfile = part.Max < under.Max || isSlice ? profile : under.MaxProfile,
        };
        element.Variants = [.. part.Types.Select(type => Variant(part, type, under, profile))];
        if (part.Slices.Count > 0 && under.IsChoice)
        {
            element.Variants = [.. element.Variants.Select(variant => Chosen(part, variant, under, profile))];
        }
        else if (part.Slices.Count > 0)
        {
            element.Slicing = Slicing(part, under, profile);
        }

        return element;
    }

    private Variant Variant(SnapshotPart part, SnapshotType type, Element under, string profile)
    {
        var inherited = under.Variants.Length == 1
            ? under.Variants[0]
            : Array.Find(under.Variants, variant => variant.Type == type.Name)
                ?? throw new InvalidOperationException($"{profile}: {part.Id} cannot be a {type.Name}.");
        return inherited.With(variant =>
        {
            var shape = type.Profile is { } profiled ? Compile(profiled) ?? variant.Shape : variant.Shape;
            variant.Shape = part.HasChildren && variant.Kind == PrimitiveKind.None
                ? Shape(part, shape!, profile)
                : shape;
            variant.Fixed = part.Value("fixed") is { } exact ? new(exact, true, profile) : variant.Fixed;
            variant.Pattern = part.Value("pattern") is { } pattern ? new(pattern, false, profile) : variant.Pattern;
            variant.Binding = Binding(part, variant.Binding, profile);
            if (part.MaxLength is { } length)
            {
                (variant.MaxLength, variant.LengthProfile) = (length, profile);
            }

            var targets = type.Targets.Select(Target).ToArray();
            if (targets.Length > 0 && !targets.Contains("Resource"))
            {
                variant.TargetsProfile = targets.ToHashSet().SetEquals(variant.Targets)
                    ? variant.TargetsProfile
                    : profile;
                variant.Targets = targets;
            }

            Invariant[] inherited = [.. variant.Invariants, .. variant.Shape?.Invariants ?? []];
            variant.Invariants = [.. variant.Invariants, .. Added(part, profile, inherited)];
        });
    }

    private Variant Chosen(SnapshotPart part, Variant variant, Element under, string profile)
    {
        var slice = part.Slices.Find(s => s.SliceName == under.Name + variant.JsonSuffix);
        return slice == null ? variant : Variant(slice, slice.Types[0], under, profile);
    }

    private Slicing? Slicing(SnapshotPart part, Element under, string profile)
    {
        var discriminators = part.Discriminators;
        var slices = part.Slices.Select(slice =>
        {
            var element = Element(slice, under, profile, isSlice: true);
            var expected = discriminators.Select(by => ExpectedAt(element, by, slice));
            return new Slice(slice.SliceName!, element, [.. expected]);
        });
        return new(discriminators, part.IsClosed, [.. slices], profile);
    }

    private static Expected ExpectedAt(Element element, Discriminator by, SnapshotPart slice)
    {
        var variant = element.Variants[0];
        foreach (var name in by.Path)
        {
            var next = variant.Shape?.Find(System.Text.Encoding.UTF8.GetString(name));
            variant = next?.Variants[0]
                ?? throw new InvalidOperationException($"{slice.Id}: no such discriminator path.");
        }

        return variant.Fixed ?? variant.Pattern
            ?? throw new NotSupportedException($"{slice.Id}: only slices by value or pattern can be told apart.");
    }

    private Binding? Binding(SnapshotPart part, Binding? inherited, string profile)
    {
        if (part.RequiredSet is not { } canonical || inherited?.Codes.Canonical == canonical)
        {
            return inherited;
        }

        var codes = sets.GetValueOrDefault(canonical) ?? types.FindSet(canonical);
        return codes == null ? inherited : new(codes, profile);
    }

    private string Target(string canonical) =>
        canonical.StartsWith(R4Start, StringComparison.Ordinal) ? canonical[R4Start.Length..]
        : structures.TryGetValue(canonical, out var ours) ? ours.GetProperty("type").GetString()!
        : throw new InvalidOperationException($"The target {canonical} is not known.");

    /// <summary>
    /// A rule about content that the profile forbids altogether is not also broken: contained and narrative.
    /// </summary>
    private static bool IsIdle(Invariant rule, Element[] elements) => rule.Key switch
    {
        "dom-2" or "dom-3" or "dom-4" or "dom-5" => elements.Any(element => element is { Name: "contained", Max: 0 }),
        "dom-6" => elements.Any(element => element is { Name: "text", Max: 0 }),
        _ => false,
    };

    private static IEnumerable<Invariant> Added(SnapshotPart part, string profile, Invariant[] inherited) =>
        part.InvariantKeys
        .Where(key => key is not ("ele-1" or "ext-1") && inherited.All(rule => rule.Key != key))
        .Select(key => CpIsRules.Find(key) is { } ours
            ? ours with { Profile = profile }
            : R4Invariants.Find(key)
                ?? throw new InvalidOperationException($"{profile}: {part.Id} asks for {key}, which is not written."));
}
