using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// What an object may hold: the elements of a type, or of one place in a profile. Compiled once; immutable when done,
/// except that recursive types need their elements filled in after the shape itself exists.
/// </summary>
internal sealed class Shape(string type, string? profile)
{
    /// <summary>
    /// Which elements are required fits one word, so no type may have more elements than it has bits.
    /// </summary>
    public const int ElementsMax = 64;

    private int[] buckets = [];

    public string Type { get; } = type;

    /// <summary>The profile this shape comes from; null for FHIR's own types.</summary>
    public string? Profile { get; } = profile;

    public bool IsResource { get; set; }

    public Element[] Elements { get; private set; } = [];

    public Slot[] Slots { get; private set; } = [];

    public ulong Required { get; private set; }

    public Invariant[] Invariants { get; set; } = [];

    /// <summary>The invariants with the elements one of which must be there for the rule to be worth asking.</summary>
    public (Invariant Rule, ulong OnlyWith)[] Rules { get; private set; } = [];

    public byte[] TypeName { get; } = Encoding.UTF8.GetBytes(type);

    /// <summary>The rule that closes extensions throughout, when the profile has it.</summary>
    public Invariant? Closed => Array.Find(Invariants, rule => rule.Key == "cpis-closed-1");

    public void Fill(IReadOnlyList<Element> elements)
    {
        if (elements.Count > ElementsMax)
        {
            throw new InvalidOperationException($"{Type} has more than {ElementsMax} elements.");
        }

        Elements = [.. elements];
        Slots = [.. elements.SelectMany((element, bit) => element.Variants.Select(v => new Slot(element, bit, v)))];
        Required = elements.Select((element, bit) => element.Min > 0 ? 1UL << bit : 0).Aggregate(0UL, (a, b) => a | b);
        Rules = [.. Invariants.Select(rule => (rule, Mask(rule.OnlyWith)))];
        buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Slots.Length * 4 + 4)];
        for (var slot = 0; slot < Slots.Length; slot++)
        {
            var bucket = Hash(Slots[slot].Name) & (buckets.Length - 1);
            while (buckets[bucket] != 0)
            {
                bucket = (bucket + 1) & (buckets.Length - 1);
            }

            buckets[bucket] = slot + 1;
        }
    }

    private ulong Mask(string? name) => name == null
        ? ulong.MaxValue
        : Elements.Select((element, bit) => element.Name == name ? 1UL << bit : 0).Aggregate(0UL, (a, b) => a | b);

    /// <summary>The slot of a JSON name (without underscore), or -1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return -1;
        }

        for (var bucket = Hash(name) & (buckets.Length - 1); buckets[bucket] != 0;)
        {
            var slot = buckets[bucket] - 1;
            if (name.SequenceEqual(Slots[slot].Name))
            {
                return slot;
            }

            bucket = (bucket + 1) & (buckets.Length - 1);
        }

        return -1;
    }

    public Element? Find(string name) => Array.Find(Elements, element => element.Name == name);

    /// <summary>The choice that a name would belong to if its type were allowed: value for valueString.</summary>
    public Element? FindChoice(ReadOnlySpan<byte> name)
    {
        foreach (var element in Elements)
        {
            if (element.IsChoice && name.Length > element.Name.Length
                && char.IsAsciiLetterUpper((char)name[element.Name.Length])
                && Ascii.Equals(name[..element.Name.Length], element.Name))
            {
                return element;
            }
        }

        return null;
    }

    /// <summary>The slot whose name differs from this one in case only, for a better message.</summary>
    public Slot? FindIgnoringCase(ReadOnlySpan<byte> name)
    {
        foreach (var slot in Slots)
        {
            if (Ascii.EqualsIgnoreCase(name, slot.Name))
            {
                return slot;
            }
        }

        return null;
    }

    private static int Hash(ReadOnlySpan<byte> name) => unchecked(
        name[0] * 33 ^ name[^1] * 71 ^ name[name.Length / 2] * 307 ^ name[^((name.Length + 3) / 4)] * 1031
            ^ name.Length * 2053);
}

