using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Bundles;

/// <summary>
/// What references inside a transaction stand for: another entry by its full URL, or a resource by its identifier.
/// http://hl7.org/fhir/R4/http.html#trules
/// </summary>
internal sealed class BundleReferences
{
    private const string Urn = "urn:uuid:";

    private readonly Dictionary<string, BundleEntry> byUrl = new(StringComparer.Ordinal);

    /// <summary>Plans that are named by the council's number, under names as if they stood in the Bundle.</summary>
    private readonly Dictionary<string, string> sought = new(StringComparer.Ordinal);

    /// <exception cref="Refused">400 when two entries have one full URL.</exception>
    public BundleReferences(IEnumerable<BundleEntry> entries)
    {
        foreach (var entry in entries.Where(e => e.FullUrl is not null))
        {
            if (!byUrl.TryAdd(entry.FullUrl!, entry) && entry.FullUrl!.StartsWith("urn:", StringComparison.Ordinal))
            {
                throw Refused.BadBody("Two entries of the Bundle have one fullUrl.");
            }
        }
    }

    /// <summary>A resource whose conditional references are such as its profile knows.</summary>
    /// <exception cref="Refused">422 for a conditional reference that cannot be resolved.</exception>
    public JsonElement Rewrite(JsonElement resource)
    {
        var raw = JsonMarshal.GetRawUtf8Value(resource);
        if (raw.IndexOf("?identifier="u8) < 0)
        {
            return resource;
        }

        var rewritten = JsonNode.Parse(raw)!;
        RewriteIn(rewritten);
        return Incoming.Parse(Encoding.UTF8.GetBytes(rewritten.ToJsonString()));
    }

    /// <summary>A reference as it would stand outside the Bundle.</summary>
    /// <exception cref="Refused">422 when it names nothing.</exception>
    public string Resolve(string reference)
    {
        if (reference.StartsWith("urn:", StringComparison.Ordinal))
        {
            return byUrl.TryGetValue(reference, out var entry) ? entry.Reference
                : sought.TryGetValue(reference, out var plan) ? plan
                : throw Refused.Unprocessable(
                    DetailCode.InvalidResource, "A urn reference names no entry of this Bundle.");
        }

        return reference;
    }

    private void RewriteIn(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                foreach (var one in list)
                {
                    RewriteIn(one);
                }

                break;
            case JsonObject item:
                if (item["reference"] is JsonValue value && value.TryGetValue<string>(out var reference)
                    && reference.IndexOf('?', StringComparison.Ordinal) is var question and > 0)
                {
                    item["reference"] = Sought(reference[..question], reference[question..]);
                }

                foreach (var (_, member) in item.ToList())
                {
                    RewriteIn(member);
                }

                break;
        }
    }

    /// <summary>People and organisations have their identifier for an id; a plan has the council's number.</summary>
    private string Sought(string type, string query)
    {
        type = type[(type.LastIndexOf('/') + 1)..];
        var criteria = QueryHelpers.ParseQuery(query);
        var value = criteria.Count == 1 && criteria.TryGetValue("identifier", out var one) && one.Count == 1
            ? one.ToString() : "";
        var bar = value.IndexOf('|', StringComparison.Ordinal);
        return (type, bar < 0 ? "" : value[..bar]) switch
        {
            ("Patient", Systems.NhsNumber) => "Patient/" + value[(bar + 1)..],
            ("Organization", Systems.Ods) => "Organization/" + value[(bar + 1)..],
            ("EpisodeOfCare", var system) when system.StartsWith(Systems.CouncilPlan, StringComparison.Ordinal) =>
                NameOf(FlagParts.ConditionalDetail + value),
            _ => throw Refused.Unprocessable(DetailCode.InvalidResource,
                "A conditional reference names a Patient, an Organization or an EpisodeOfCare by "
                + "identifier=system|value."),
        };
    }

    private string NameOf(string plan)
    {
        var name = Urn + Guid.CreateVersion7();
        sought.Add(name, plan);
        return name;
    }
}
