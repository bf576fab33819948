using System.Text.Json;
using System.Text.Json.Nodes;

namespace CpIs.Fhir;

/// <summary>
/// A JSON Patch, https://www.rfc-editor.org/rfc/rfc6902: read once, strictly, then applied to a document, all of it or
/// nothing. No message names a value or a path: both may be about a person.
/// </summary>
public sealed class JsonPatch
{
    /// <summary>Operations of one patch.</summary>
    private const int OperationsMax = 200;

    /// <summary>Characters that copies may add to a document: copies of copies double it each time.</summary>
    private const int CopiedCharsMax = 64 * 1024;

    private readonly List<Operation> operations;

    private JsonPatch(List<Operation> operations) => this.operations = operations;

    /// <summary>Reads a patch.</summary>
    /// <exception cref="PatchFault">When it is none.</exception>
    public static JsonPatch Read(JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Array)
        {
            throw new PatchFault(true, "A JSON Patch is an array of operations.");
        }

        if (patch.GetArrayLength() is 0 or > OperationsMax)
        {
            throw new PatchFault(true, $"A JSON Patch has 1 to {OperationsMax} operations.");
        }

        return new([.. patch.EnumerateArray().Select((operation, place) => Read(operation, place))]);
    }

    /// <summary>The document as the patch leaves it; the one given is not touched.</summary>
    /// <exception cref="PatchFault">When an operation does not fit the document, a failed test included.</exception>
    public JsonNode? Apply(JsonNode? document)
    {
        var root = document?.DeepClone();
        var copied = 0;
        foreach (var operation in operations)
        {
            root = Apply(root, operation, ref copied);
        }

        return root;
    }

    private static Operation Read(JsonElement operation, int place)
    {
        PatchFault Malformed(string why) => new(true, $"Operation {place}: {why}");
        string? Text(string name) => operation.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (operation.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("it is no object.");
        }

        var kind = Text("op");
        if (kind is not ("add" or "remove" or "replace" or "move" or "copy" or "test"))
        {
            throw Malformed("its op is none of add, remove, replace, move, copy, test.");
        }

        var path = JsonPointer.Read(Text("path")) ?? throw Malformed("its path is no JSON Pointer.");
        JsonPointer? from = null;
        JsonNode? value = null;
        if (kind is "move" or "copy")
        {
            from = JsonPointer.Read(Text("from")) ?? throw Malformed("its from is no JSON Pointer.");
            if (kind == "move" && from.IsAbove(path))
            {
                throw Malformed("nothing moves into itself.");
            }
        }
        else if (kind is not "remove")
        {
            value = operation.TryGetProperty("value", out var given) ? JsonNode.Parse(given.GetRawText())
                : throw Malformed("it has no value.");
        }

        return new Operation(place, kind, path, from, value);
    }

    private static JsonNode? Apply(JsonNode? root, Operation operation, ref int copied)
    {
        PatchFault Unfit(string why) => new(false, $"Operation {operation.Place} ({operation.Kind}): {why}");
        var moved = operation.Value?.DeepClone();
        if (operation.From is { } from)
        {
            moved = from.Find(root, out var source) ? source?.DeepClone()
                : throw Unfit("there is nothing at its from.");
            copied += operation.Kind == "copy" ? moved?.ToJsonString().Length ?? 0 : 0;
            if (copied > CopiedCharsMax)
            {
                throw Unfit("the patch copies too much.");
            }

            root = operation.Kind == "move" ? from.Remove(root) : root;
        }

        switch (operation.Kind)
        {
            case "test":
                return operation.Path.Find(root, out var there) && JsonNode.DeepEquals(there, moved) ? root
                    : throw Unfit("what stands there is something else.");
            case "remove":
                return operation.Path.Find(root, out _) ? operation.Path.Remove(root)
                    : throw Unfit("there is nothing at its path.");
            case "replace":
                return operation.Path.Find(root, out _) ? operation.Path.Replace(root, moved)
                    : throw Unfit("there is nothing at its path.");
            default:
                return operation.Path.TryAdd(ref root, moved) ? root : throw Unfit("its path leads nowhere.");
        }
    }

    private sealed record Operation(int Place, string Kind, JsonPointer Path, JsonPointer? From, JsonNode? Value);
}

/// <summary>Why a patch was not applied.</summary>
/// <param name="malformed">True when it is no patch at all; false when it does not fit the document.</param>
/// <param name="why">Words without personal data.</param>
public sealed class PatchFault(bool malformed, string why) : Exception(why)
{
    public bool Malformed { get; } = malformed;
}
