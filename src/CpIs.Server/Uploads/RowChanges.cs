using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>
/// A row as the changes a council would submit for it one by one: its person and its episode, so that both ways in obey
/// the same rules.
/// </summary>
internal static class RowChanges
{
    private const string Verification =
        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus";

    private const string VerificationCodes = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus";

    /// <summary>The changes of one row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="council">Its council.</param>
    /// <param name="held">The plan that stands under its identifier, under the same number, or null.</param>
    /// <param name="verified">Demographics knew the person; else the council is believed.</param>
    /// <param name="today">Date in Europe/London.</param>
    public static IReadOnlyList<Change> Of(
        CaseloadRow row, string council, PlanRow? held, bool verified, DateOnly today)
    {
        var facts = row.Facts(council);
        var parts = new EpisodeParts(council, row.RowId, row.Number, row.Kind, row.Start, row.End, row.Due,
            row.FollowsRowId, facts.Days(row.BirthDate).EpisodeStatus(today), council);
        return
        [
            new PatientChange(0, null, row.Number, Patient(row, council, verified), MustBeNew: false),
            new EpisodeChange(0, null, held?.Episode.Id ?? Guid.CreateVersion7(), held is null, parts)
            {
                Removal = row.Remove ?? "error",
            },
        ];
    }

    private static JsonElement Patient(CaseloadRow row, string council, bool verified)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Patient"u8);
            json.WriteStartArray("identifier"u8);
            WriteNumber(json, row.Number, verified);
            if (row.PersonId is { } personId)
            {
                WritePersonId(json, council, personId);
            }

            json.WriteEndArray();
            json.WriteStartArray("name"u8);
            json.WriteStartObject();
            json.WriteString("use"u8, "usual"u8);
            json.WriteString("family"u8, row.Family);
            json.WriteStartArray("given"u8);
            foreach (var given in row.Given)
            {
                json.WriteStringValue(given);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("birthDate"u8, PlanJson.Day(row.BirthDate));
            json.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static void WriteNumber(Utf8JsonWriter json, NhsNumber number, bool verified)
    {
        json.WriteStartObject();
        json.WriteStartArray("extension"u8);
        json.WriteStartObject();
        json.WriteString("url"u8, Verification);
        json.WriteStartObject("valueCodeableConcept"u8);
        json.WriteStartArray("coding"u8);
        PlanJson.WriteCoding(json, VerificationCodes, verified ? "01" : "02",
            verified ? "Number present and verified" : "Number present but not traced");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("system"u8, Systems.NhsNumber);
        json.WriteString("value"u8, number.Digits());
        json.WriteEndObject();
    }

    private static void WritePersonId(Utf8JsonWriter json, string council, string personId)
    {
        json.WriteStartObject();
        json.WriteStartObject("type"u8);
        json.WriteStartArray("coding"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, "http://terminology.hl7.org/CodeSystem/v2-0203"u8);
        json.WriteString("code"u8, "PI"u8);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("system"u8, Systems.CouncilPerson + council);
        json.WriteString("value"u8, personId);
        json.WriteEndObject();
    }
}
