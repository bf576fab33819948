using System.Text;
using System.Text.Json.Nodes;

namespace CpIs.Server.Tests.Bundles;

/// <summary>Bundles as a council or an EPR would send them.</summary>
internal static class InventedBundle
{
    public static JsonObject Of(string type, params JsonObject[] entries) => new()
    {
        ["resourceType"] = "Bundle", ["type"] = type, ["entry"] = new JsonArray([.. entries]),
    };

    public static JsonObject Entry(string method, string url, JsonNode? resource = null, string? fullUrl = null,
        (string Name, string Value)? condition = null)
    {
        var request = new JsonObject { ["method"] = method, ["url"] = url };
        if (condition is { } one)
        {
            request[one.Name] = one.Value;
        }

        var entry = new JsonObject { ["request"] = request };
        if (resource is not null)
        {
            entry["resource"] = resource.DeepClone();
        }

        if (fullUrl is not null)
        {
            entry["fullUrl"] = fullUrl;
        }

        return entry;
    }

    public static JsonObject Patch(string patch) => new()
    {
        ["resourceType"] = "Binary",
        ["contentType"] = "application/json-patch+json",
        ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
    };

    public static JsonObject WithId(this JsonObject resource, string id)
    {
        resource["id"] = id;
        return resource;
    }

    public static List<string> Statuses(JsonNode answer) =>
        [.. answer["entry"]!.AsArray().Select(e => e!["response"]!.Text("status"))];
}
