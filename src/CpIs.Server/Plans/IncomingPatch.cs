using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>
/// A JSON Patch as it comes in, and the resource it makes of the stored one: that then goes the way of any update.
/// http://hl7.org/fhir/R4/http.html#patch
/// </summary>
internal sealed class IncomingPatch
{
    private const string Json = "application/json-patch+json";

    private readonly JsonPatch patch;

    private IncomingPatch(JsonElement sent) => patch = Refusing(() => JsonPatch.Read(sent));

    /// <summary>The patch that is the body.</summary>
    /// <exception cref="Refused">415 for another media type, 413, 400 when it is none.</exception>
    public static async Task<IncomingPatch> ReadAsync(Call call)
    {
        RequireJsonPatch(call.Http.Request.ContentType);
        return new(Incoming.ParseAny(await call.ReadBodyAsync()));
    }

    /// <summary>The patch in a Bundle's entry: a Binary that says its type.</summary>
    /// <exception cref="Refused">422 for anything else, 400 when it holds no patch.</exception>
    public static IncomingPatch Of(JsonElement binary)
    {
        if (Incoming.Text(binary, "resourceType") != "Binary" || Incoming.Text(binary, "contentType") != Json
            || !binary.TryGetProperty("data", out var data) || !data.TryGetBytesFromBase64(out var bytes))
        {
            throw Refused.Unprocessable(DetailCode.Unsupported,
                $"A PATCH entry's resource is a Binary of contentType {Json}.", "resource");
        }

        return new(Incoming.ParseAny(bytes));
    }

    /// <summary>The stored resource as the patch leaves it.</summary>
    /// <exception cref="Refused">422 when the patch does not fit, a failed test included.</exception>
    public JsonElement Apply(byte[] stored)
    {
        var after = Refusing(() => patch.Apply(JsonNode.Parse(stored)));
        return Incoming.Parse(Encoding.UTF8.GetBytes(after?.ToJsonString() ?? "null"));
    }

    private static void RequireJsonPatch(string? type)
    {
        if (type?.Split(';')[0].Trim().ToLowerInvariant() != Json)
        {
            throw new Refused(415, [new("error", "not-supported", DetailCode.Unsupported, $"Patches are {Json}.")]);
        }
    }

    private static T Refusing<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (PatchFault fault)
        {
            throw fault.Malformed ? Refused.BadBody(fault.Message)
                : new Refused(422, [new("error", "processing", DetailCode.InvalidResource, fault.Message)]);
        }
    }
}
