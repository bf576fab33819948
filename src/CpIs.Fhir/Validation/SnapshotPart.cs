using System.Text;
using System.Text.Json;

namespace CpIs.Fhir.Validation;

/// <summary>One type of an element in a snapshot.</summary>
internal sealed record SnapshotType(string Name, string? Profile, string[] Targets);

/// <summary>
/// One element of a snapshot with what is nested in it and its slices: the list of a snapshot as a tree.
/// </summary>
internal sealed class SnapshotPart
{
    private const string Choice = "[x]";
    private const string SystemTypes = "http://hl7.org/fhirpath/";

    private readonly JsonElement definition;
    private readonly Dictionary<string, SnapshotPart> children = new(StringComparer.Ordinal);

    private SnapshotPart(JsonElement definition)
    {
        this.definition = definition;
        Id = definition.GetProperty("id").GetString()!;
        var last = Id[(Id.LastIndexOf('.') + 1)..];
        var colon = last.IndexOf(':', StringComparison.Ordinal);
        SliceName = colon < 0 ? null : last[(colon + 1)..];
        Name = colon < 0 ? last : last[..colon];
        Name = Name.EndsWith(Choice, StringComparison.Ordinal) ? Name[..^Choice.Length] : Name;
    }

    public string Id { get; }

    public string Name { get; }

    public string? SliceName { get; }

    public List<SnapshotPart> Slices { get; } = [];

    public bool HasChildren => children.Count > 0;

    public int Min => definition.GetProperty("min").GetInt32();

    public int Max => definition.GetProperty("max").GetString() is var max && max == "*"
        ? Element.Unbounded
        : int.Parse(max!, System.Globalization.CultureInfo.InvariantCulture);

    public int? MaxLength => definition.TryGetProperty("maxLength", out var length) ? length.GetInt32() : null;

    /// <summary>The types; what FHIRPath calls a System.String is a string here, and the base knows better.</summary>
    public List<SnapshotType> Types => !definition.TryGetProperty("type", out var types)
        ? [new("", null, [])]
        : [.. types.EnumerateArray().Select(Type)];

    public IEnumerable<string> InvariantKeys => definition.TryGetProperty("constraint", out var constraints)
        ? constraints.EnumerateArray().Select(constraint => constraint.GetProperty("key").GetString()!)
        : [];

    public string? RequiredSet => definition.TryGetProperty("binding", out var binding)
        && binding.GetProperty("strength").GetString() == "required"
            ? binding.GetProperty("valueSet").GetString()!.Split('|')[0]
            : null;

    public bool IsClosed => definition.TryGetProperty("slicing", out var slicing)
        && slicing.GetProperty("rules").GetString() == "closed";

    public Discriminator[] Discriminators => definition.TryGetProperty("slicing", out var slicing)
        ? [.. slicing.GetProperty("discriminator").EnumerateArray().Select(Discriminator)]
        : [];

    public SnapshotPart? Child(string name) => children.GetValueOrDefault(name);

    /// <summary>The value of fixed[x] or pattern[x].</summary>
    public JsonElement? Value(string stem)
    {
        foreach (var property in definition.EnumerateObject())
        {
            if (property.Name.StartsWith(stem, StringComparison.Ordinal) && property.Name.Length > stem.Length)
            {
                return property.Value;
            }
        }

        return null;
    }

    public static SnapshotPart Tree(JsonElement structure)
    {
        var parts = new Dictionary<string, SnapshotPart>(StringComparer.Ordinal);
        SnapshotPart? root = null;
        foreach (var definition in structure.GetProperty("snapshot").GetProperty("element").EnumerateArray())
        {
            var part = new SnapshotPart(definition);
            parts.Add(part.Id, part);
            if (root == null)
            {
                root = part;
            }
            else if (part.SliceName == null)
            {
                parts[part.Id[..part.Id.LastIndexOf('.')]].children.Add(part.Name, part);
            }
            else
            {
                parts[part.Id[..part.Id.LastIndexOf(':')]].Slices.Add(part);
            }
        }

        return root ?? throw new InvalidOperationException("The snapshot is empty.");
    }

    private static SnapshotType Type(JsonElement type)
    {
        string[] All(string name) => type.TryGetProperty(name, out var list)
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : [];
        var code = type.GetProperty("code").GetString()!;
        var profile = All("profile").FirstOrDefault();
        var constrained = profile?[(profile.LastIndexOf('/') + 1)..] is "SimpleQuantity" or "MoneyQuantity"
            ? profile[(profile.LastIndexOf('/') + 1)..]
            : null;
        return new(
            constrained ?? (code.StartsWith(SystemTypes, StringComparison.Ordinal) ? "string" : code),
            profile, All("targetProfile"));
    }

    private static Discriminator Discriminator(JsonElement by)
    {
        var path = by.GetProperty("path").GetString()!;
        var steps = path == "$this" ? [] : path.Split('.');
        return new(by.GetProperty("type").GetString()!, [.. steps.Select(Encoding.UTF8.GetBytes)]);
    }
}
