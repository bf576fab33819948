using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CpIs.Fhir;

/// <summary>One issue of an OperationOutcome, http://hl7.org/fhir/R4/operationoutcome.html.</summary>
/// <param name="Severity">fatal, error, warning, information.</param>
/// <param name="Code">FHIR issue-type code.</param>
/// <param name="Detail">Code of <see cref="Systems.SpineError"/> or <see cref="Systems.CpisOutcome"/>.</param>
/// <param name="Diagnostics">Plain words, without personal data.</param>
/// <param name="Expression">FHIRPath of the element, or null.</param>
public sealed record OutcomeIssue(
    string Severity, string Code, DetailCode Detail, string Diagnostics, string? Expression = null);

/// <summary>A code of <c>issue.details.coding</c> with its system.</summary>
public sealed record DetailCode(string System, string Code, string Display)
{
    private static DetailCode Nhs(string code, string display) => new(Systems.SpineError, code, display);

    private static DetailCode Own(string code, string display) => new(Systems.CpisOutcome, code, display);

    public static readonly DetailCode InvalidNhsNumber = Nhs("INVALID_NHS_NUMBER", "Invalid NHS number");
    public static readonly DetailCode InvalidSearch = Nhs("INVALID_SEARCH_DATA", "Invalid search data");
    public static readonly DetailCode InvalidHeader =
        Nhs("MISSING_OR_INVALID_HEADER", "There is a required header missing or invalid");
    public static readonly DetailCode AccessDenied = Nhs("ACCESS_DENIED", "Access denied");
    public static readonly DetailCode NotFound = Nhs("RESOURCE_NOT_FOUND", "Resource not found");
    public static readonly DetailCode PreconditionFailed = Nhs("PRECONDITION_FAILED", "Precondition failed");
    public static readonly DetailCode InvalidValue = Nhs("INVALID_VALUE", "Invalid value");
    public static readonly DetailCode InvalidResource = Nhs("INVALID_RESOURCE", "Invalid resource");
    public static readonly DetailCode TooManyRequests = Nhs("TOO_MANY_REQUESTS", "Too many requests");
    public static readonly DetailCode Unsupported = Nhs("UNSUPPORTED_SERVICE", "Unsupported service");
    public static readonly DetailCode ServiceUnavailable = Nhs("SERVICE_UNAVAILABLE", "Service unavailable");
    public static readonly DetailCode ServerError = Nhs("SERVICE_ERROR", "Service error");

    public static readonly DetailCode NoRecordHeld = Own("NO_RECORD_HELD", "No record held");
    public static readonly DetailCode PlanLeftOut = Own("PLAN_LEFT_OUT", "A plan is held that the search leaves out");
    public static readonly DetailCode NarrowedByScope = Own("NARROWED_BY_SCOPE", "The token shows only a part");
    public static readonly DetailCode IdentityDiffers = Own("IDENTITY_DIFFERS", "Identity differs");
    public static readonly DetailCode NotHeld = Own("NOT_HELD", "No visible plan is held for this person");
    public static readonly DetailCode EncounterHeld = Own("ENCOUNTER_HELD", "This encounter is held already");
    public static readonly DetailCode ConcernsUnborn = Own("CONCERNS_UNBORN", "Concerns an unborn or newborn baby");
    public static readonly DetailCode NumberSuperseded = Own("NUMBER_SUPERSEDED", "NHS number superseded");
    public static readonly DetailCode TwoCouncils = Own("TWO_COUNCILS", "Two councils hold a current plan");
    public static readonly DetailCode Unconfirmed = Own("UNCONFIRMED", "The council's latest word was refused");
    public static readonly DetailCode CountedUnscheduled = Own("COUNTED_UNSCHEDULED", "Counted as unscheduled");
    public static readonly DetailCode Coverage = Own("COVERAGE", "Coverage of councils");
    public static readonly DetailCode Freshness = Own("FRESHNESS", "When the councils last sent");
    public static readonly DetailCode LookUpMother = Own("LOOK_UP_MOTHER", "Look up the mother too");
    public static readonly DetailCode Unscheduled = Own("UNSCHEDULED", "Recorded as unscheduled");
    public static readonly DetailCode Scheduled = Own("SCHEDULED", "Recorded as scheduled");
    public static readonly DetailCode ParameterIgnored = Own("PARAMETER_IGNORED", "Search parameter ignored");
    public static readonly DetailCode PairDisagrees = Own("PAIR_DISAGREES", "Flag and EpisodeOfCare disagree");
    public static readonly DetailCode NumberChanged = Own("NUMBER_CHANGED", "A plan's NHS number never changes");
    public static readonly DetailCode Overlap = Own("OVERLAP", "A current plan of this kind is held already");
    public static readonly DetailCode PlanHeld = Own("PLAN_HELD", "This plan is held already");
    public static readonly DetailCode OverAge = Own("OVER_AGE", "The person is 18 or over");
    public static readonly DetailCode StatusDisagrees = Own("STATUS_DISAGREES", "Status and dates disagree");
    public static readonly DetailCode Informational = Own("INFORMATION", "Information");
}

/// <summary>Writes OperationOutcomes as UTF-8 FHIR JSON.</summary>
public static class Outcome
{
    /// <summary>Options of everything we write: names like O'Neil stay readable, and it is still safe JSON.</summary>
    public static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static byte[] Render(params IReadOnlyList<OutcomeIssue> issues)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            Write(json, issues);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the resource as one JSON object.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<OutcomeIssue> issues)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(issues);
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "OperationOutcome"u8);
        json.WriteStartArray("issue"u8);
        foreach (var issue in issues)
        {
            WriteIssue(json, issue);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteIssue(Utf8JsonWriter json, OutcomeIssue issue)
    {
        json.WriteStartObject();
        json.WriteString("severity"u8, issue.Severity);
        json.WriteString("code"u8, issue.Code);
        json.WriteStartObject("details"u8);
        json.WriteStartArray("coding"u8);
        json.WriteStartObject();
        json.WriteString("system"u8, issue.Detail.System);
        json.WriteString("code"u8, issue.Detail.Code);
        json.WriteString("display"u8, issue.Detail.Display);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("diagnostics"u8, issue.Diagnostics);
        if (issue.Expression is not null)
        {
            json.WriteStartArray("expression"u8);
            json.WriteStringValue(issue.Expression);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
