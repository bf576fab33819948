using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Plans;

namespace CpIs.Server.Demographics;

/// <summary>
/// Reads what the national service answers to <c>GET /Patient/{nhs number}</c>. What is not exactly one of its answers
/// is no answer: a proxy's 404 must never become "nobody has this number".
/// https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
/// </summary>
internal static class PdsAnswer
{
    private const string Unrestricted = "U";
    private const string Redacted = "REDACTED";
    private const string DeathRemoved = "U";

    /// <exception cref="PdsAway">The status and body are not one of the service's answers about a person.</exception>
    public static RegisteredPerson Read(NhsNumber asked, int status, byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var code = status == 200 ? "" : ErrorCode(document.RootElement);
            return (status, code) switch
            {
                (200, _) => Person(asked, document.RootElement),
                (404, "INVALIDATED_RESOURCE") => new() { Number = asked, Version = 0, Invalid = true },
                (404, "RESOURCE_NOT_FOUND") or (400, "INVALID_RESOURCE_ID") => new() { Number = asked, Version = 0 },
                _ => throw new PdsAway($"the service answered {status}", final: status is 400 or 403),
            };
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException)
        {
            throw new PdsAway($"the service's answer {status} could not be read");
        }
    }

    private static string ErrorCode(JsonElement outcome) =>
        Incoming.Text(outcome, "resourceType") != "OperationOutcome" ? ""
            : Items(outcome, "issue").Where(issue => issue.TryGetProperty("details", out _))
                .SelectMany(issue => Items(issue.GetProperty("details"), "coding"))
                .Select(coding => Incoming.Text(coding, "code")).FirstOrDefault(code => code is not null) ?? "";

    private static RegisteredPerson Person(NhsNumber asked, JsonElement patient)
    {
        if (Incoming.Text(patient, "resourceType") != "Patient"
            || !NhsNumber.TryParse(Incoming.Text(patient, "id"), out var number))
        {
            throw new PdsAway("the service answered with no Patient");
        }

        var security = Security(patient);
        return new()
        {
            Number = asked,
            Version = 1,
            Names = [.. Items(patient, "name").Select(Name).OfType<KnownName>()],
            BirthDate = DateOnly.TryParseExact(Incoming.Text(patient, "birthDate"), "yyyy-MM-dd",
                CultureInfo.InvariantCulture, DateTimeStyles.None, out var born) ? born : null,
            SupersededBy = number.Equals(asked) ? null : number,
            Invalid = security == Redacted,
            Sensitive = security != Unrestricted,
            Deceased = Incoming.Text(patient, "deceasedDateTime") is not null && !IsDeathRemoved(patient),
        };
    }

    /// <summary>Whoever is not said to be unrestricted is protected.</summary>
    private static string? Security(JsonElement patient) =>
        patient.TryGetProperty("meta", out var meta) && Items(meta, "security") is [var only]
            ? Incoming.Text(only, "code")
            : null;

    /// <summary>All uses count: usual, temp, nickname, old, maiden.</summary>
    private static KnownName? Name(JsonElement name) => Incoming.Text(name, "family") is { } family
        ? new(family, [.. Items(name, "given").Select(given => given.GetString()).OfType<string>()])
        : null;

    private static bool IsDeathRemoved(JsonElement patient) => Items(patient, "extension")
        .Where(one => Incoming.Text(one, "url")?.EndsWith("DeathNotificationStatus", StringComparison.Ordinal) == true)
        .SelectMany(one => Items(one, "extension"))
        .Where(part => part.TryGetProperty("valueCodeableConcept", out _))
        .SelectMany(part => Items(part.GetProperty("valueCodeableConcept"), "coding"))
        .Any(coding => Incoming.Text(coding, "code") == DeathRemoved);

    private static List<JsonElement> Items(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var list)
            && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray()]
            : [];
}
