using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Hl7.Fhir.Introspection;
using Hl7.Fhir.Model;

namespace CpIs.Fhir;

/// <summary>
/// A part of a resource that a reader asked for, cut out of its JSON and marked as a part. Which elements are of the
/// summary and which are mandatory is what the model of R4 says of each.
/// http://hl7.org/fhir/R4/search.html#summary, http://hl7.org/fhir/R4/search.html#elements
/// </summary>
public sealed class Subset
{
    /// <summary>An element of the summary that every group has, and hardly ever holds.</summary>
    private const string EveryGroups = "modifierExtension";

    private static readonly ConcurrentDictionary<(string Type, string Summary), Subset> Summaries = new();

    private readonly ClassMapping mapping;
    private readonly Func<PropertyMapping, bool> keeps;
    private readonly bool deep;

    private Subset(ClassMapping mapping, Func<PropertyMapping, bool> keeps, bool deep = false)
    {
        this.mapping = mapping;
        this.keeps = keeps;
        this.deep = deep;
    }

    /// <summary>The part that <c>_summary</c> names: <c>true</c>, <c>text</c> or <c>data</c>.</summary>
    public static Subset Summary(string resourceType, string summary) =>
        Summaries.GetOrAdd((resourceType, summary), key => key.Summary switch
        {
            "true" => new(Mapping(key.Type), InSummary, deep: true),
            "text" => new(Mapping(key.Type), p => p.Name == "text" || p.IsMandatoryElement),
            "data" => new(Mapping(key.Type), p => p.Name != "text"),
            _ => throw new ArgumentOutOfRangeException(nameof(summary), "There is no such summary."),
        });

    /// <summary>The elements named, and those a resource of the type cannot be without.</summary>
    public static Subset Elements(string resourceType, IReadOnlyCollection<string> names) =>
        new(Mapping(resourceType), p => p.IsMandatoryElement || names.Contains(p.Name));

    /// <summary>Whether resources of a type have an element of that name at their root.</summary>
    public static bool IsElement(string resourceType, string name) =>
        ModelInfo.ModelInspector.FindClassMapping(resourceType)?.FindMappedElementByName(name) is not null;

    /// <summary>The part of a resource, tagged <c>SUBSETTED</c>.</summary>
    public byte[] Cut(ReadOnlySpan<byte> resource)
    {
        var reader = new Utf8JsonReader(resource);
        using var document = JsonDocument.ParseValue(ref reader);
        var buffer = new ArrayBufferWriter<byte>(resource.Length);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json, document.RootElement);
            WriteMembers(json, document.RootElement, mapping);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static ClassMapping Mapping(string resourceType) =>
        ModelInfo.ModelInspector.FindClassMapping(resourceType)
            ?? throw new ArgumentOutOfRangeException(nameof(resourceType), "There is no such resource type.");

    /// <summary>A group that is not of the summary itself, but holds what is, comes with that much.</summary>
    private static bool InSummary(PropertyMapping property) => property.InSummary || property.IsMandatoryElement
        || (Group(property) is { } group
            && group.PropertyMappings.Any(inner => inner.InSummary && inner.Name != EveryGroups));

    /// <summary>The elements of a group that exists in its resource only; data types are shown whole.</summary>
    private static ClassMapping? Group(PropertyMapping property) =>
        property.PropertyTypeMapping is { IsBackboneType: true } group ? group : null;

    private static void WriteHead(Utf8JsonWriter json, JsonElement resource)
    {
        foreach (var name in (string[])["resourceType", "id"])
        {
            if (resource.TryGetProperty(name, out var value))
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
        }

        json.WriteStartObject("meta"u8);
        var tags = default(JsonElement);
        if (resource.TryGetProperty("meta", out var meta))
        {
            foreach (var member in meta.EnumerateObject().Where(m => !m.NameEquals("tag"u8)))
            {
                member.WriteTo(json);
            }

            meta.TryGetProperty("tag", out tags);
        }

        json.WriteStartArray("tag"u8);
        foreach (var tag in tags.ValueKind == JsonValueKind.Array ? tags.EnumerateArray() : default)
        {
            tag.WriteTo(json);
        }

        PlanJson.WriteCoding(json, Systems.ObservationValue, "SUBSETTED", "Resource encoded in summary mode");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteMembers(Utf8JsonWriter json, JsonElement from, ClassMapping of)
    {
        foreach (var member in from.EnumerateObject())
        {
            if (of == mapping && member.Name is "resourceType" or "id" or "meta")
            {
                continue;
            }

            if (Kept(member, of) is { } property)
            {
                json.WritePropertyName(member.Name);
                WriteValue(json, member.Value, deep ? Group(property) : null);
            }
        }
    }

    /// <summary>The element of a member that belongs to the part and has something in it; null for any other.</summary>
    private PropertyMapping? Kept(JsonProperty member, ClassMapping of)
    {
        // What a primitive has beside its value stands under its name with an underscore.
        var name = member.Name.TrimStart('_');
        var property = of.FindMappedElementByName(name) ?? of.FindMappedElementByChoiceName(name);
        return property is not null && keeps(property) && (!deep || Group(property) is not { } group
            || Holds(member.Value, group)) ? property : null;
    }

    private bool Holds(JsonElement value, ClassMapping group) => value.ValueKind == JsonValueKind.Array
        ? value.EnumerateArray().Any(one => Holds(one, group))
        : value.EnumerateObject().Any(member => Kept(member, group) is not null);

    private void WriteValue(Utf8JsonWriter json, JsonElement value, ClassMapping? group)
    {
        if (group is null)
        {
            value.WriteTo(json);
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            json.WriteStartArray();
            foreach (var one in value.EnumerateArray().Where(one => Holds(one, group)))
            {
                WriteValue(json, one, group);
            }

            json.WriteEndArray();
        }
        else
        {
            json.WriteStartObject();
            WriteMembers(json, value, group);
            json.WriteEndObject();
        }
    }
}
