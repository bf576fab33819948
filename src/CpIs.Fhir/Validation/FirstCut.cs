using System.Text.Json;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The rules that matter first, until the compiled checker takes its place: FHIR's structure by the SDK's strict parse,
/// and the closed shapes of our four profiles by hand.
/// </summary>
internal static class FirstCut
{
    private static readonly BaseFhirJsonDeserializer Strict =
        new(ModelInfo.ModelInspector, new DeserializerSettings().UsingMode(DeserializationMode.Strict));

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Patient"] = ["identifier", "name", "birthDate", "link"],
        ["EpisodeOfCare"] = ["extension", "identifier", "status", "type", "patient", "managingOrganization", "period"],
        ["Flag"] = ["extension", "identifier", "status", "category", "code", "subject", "period", "author"],
        ["Organization"] = ["identifier", "active", "type", "name", "telecom"],
    };

    private static readonly Dictionary<string, string[]> Required = new()
    {
        ["Patient"] = ["identifier", "name", "birthDate"],
        ["EpisodeOfCare"] = ["identifier", "status", "type", "patient", "period"],
        ["Flag"] = ["extension", "identifier", "status", "code", "subject", "period"],
        ["Organization"] = ["identifier", "type", "name"],
    };

    private static readonly string[] Always = ["resourceType", "id", "meta", "language"];

    public static IReadOnlyList<Issue> Check(ReadOnlyMemory<byte> json, string type, string profile)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return [new(IssueSeverity.Fatal, "structure", type, "The body is not JSON.", "json", null)];
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "resourceType") != type)
            {
                return [new(IssueSeverity.Fatal, "structure", type, $"A {type} is expected.", "resource-type", null)];
            }

            var found = Structure(json);
            if (found.Count == 0)
            {
                new FirstCutRules(type, profile, found).Check(root, Allowed[type], Required[type]);
            }

            return found;
        }
    }

    internal static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static bool IsAlways(string name) => Always.Contains(name);

    private static List<Issue> Structure(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        if (Strict.TryDeserializeResource(ref reader, out _, out var problems))
        {
            return [];
        }

        // The SDK's texts quote the value they dislike, which may be personal: only its code and place are passed on.
        return problems.OfType<ExtendedCodedException>().Select(problem => new Issue(
            IssueSeverity.Error, "structure", problem.InstancePath ?? "",
            $"This is not valid FHIR R4 here ({problem.ErrorCode}).", problem.ErrorCode, null)).ToList();
    }
}
