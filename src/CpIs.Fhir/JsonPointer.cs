using System.Globalization;
using System.Text.Json.Nodes;

namespace CpIs.Fhir;

/// <summary>A place in a JSON document, https://www.rfc-editor.org/rfc/rfc6901, as a patch walks to it.</summary>
internal sealed class JsonPointer
{
    /// <summary>Steps of one path.</summary>
    private const int StepsMax = 64;

    private const string PastTheEnd = "-";

    private readonly string[] steps;

    private JsonPointer(string[] steps) => this.steps = steps;

    /// <summary>Null when the text is no pointer.</summary>
    public static JsonPointer? Read(string? text)
    {
        if (text is null || (text.Length > 0 && text[0] != '/'))
        {
            return null;
        }

        var raw = text.Length == 0 ? [] : text[1..].Split('/');
        return raw.Length > StepsMax || raw.Any(HasLooseTilde) ? null
            : new([.. raw.Select(step => step.Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal))]);
    }

    /// <summary>Whether the other place lies inside this one.</summary>
    public bool IsAbove(JsonPointer other) =>
        other.steps.Length > steps.Length && other.steps.AsSpan(0, steps.Length).SequenceEqual(steps);

    /// <summary>What stands at the place; a JSON null is something.</summary>
    public bool Find(JsonNode? root, out JsonNode? found)
    {
        found = root;
        foreach (var step in steps)
        {
            switch (found)
            {
                case JsonObject item when item.TryGetPropertyValue(step, out var member):
                    found = member;
                    break;
                case JsonArray list when Index(step, list.Count) is { } at:
                    found = list[at];
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>The document without what stands there; something does.</summary>
    public JsonNode? Remove(JsonNode? root)
    {
        if (steps.Length == 0)
        {
            return null;
        }

        switch (Parent(root))
        {
            case JsonObject item:
                item.Remove(steps[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(steps[^1], list.Count)!.Value);
                break;
        }

        return root;
    }

    /// <summary>The document with something else there; something stands there.</summary>
    public JsonNode? Replace(JsonNode? root, JsonNode? value)
    {
        if (steps.Length == 0)
        {
            return value;
        }

        switch (Parent(root))
        {
            case JsonObject item:
                item[steps[^1]] = value;
                break;
            case JsonArray list:
                list[Index(steps[^1], list.Count)!.Value] = value;
                break;
        }

        return root;
    }

    /// <summary>Puts a member, or something into a list before what stands there; false where neither is.</summary>
    public bool TryAdd(ref JsonNode? root, JsonNode? value)
    {
        if (steps.Length == 0)
        {
            root = value;
            return true;
        }

        switch (Parent(root))
        {
            case JsonObject item:
                item[steps[^1]] = value;
                return true;
            case JsonArray list when steps[^1] == PastTheEnd:
                list.Add(value);
                return true;
            case JsonArray list when Index(steps[^1], list.Count + 1) is { } at:
                list.Insert(at, value);
                return true;
            default:
                return false;
        }
    }

    private JsonNode? Parent(JsonNode? root) =>
        new JsonPointer(steps[..^1]).Find(root, out var parent) ? parent : null;

    /// <summary>Digits without a leading zero, below the count.</summary>
    private static int? Index(string step, int count) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < count
            && (step.Length == 1 || step[0] != '0') ? at : null;

    /// <summary>A tilde stands before 0 or 1, or nowhere.</summary>
    private static bool HasLooseTilde(string step)
    {
        for (var at = step.IndexOf('~', StringComparison.Ordinal); at >= 0;
            at = step.IndexOf('~', at + 1))
        {
            if (at + 1 == step.Length || step[at + 1] is not ('0' or '1'))
            {
                return true;
            }
        }

        return false;
    }
}
