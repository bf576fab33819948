using System.Collections.Concurrent;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The shapes of FHIR R4 itself, each compiled from the table when first asked for. Types refer to each other and to
/// themselves, so a shape exists before its elements do; nobody sees it until all are filled.
/// </summary>
internal sealed class R4Types(R4Table table)
{
    private const string Choice = "[x]";

    /// <summary>No resource type has a longer name, in characters.</summary>
    private const int LongestName = 64;

    private readonly ConcurrentDictionary<string, Shape> ready = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Shape> building = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> resources = table.Types
        .Where(type => table.Lineage(type).Last().Name == "Resource"
            && type.Name is not ("Resource" or "DomainResource"))
        .Select(type => type.Name).ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The shape of a type; null when R4 has no such type.</summary>
    public Shape? Find(string type)
    {
        if (ready.TryGetValue(type, out var shape))
        {
            return shape;
        }

        if (table.Find(type) == null)
        {
            return null;
        }

        lock (gate)
        {
            shape = Build(type);
            foreach (var (name, built) in building)
            {
                ready.TryAdd(name, built);
            }

            return shape;
        }
    }

    /// <summary>The shape of a resource type; null for anything else.</summary>
    public Shape? FindResource(string type) => resources.Contains(type) ? Find(type) : null;

    /// <summary>Whether a text is the name of a resource type; no text is made to answer.</summary>
    public bool IsResourceName(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[LongestName];
        return name.Length is > 0 and <= LongestName
            && System.Text.Ascii.ToUtf16(name, text, out var length) == System.Buffers.OperationStatus.Done
            && resources.Contains(text[..length]);
    }

    public CodeSet? FindSet(string canonical) => table.Sets.FirstOrDefault(set => set.Canonical == canonical);

    private Shape Build(string type)
    {
        if (building.TryGetValue(type, out var known))
        {
            return known;
        }

        var line = table.Find(type) ?? throw new InvalidOperationException($"The table has no type {type}.");
        var lineage = table.Lineage(line).Reverse().ToList();
        var shape = new Shape(type, null) { IsResource = lineage[0].Name == "Resource" };
        building.Add(type, shape);
        var nested = new Dictionary<string, Shape>(StringComparer.Ordinal);
        foreach (var nest in line.Elements.Where(e => line.Elements.Any(c => IsChild(e.Path, c.Path))))
        {
            nested.Add(nest.Path, new Shape($"{type}.{nest.Path}", null));
        }

        shape.Invariants = Rules(lineage.SelectMany(ancestor => ancestor.Invariants));
        if (type == "Extension")
        {
            shape.Invariants = [.. shape.Invariants, R4Invariants.Find("ext-1")!];
        }

        foreach (var (path, inner) in nested)
        {
            var own = line.Elements.Find(e => e.Path == path)!;
            inner.Invariants = Rules(own.Invariants);
            var inherited = table.Lineage(table.Find(own.Types[0])!).Reverse().SelectMany(ancestor =>
                ancestor.Elements);
            inner.Fill(Elements(inherited.Concat(line.Elements.Where(e => IsChild(path, e.Path))), nested));
        }

        shape.Fill(Elements(lineage.SelectMany(l => l.Elements).Where(e => !e.Path.Contains('.')), nested));
        return shape;
    }

    private List<Element> Elements(IEnumerable<ElementLine> lines, Dictionary<string, Shape> nested)
    {
        var elements = new List<Element>();
        foreach (var line in lines)
        {
            var name = line.Path[(line.Path.LastIndexOf('.') + 1)..];
            var choice = name.EndsWith(Choice, StringComparison.Ordinal);
            name = choice ? name[..^Choice.Length] : name;
            var element = new Element(name, line.Min, line.Max, line.Max > 1, choice)
            {
                Variants = [.. line.Types.Select(type => Variant(type, line, nested))],
            };

            // A constrained type (SimpleQuantity) says an inherited element again.
            elements.RemoveAll(earlier => earlier.Name == name);
            elements.Add(element);
        }

        return elements;
    }

    private Variant Variant(string type, ElementLine line, Dictionary<string, Shape> nested)
    {
        var inner = nested.GetValueOrDefault(type.StartsWith('#') ? type[1..] : line.Path);
        var open = type.IndexOf('(', StringComparison.Ordinal);
        var attribute = type.EndsWith('!');
        var variant = new Variant(inner?.Type ?? (open < 0 ? type.TrimEnd('!') : type[..open]));
        variant.Targets = open < 0 ? [] : type[(open + 1)..^1].Split(',');
        variant.Shape = inner ?? (attribute ? null : ShapeOf(variant));
        variant.Invariants = inner == null ? Rules(line.Invariants) : [];
        variant.Binding = table.Set(line.Set) is { } set ? new(set, null) : null;
        return variant;
    }

    private Shape? ShapeOf(Variant variant) =>
        variant.IsAnyResource ? null
        : variant.Kind is PrimitiveKind.None or PrimitiveKind.Xhtml
            ? variant.Kind == PrimitiveKind.None ? Build(variant.Type) : null
            : Build("Element");

    private static bool IsChild(string parent, string path) =>
        path.Length > parent.Length && path[parent.Length] == '.' && path.LastIndexOf('.') == parent.Length
            && path.StartsWith(parent, StringComparison.Ordinal);

    private static Invariant[] Rules(IEnumerable<string> keys) =>
        [.. keys.Select(R4Invariants.Find).OfType<Invariant>()];
}