/// <summary>A JSON name an element may have: one for most, one for each type of a choice.</summary>
internal sealed class Slot(Element element, int bit, Variant variant)
{
    public byte[] Name { get; } = Encoding.UTF8.GetBytes(
        element.IsChoice ? element.Name + variant.JsonSuffix : element.Name);

    public Element Element { get; } = element;

    public int Bit { get; } = bit;

    public Variant Variant { get; } = variant;
}

/// <summary>An element in its place: how often, which types, and which slices its items fall into.</summary>
internal sealed class Element(string name, int min, int max, bool isArray, bool isChoice)
{
    public const int Unbounded = int.MaxValue;

    /// <summary>The name in FHIRPath: value for value[x].</summary>
    public string Name { get; } = name;

    public int Min { get; } = min;

    public int Max { get; } = max;

    /// <summary>What is asked of the items together, when the slices ask for more of their own.</summary>
    public int MinOfAll { get; init; } = min;

    /// <summary>Whether JSON writes it as an array: so it is when FHIR, not the profile, lets it repeat.</summary>
    public bool IsArray { get; } = isArray;

    public bool IsChoice { get; } = isChoice;

    /// <summary>The profile that tightened min, and max; null when they are FHIR's own.</summary>
    public string? MinProfile { get; init; }

    public string? MaxProfile { get; init; }

    public Variant[] Variants { get; set; } = [];

    public Slicing? Slicing { get; set; }

    /// <summary>Where extensions go; a profile that closes them is asked here.</summary>
    public bool HoldsExtensions { get; } = name is "extension" or "modifierExtension";
}

/// <summary>One type an element may have, with all that is asked of a value of it.</summary>
internal sealed class Variant(string type)
{
    private byte[][]? targetStarts;
    private bool? asksNothing;

    public string Type { get; } = type;

    /// <summary>What follows the element's name in JSON when it is a choice: String in valueString.</summary>
    public string JsonSuffix { get; } = JsonName(type);

    public PrimitiveKind Kind { get; } = PrimitiveKinds.Of(type);

    /// <summary>Any resource: the shape is found by its resourceType.</summary>
    public bool IsAnyResource { get; } = type == "Resource";

    public Shape? Shape { get; set; }

    public Invariant[] Invariants { get; set; } = [];

    public Binding? Binding { get; set; }

    public Expected? Fixed { get; set; }

    public Expected? Pattern { get; set; }

    public int? MaxLength { get; set; }

    /// <summary>The types a Reference may point to; empty for any.</summary>
    public string[] Targets { get; set; } = [];

    /// <summary>The same as bytes with a slash, to see at a glance that a reference is right.</summary>
    public byte[][] TargetStarts =>
        targetStarts ??= [.. Targets.Select(target => Encoding.UTF8.GetBytes(target + "/"))];

    public string? TargetsProfile { get; set; }

    public string? LengthProfile { get; set; }

    public bool IsReference { get; } = type == "Reference";

    /// <summary>Whether an underscore sibling may carry its id and extensions.</summary>
    public bool HasSibling => Kind != PrimitiveKind.None && Shape != null;

    /// <summary>Whether its place asks nothing of a well-formed value, as most places do.</summary>
    public bool AsksNothing => asksNothing ??= Fixed == null && Pattern == null && Binding == null && MaxLength == null
        && !IsReference && Invariants.Length == 0;

    public Variant With(Action<Variant> change)
    {
        var copy = (Variant)MemberwiseClone();
        copy.asksNothing = null;
        copy.targetStarts = null;
        change(copy);
        return copy;
    }

    private static string JsonName(string type) => type is "SimpleQuantity" or "MoneyQuantity"
        ? "Quantity"
        : char.ToUpperInvariant(type[0]) + type[1..];
}

/// <summary>A required value set, and who requires it.</summary>
internal sealed record Binding(CodeSet Codes, string? Profile);

/// <summary>How the items of an element fall into slices.</summary>
internal sealed record Slicing(Discriminator[] Discriminators, bool Closed, Slice[] Slices, string Profile);

/// <summary>What tells slices apart: a path below the item, as in code.coding.system.</summary>
internal sealed record Discriminator(string Type, byte[][] Path);

/// <summary>One slice: its element (cardinality and content), and what each discriminator must find.</summary>
internal sealed record Slice(string Name, Element Element, Expected[] Expected);
