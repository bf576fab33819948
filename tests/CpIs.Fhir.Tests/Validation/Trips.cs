using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir.Validation;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>One rule of a compiled tree, a resource that breaks it, and where the issue must stand.</summary>
internal sealed record Trip(string Rule, string Expression, byte[] Json);

/// <summary>Makes, for every rule a shape holds, a resource that breaks just there.</summary>
internal static class Trips
{
    private const string NoCode = "zz-no-such-code";

    private static readonly Dictionary<PrimitiveKind, string> Malformed = new()
    {
        [PrimitiveKind.Base64Binary] = "\"?\"", [PrimitiveKind.Canonical] = "\"a b\"", [PrimitiveKind.Code] = "\" x\"",
        [PrimitiveKind.Date] = "\"2026-02-30\"", [PrimitiveKind.DateTime] = "\"2026-01-01T10:00\"",
        [PrimitiveKind.Decimal] = "1e999", [PrimitiveKind.Id] = "\"a_b\"", [PrimitiveKind.Instant] = "\"2026-01-01\"",
        [PrimitiveKind.Integer] = "1.5", [PrimitiveKind.Markdown] = "\"\"", [PrimitiveKind.Oid] = "\"urn:oid:x\"",
        [PrimitiveKind.PositiveInt] = "0", [PrimitiveKind.String] = "\"\"", [PrimitiveKind.Time] = "\"25:00:00\"",
        [PrimitiveKind.UnsignedInt] = "-1", [PrimitiveKind.Uri] = "\"a b\"", [PrimitiveKind.Url] = "\"a b\"",
        [PrimitiveKind.Uuid] = "\"urn:uuid:x\"", [PrimitiveKind.Xhtml] = "\"<script/>\"",
    };

    public static IEnumerable<Trip> Of(Shape shape, Trail trail)
    {
        yield return new("unknown-element", trail.Expression + ".zzz", trail.With(leaf => leaf["zzz"] = 1));
        foreach (var slot in shape.Slots.Where(slot => !trail.Tells(Encoding.UTF8.GetString(slot.Name))))
        {
            foreach (var trip in Of(slot, trail))
            {
                yield return trip;
            }
        }
    }

    private static IEnumerable<Trip> Of(Slot slot, Trail trail)
    {
        var element = slot.Element;
        var name = Encoding.UTF8.GetString(slot.Name);
        var at = $"{trail.Expression}.{element.Name}";
        byte[] Given(string json) => trail.With(leaf => leaf[name] = JsonNode.Parse(json));
        byte[] Item(string json) => Given(element.IsArray ? $"[{json}]" : json);
        var item = element.IsArray ? at + "[0]" : at;

        if (trail.Refuses(element))
        {
            yield return new("cpis-closed-1", at, Item("{}"));
            yield break;
        }

        if (element.Min > 0)
        {
            yield return new("min", at, trail.With(leaf => leaf.Remove(name)));
        }

        if (element.Max == 0)
        {
            yield return new("max", at, Item("{}"));
            yield break;
        }

        yield return element.IsArray ? new("json-array", at, Given("{}")) : new("json-array", at, Given("[{}]"));
        yield return element.IsArray ? new("json-empty", at, Given("[]")) : new("json-null", at, Given("null"));
        yield return element.IsArray ? new("json-null", item, Given("[null]")) : new("json-null", at, Given("null"));
        if (element is { IsArray: true, Max: < Element.Unbounded })
        {
            yield return new("max", at, Given("[" + string.Join(',', Enumerable.Repeat("{}", element.Max + 1)) + "]"));
        }

        if (element.Slicing == null)
        {
            foreach (var trip in Of(slot.Variant, item, Item))
            {
                yield return trip;
            }
        }
        else
        {
            foreach (var trip in Sliced(element.Slicing, slot, trail))
            {
                yield return trip;
            }
        }
    }

    private static IEnumerable<Trip> Of(Variant variant, string at, Func<string, byte[]> given)
    {
        if (variant.Kind == PrimitiveKind.None)
        {
            yield return new(variant.IsAnyResource ? "resource-type" : "json-object", at,
                given(variant.IsAnyResource ? "{}" : "1"));
        }
        else
        {
            yield return new("json-type", at, given(variant.Kind == PrimitiveKind.Boolean ? "1" : "{}"));
            if (Malformed.TryGetValue(variant.Kind, out var text))
            {
                yield return new(variant.Kind == PrimitiveKind.Xhtml ? "txt-1" : "format", at, given(text));
            }
        }

        if (variant.Binding != null)
        {
            yield return new("binding", at, given(variant.Kind == PrimitiveKind.None
                ? $$"""{"system":"x","code":"{{NoCode}}","coding":[{"system":"x","code":"{{NoCode}}"}]}"""
                : $"\"{NoCode}\""));
        }

        if (variant.Fixed != null || variant.Pattern != null)
        {
            yield return new(variant.Fixed != null ? "fixed" : "pattern", at,
                given(variant.Kind == PrimitiveKind.None ? "{\"id\":\"x\"}" : $"\"{NoCode}\""));
        }

        if (variant.MaxLength is { } max)
        {
            yield return new("max-length", at, given($"\"{new string('x', max + 1)}\""));
        }

        if (variant.IsReference)
        {
            yield return new("reference-syntax", at + ".reference", given("{\"reference\":\"somebody\"}"));
            yield return new("ref-1", at, given("{\"reference\":\"#none\"}"));
        }

        if (variant.Targets.Length > 0)
        {
            yield return new("reference-target", at + ".reference", given("{\"reference\":\"Basic/1\"}"));
        }
    }

    private static IEnumerable<Trip> Sliced(Slicing slicing, Slot slot, Trail trail)
    {
        var name = Encoding.UTF8.GetString(slot.Name);
        var at = $"{trail.Expression}.{slot.Element.Name}";
        if (slicing.Closed)
        {
            yield return new(
                "slice-closed", at + "[0]", trail.With(leaf => leaf[name] = new JsonArray(new JsonObject())));
        }

        foreach (var slice in slicing.Slices)
        {
            if (slice.Element.Min > 0)
            {
                yield return new("slice-min", at, trail.With(leaf => leaf[name] = new JsonArray(new JsonObject())));
            }

            if (slice.Element.Max < Element.Unbounded)
            {
                yield return new("slice-max", at, trail.With(leaf => leaf[name] = new JsonArray(
                    [.. Enumerable.Range(0, slice.Element.Max + 1).Select(_ => Signed(slicing, slice))])));
            }

            var variant = slice.Element.Variants[0];
            foreach (var trip in Of(variant, at + "[0]", json => trail.With(leaf =>
                leaf[name] = new JsonArray(Merged(Signed(slicing, slice), json)))))
            {
                if (trip.Rule != "json-object")
                {
                    yield return trip;
                }
            }
        }
    }

    private static JsonObject Signed(Slicing slicing, Slice slice)
    {
        var item = new JsonObject();
        for (var n = 0; n < slicing.Discriminators.Length; n++)
        {
            var path = slicing.Discriminators[n].Path.Select(Encoding.UTF8.GetString).ToArray();
            Trail.Sign(item, path, slice.Expected[n].Shown);
        }

        return item;
    }

    private static JsonObject Merged(JsonObject item, string json)
    {
        if (JsonNode.Parse(json) is JsonObject more)
        {
            foreach (var (name, value) in more)
            {
                item.TryAdd(name, value?.DeepClone());
            }
        }

        return item;
    }
}
