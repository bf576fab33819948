using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace CpIs.Fhir;

/// <summary>
/// Writes the EpisodeOfCare and the Flag of a plan as the UTF-8 JSON that is stored and served.
/// http://hl7.org/fhir/R4/episodeofcare.html, http://hl7.org/fhir/R4/flag.html
/// </summary>
public static class PlanJson
{
    /// <summary>Identity and version of the resource being written.</summary>
    public sealed record Head(string Id, int Version, DateTimeOffset Updated)
    {
        /// <summary>Its council's latest word on it was refused: a tag says that it may have changed.</summary>
        public bool Unconfirmed { get; init; }
    }

    /// <summary>The EpisodeOfCare: master of status and period.</summary>
    public static byte[] Episode(PlanFacts plan, Head head, string status, DateOnly? end, string councilName)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(head);
        return Write("EpisodeOfCare", head, json =>
        {
            WriteEpisodeExtensions(json, plan);
            WriteIdentifier(json, plan);
            json.WriteString("status"u8, status);
            json.WriteStartArray("type"u8);
            json.WriteStartObject();
            json.WriteStartArray("coding"u8);
            WriteCoding(json, Systems.Snomed, plan.Kind.Code, plan.Kind.Display);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            WritePatient(json, "patient", plan.NhsNumber);
            WriteOrganization(json, "managingOrganization", plan.Council, councilName);
            WritePeriod(json, plan.Start, end);
        });
    }

    /// <summary>The Flag that mirrors the episode.</summary>
    public static byte[] Flag(
        PlanFacts plan, Head head, string status, DateOnly? end, string councilName, string episodeId)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(head);
        return Write("Flag", head, json =>
        {
            json.WriteStartArray("extension"u8);
            json.WriteStartObject();
            json.WriteString("url"u8, Systems.FlagDetail);
            json.WriteStartObject("valueReference"u8);
            json.WriteString("reference"u8, "EpisodeOfCare/" + episodeId);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            WriteIdentifier(json, plan);
            json.WriteString("status"u8, status);
            WriteFlagCodes(json, plan.Kind);
            WritePatient(json, "subject", plan.NhsNumber);
            WritePeriod(json, plan.Start, end);
            WriteOrganization(json, "author", plan.Council, councilName);
        });
    }

    /// <summary>A day as FHIR writes it.</summary>
    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>An instant with milliseconds, UTC.</summary>
    public static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Starts a resource: type, id and meta, in the order everything of ours is written.</summary>
    public static void WriteHead(Utf8JsonWriter json, string resourceType, Head head)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(head);
        json.WriteString("resourceType"u8, resourceType);
        json.WriteString("id"u8, head.Id);
        json.WriteStartObject("meta"u8);
        json.WriteString("versionId"u8, head.Version.ToString(CultureInfo.InvariantCulture));
        json.WriteString("lastUpdated"u8, Instant(head.Updated));
        json.WriteStartArray("profile"u8);
        json.WriteStringValue(Systems.Profile(resourceType));
        json.WriteEndArray();
        if (head.Unconfirmed)
        {
            json.WriteStartArray("tag"u8);
            WriteCoding(json, Systems.CpisOutcome, DetailCode.Unconfirmed.Code, DetailCode.Unconfirmed.Display);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>A whole resource: its head, then the rest.</summary>
    public static byte[] Write(string resourceType, Head head, Action<Utf8JsonWriter> rest)
    {
        ArgumentNullException.ThrowIfNull(rest);
        var buffer = new ArrayBufferWriter<byte>(1536);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            WriteHead(json, resourceType, head);
            rest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteEpisodeExtensions(Utf8JsonWriter json, PlanFacts plan)
    {
        if (plan.Due is null && plan.FollowsRowId is null)
        {
            return;
        }

        json.WriteStartArray("extension"u8);
        if (plan.Due is { } due)
        {
            json.WriteStartObject();
            json.WriteString("url"u8, Systems.DueDate);
            json.WriteString("valueDate"u8, Day(due));
            json.WriteEndObject();
        }

        if (plan.FollowsRowId is { } follows)
        {
            json.WriteStartObject();
            json.WriteString("url"u8, Systems.FollowsPlan);
            json.WriteStartObject("valueIdentifier"u8);
            json.WriteString("system"u8, Systems.CouncilPlan + plan.Council);
            json.WriteString("value"u8, follows);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteIdentifier(Utf8JsonWriter json, PlanFacts plan)
    {
        json.WriteStartArray("identifier"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, Systems.CouncilPlan + plan.Council);
        json.WriteString("value"u8, plan.RowId);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteFlagCodes(Utf8JsonWriter json, PlanKind kind)
    {
        json.WriteStartArray("category"u8);
        json.WriteStartObject();
        json.WriteStartArray("coding"u8);
        WriteCoding(json, Systems.FlagCategory, Systems.FlagCategoryCode, Systems.FlagCategoryDisplay);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("code"u8);
        json.WriteStartArray("coding"u8);
        WriteCoding(json, Systems.Snomed, kind.Code, kind.Display);
        WriteCoding(json, Systems.FlagCategory, Systems.FlagCategoryCode, Systems.FlagCategoryDisplay);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A coding with its display.</summary>
    public static void WriteCoding(Utf8JsonWriter json, string system, string code, string display)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteString("system"u8, system);
        json.WriteString("code"u8, code);
        json.WriteString("display"u8, display);
        json.WriteEndObject();
    }

    /// <summary>A reference to a person, by id and by NHS number.</summary>
    public static void WritePatient(Utf8JsonWriter json, string name, NhsNumber number)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject(name);
        json.WriteString("reference"u8, "Patient/" + number.Digits());
        json.WriteStartObject("identifier"u8);
        json.WriteString("system"u8, Systems.NhsNumber);
        json.WriteString("value"u8, number.Digits());
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A reference to an organisation, by id and by ODS code, with its name.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="name">Element, or null inside a list.</param>
    /// <param name="ods">ODS code.</param>
    /// <param name="display">Name of the organisation.</param>
    public static void WriteOrganization(Utf8JsonWriter json, string? name, string ods, string display)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (name is not null)
        {
            json.WritePropertyName(name);
        }

        json.WriteStartObject();
        json.WriteString("reference"u8, "Organization/" + ods);
        json.WriteStartObject("identifier"u8);
        json.WriteString("system"u8, Systems.Ods);
        json.WriteString("value"u8, ods);
        json.WriteEndObject();
        json.WriteString("display"u8, display);
        json.WriteEndObject();
    }

    private static void WritePeriod(Utf8JsonWriter json, DateOnly start, DateOnly? end)
    {
        json.WriteStartObject("period"u8);
        json.WriteString("start"u8, Day(start));
        if (end is { } day)
        {
            json.WriteString("end"u8, Day(day));
        }

        json.WriteEndObject();
    }
}
