using System.Text.Json;
using System.Text.Json.Nodes;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>One small damage done to an example, from a seed, so that a failing case can be made again.</summary>
internal static class Mutation
{
    private static readonly string[] BadPrimitives =
    [
        "\"\"", "\" \"", "\"x y\"", "\" x\"", "\"2026-02-30\"", "\"2026-13\"", "\"26-01-01\"",
        "\"2026-01-01T10:00:00\"", "\"2026-01-01T10:00:00Z\"", "\"2026-01-01T25:00:00Z\"", "\"2026\"", "\"2026-05\"",
        "\"12:30\"", "\"24:00:00\"", "0", "-1", "-0", "1.5", "1.0", "1e2", "1e400", "99999999999999999999.5",
        "2147483648", "12345678901", "true", "false", "\"true\"", "\"1\"", "\"urn:oid:1.2\"", "\"urn:oid:9.02\"",
        "\"urn:uuid:X\"", "\"#x\"", "\"Patient/1\"", "\"Practitioner/1\"", "\"http://example.org\"", "\"AAA\"",
        "\"AA==\"", "\"a\\tb\"", "\"a\\u0001b\"", "\"\\ud83d\\ude00\"", "\"active\"", "\"ACTIVE\"", "\"unknown\"",
        "{}", "[]", "[{}]", "{\"id\":\"a\"}", "{\"id\":\"\"}", "{\"extension\":[]}",
        "{\"extension\":[{\"url\":\"http://e.org/a\"}]}",
        "{\"extension\":[{\"url\":\"http://e.org/a\",\"valueString\":\"x\"}]}", "{\"url\":\"x\"}", "[null]",
        "[\"a\",null]",
    ];

    private static readonly string[] Extensions =
        ["[{\"url\":\"http://e.org/a\",\"valueCode\":\"x\"}]", "[{\"valueCode\":\"x\"}]"];

    private static readonly string[] Names =
    [
        "extra", "status", "Status", "text", "contained", "extension", "modifierExtension", "id", "_id", "value",
        "valueString", "valueInteger", "_valueString", "period", "_status", "identifier", "url", "resourceType",
        "fhir_comments", "system", "code", "reference", "display", "name", "type", "_birthDate", "given", "_given",
        "deceasedDateTime", "language", "implicitRules", "meta", "coding", "start", "end", "_start", "div", "",
    ];

    public static string Apply(string json, int seed)
    {
        var random = new Random(seed);
        var root = JsonNode.Parse(json)!;
        var places = Places(root).ToList();
        var times = random.Next(6) == 0 ? 2 : 1;
        string? text = null;
        for (var n = 0; n < times; n++)
        {
            text = Damage(places[random.Next(places.Count)], root, random) ?? text;
            places = [.. Places(root)];
            if (places.Count == 0)
            {
                break;
            }
        }

        return text ?? root.ToJsonString();
    }

    private static string? Damage((JsonObject Parent, string Name) place, JsonNode root, Random random)
    {
        var (parent, name) = place;
        var value = parent[name];
        switch (random.Next(13))
        {
            case 0: parent.Remove(name); break;
            case 1: return Duplicate(parent, name, root);
            case 2: Rename(parent, name, Names[random.Next(Names.Length)]); break;
            case 3: parent[name] = JsonNode.Parse(BadPrimitives[random.Next(BadPrimitives.Length)]); break;
            case 4: parent[name] = null; break;
            case 5: Rename(parent, name, SwapCase(name)); break;
            case 6: parent[Names[random.Next(Names.Length)]] = Some(random); break;
            case 7: parent[name] = value is JsonArray { Count: > 0 } list ? list[0]?.DeepClone() : Listed(value); break;
            case 8: parent["_" + name.TrimStart('_')] = Some(random); break;
            case 9: Lengthen(parent[name] as JsonArray, random); break;
            case 10: parent["extension"] = JsonNode.Parse(Extensions[random.Next(Extensions.Length)]); break;
            case 11: parent["contained"] = JsonNode.Parse("[{\"resourceType\":\"Patient\",\"id\":\"c\"}]"); break;
            default: Leaf(parent, name, random); break;
        }

        return null;
    }

    private static void Lengthen(JsonArray? list, Random random) =>
        list?.Add(random.Next(2) == 0 ? null : list.FirstOrDefault()?.DeepClone());

    private static void Leaf(JsonObject parent, string name, Random random)
    {
        if (parent[name] is JsonValue)
        {
            parent[name] = JsonNode.Parse(BadPrimitives[random.Next(BadPrimitives.Length)]);
        }
        else if (parent[name] is JsonArray { Count: > 0 } list)
        {
            list[random.Next(list.Count)] = JsonNode.Parse(BadPrimitives[random.Next(BadPrimitives.Length)]);
        }
    }

    private static JsonNode? Some(Random random) => JsonNode.Parse(BadPrimitives[random.Next(BadPrimitives.Length)]);

    private static JsonArray Listed(JsonNode? value) => [value?.DeepClone()];

    private static void Rename(JsonObject parent, string name, string other)
    {
        if (name != other && other.Length > 0 && parent.TryGetPropertyValue(name, out var value))
        {
            parent.Remove(name);
            parent[other] = value;
        }
    }

    private static string SwapCase(string name) => char.IsLower(name[0])
        ? char.ToUpperInvariant(name[0]) + name[1..]
        : char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>A name twice in one object: JsonNode cannot say it, so the text does.</summary>
    private static string? Duplicate(JsonObject parent, string name, JsonNode root)
    {
        const string mark = "duplicate-mark";
        parent[mark] = parent[name]?.DeepClone();
        var text = root.ToJsonString().Replace($"\"{mark}\"", JsonSerializer.Serialize(name), StringComparison.Ordinal);
        parent.Remove(mark);
        return text;
    }

    private static IEnumerable<(JsonObject Parent, string Name)> Places(JsonNode? node)
    {
        if (node is JsonObject parent)
        {
            foreach (var (name, value) in parent)
            {
                yield return (parent, name);
                foreach (var inner in Places(value))
                {
                    yield return inner;
                }
            }
        }
        else if (node is JsonArray list)
        {
            foreach (var inner in list.SelectMany(Places))
            {
                yield return inner;
            }
        }
    }
}
