using System.Text.Json.Nodes;

namespace CpIs.Cli.Notices;

/// <summary>What a person reads of a notification: a line for what it is, then lines for each event.</summary>
internal static class NoticeText
{
    private const string PersonSystem = "https://fhir.cpis.example/Id/council-person/";

    public static IEnumerable<string> Of(JsonNode bundle)
    {
        var entries = Items(bundle, "entry").ToList();
        var status = entries[0]["resource"]!;
        var type = Value(status, "parameter", "type")?["valueCode"]?.ToString();
        var topic = Value(status, "parameter", "topic")?["valueCanonical"]?.ToString();
        var name = topic?[(topic.LastIndexOf('/') + 1)..];
        if (type != "event-notification")
        {
            yield return $"{name}: {type}";
        }

        foreach (var one in Items(status, "parameter").Where(p => p["name"]!.ToString() == "notification-event"))
        {
            yield return $"{name} {Value(one, "part", "event-number")?["valueString"]} "
                + $"at {Value(one, "part", "timestamp")?["valueInstant"]}";
            var urls = Items(one, "part").Select(p => p["valueReference"]?["reference"]?.ToString()).ToHashSet();
            foreach (var entry in entries.Where(e => urls.Contains(e["fullUrl"]?.ToString()) && e["resource"] != null))
            {
                if (Line(entry["resource"]!) is { } line)
                {
                    yield return "  " + line;
                }
            }
        }
    }

    private static string? Line(JsonNode resource) => resource["resourceType"]!.ToString() switch
    {
        "OperationOutcome" => resource["issue"]?[0]?["diagnostics"]?.ToString(),
        "EpisodeOfCare" => $"plan {resource["identifier"]?[0]?["value"]}: "
            + $"{resource["type"]?[0]?["coding"]?[0]?["display"]}, {resource["status"]}",
        "Patient" => $"person {resource["id"]}{Own(resource)}",
        "PractitionerRole" => $"by {resource["practitioner"]?["display"]}, {resource["code"]?[0]?["text"]}",
        "Organization" => $"at {resource["name"]}, "
            + $"telephone {resource["telecom"]?[0]?["value"]?.ToString() ?? "unknown"}",
        "Encounter" => $"setting {resource["type"]?[0]?["coding"]?[0]?["code"]}, {resource["status"]}, "
            + $"from {resource["period"]?["start"]}",
        _ => null,
    };

    private static string Own(JsonNode patient) => Items(patient, "identifier")
        .FirstOrDefault(i => i["system"]?.ToString().StartsWith(PersonSystem, StringComparison.Ordinal) == true)
        is { } own ? $", yours {own["value"]}" : "";

    private static JsonNode? Value(JsonNode node, string list, string name) =>
        Items(node, list).FirstOrDefault(p => p["name"]!.ToString() == name);

    private static IEnumerable<JsonNode> Items(JsonNode node, string name) =>
        (node[name] as JsonArray ?? []).Select(n => n!);
}
