using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Summary;

/// <summary>
/// What a clinician sends to the summary operation: whom, and what is known of her, to be compared.
/// http://hl7.org/fhir/R4/parameters.html
/// </summary>
/// <param name="Number">The patient.</param>
/// <param name="Mother">The mother of a newborn, looked up as well.</param>
/// <param name="BirthDate">Compared with what is held.</param>
/// <param name="Family">Compared with what is held.</param>
internal sealed record SummaryRequest(NhsNumber Number, NhsNumber? Mother, DateOnly? BirthDate, string? Family)
{
    /// <summary>Characters of a family name.</summary>
    private const int FamilyMax = 200;

    private static readonly string[] Known = ["nhsNumber", "birthDate", "family", "motherNhsNumber"];

    /// <summary>Reads the body, and keeps it for the record.</summary>
    /// <exception cref="Refused">400 for what is no such Parameters, or parameters in the URL; 415 for another media
    /// type.</exception>
    public static async Task<SummaryRequest> ReadAsync(Call call)
    {
        if (call.Http.Request.Query.Keys.Any(name => name is not ("_format" or "_pretty")))
        {
            throw Refused.BadSearch("The summary is asked by its body; its URL takes _format and _pretty alone.");
        }

        var xml = Incoming.IsXml(call);
        await call.ReadFormAsync();
        var body = Incoming.Parse(xml ? XmlBody.ToJson(call.Form!) : call.Form!);
        if (Incoming.Text(body, "resourceType") != "Parameters")
        {
            throw Refused.BadBody("The body must be a Parameters resource.");
        }

        var sent = Sent(body);
        var number = sent.TryGetValue("nhsNumber", out var child)
            ? NumberOf(child, "nhsNumber")
            : throw Refused.BadBody("Parameters.parameter nhsNumber is missing.");
        var mother = sent.TryGetValue("motherNhsNumber", out var other) ? NumberOf(other, "motherNhsNumber") : null;
        return number.Equals(mother)
            ? throw Refused.BadBody("Child and mother have one number.")
            : new(number, mother, sent.TryGetValue("birthDate", out var born) ? Day(born) : null,
                sent.TryGetValue("family", out var family) ? Name(family) : null);
    }

    private static Dictionary<string, JsonElement> Sent(JsonElement body)
    {
        var sent = new Dictionary<string, JsonElement>();
        if (body.TryGetProperty("parameter", out var all) && all.ValueKind == JsonValueKind.Array)
        {
            foreach (var one in all.EnumerateArray())
            {
                var name = Incoming.Text(one, "name");
                if (name is null || !Known.Contains(name) || !sent.TryAdd(name, one))
                {
                    throw Refused.BadBody("Each parameter is one of " + string.Join(", ", Known) + ", at most once.");
                }
            }
        }

        return sent;
    }

    private static NhsNumber NumberOf(JsonElement parameter, string name)
    {
        var at = $"Parameters.parameter.where(name='{name}')";
        if (!parameter.TryGetProperty("valueIdentifier", out var identifier)
            || Incoming.Text(identifier, "system") != Systems.NhsNumber)
        {
            throw Refused.BadNumber($"{name} is a valueIdentifier of the system {Systems.NhsNumber}.", at);
        }

        var text = Incoming.Text(identifier, "value") ?? "";
        return NhsNumber.TryParse(text, out var number)
            ? number : throw Refused.BadNumber("Invalid NHS number. " + NhsNumber.Fault(text), at);
    }

    private static DateOnly Day(JsonElement parameter) =>
        DateOnly.TryParseExact(Incoming.Text(parameter, "valueDate"), "yyyy-MM-dd", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var day)
            ? day : throw Refused.BadBody("birthDate is a valueDate, a full date.");

    private static string Name(JsonElement parameter) =>
        Incoming.Text(parameter, "valueString") is { Length: > 0 and <= FamilyMax } family
            ? family : throw Refused.BadBody("family is a valueString.");
}
