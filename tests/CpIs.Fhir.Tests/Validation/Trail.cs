using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir.Validation;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// The way from a resource down to one shape: enough JSON to get the walk there, and the FHIRPath of the place.
/// </summary>
internal sealed record Trail(string Type, IReadOnlyList<Trail.Step> Steps, bool IsClosed)
{
    internal sealed record Step(
        string JsonName, string Name, bool IsArray, IReadOnlyList<(string[] Path, string Value)> Signs);

    /// <summary>Whether an element here is refused by the rule that closes extensions.</summary>
    public bool Refuses(Element element) =>
        IsClosed && element is { HoldsExtensions: true, Slicing: null, Max: > 0 }
            && Steps is not [{ Name: "meta" }, ..];

    /// <summary>
    /// Whether an element here is what tells a slice apart: broken, the item is simply not of that slice.
    /// </summary>
    public bool Tells(string name)
    {
        string[] below = [.. Steps.Select(step => step.JsonName), name];
        return Steps.Where((step, n) => step.Signs.Any(sign =>
            sign.Path.Take(below.Length - n - 1).SequenceEqual(below[(n + 1)..]))).Any();
    }

    public string Expression => Type
        + string.Concat(Steps.Select(step => "." + step.Name + (step.IsArray ? "[0]" : "")));

    public Trail Down(Slot slot, Slicing? slicing, Slice? slice)
    {
        var signs = slice == null
            ? []
            : slicing!.Discriminators.Select((by, n) =>
                (by.Path.Select(Encoding.UTF8.GetString).ToArray(), slice.Expected[n].Shown)).ToList();
        var step = new Step(Encoding.UTF8.GetString(slot.Name), slot.Element.Name, slot.Element.IsArray, signs);
        return this with { Steps = [.. Steps, step] };
    }

    /// <summary>A resource that holds, at the end of the trail, an object with what is given.</summary>
    public byte[] With(Action<JsonObject> leaf)
    {
        var root = new JsonObject { ["resourceType"] = Type };
        var at = root;
        foreach (var step in Steps)
        {
            // What tells an outer slice apart may stand on this way already.
            var next = at[step.JsonName] as JsonObject ?? [];
            foreach (var (path, value) in step.Signs)
            {
                Sign(next, path, value);
            }

            if (next.Parent == null)
            {
                at[step.JsonName] = step.IsArray ? new JsonArray(next) : next;
            }

            at = next;
        }

        leaf(at);
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    public static void Sign(JsonObject item, string[] path, string value)
    {
        foreach (var name in path[..^1])
        {
            var next = new JsonObject();
            item[name] = next;
            item = next;
        }

        item[path[^1]] = value;
    }
}
