using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>What an EpisodeOfCare says, read after its profile was checked.</summary>
internal sealed record EpisodeParts(
    string Council,
    string RowId,
    NhsNumber Number,
    PlanKind Kind,
    DateOnly Start,
    DateOnly? End,
    DateOnly? Due,
    string? FollowsRowId,
    string Status,
    string? ManagingOrganization);

/// <summary>What a Flag says, read after its profile was checked.</summary>
internal sealed record FlagParts(
    string Council,
    string RowId,
    NhsNumber Number,
    PlanKind Kind,
    DateOnly Start,
    DateOnly? End,
    string Status,
    string? Author,
    string Detail)
{
    /// <summary>The episode's id in flag-detail; null where an identifier stands there instead.</summary>
    public Guid? DetailId =>
        Guid.TryParse(Detail[(Detail.LastIndexOf('/') + 1)..], out var id) ? id : null;

    /// <summary>
    /// The council's own number of the plan, where flag-detail is a conditional reference.
    /// http://hl7.org/fhir/R4/http.html#trules
    /// </summary>
    public string? DetailRowId =>
        Detail.StartsWith(ConditionalDetail + Systems.CouncilPlan + Council + "|", StringComparison.Ordinal)
            ? Detail[(Detail.IndexOf('|', StringComparison.Ordinal) + 1)..] : null;

    /// <summary>How a conditional reference to an episode begins, decoded.</summary>
    public const string ConditionalDetail = "EpisodeOfCare?identifier=";
}

/// <summary>
/// Reads the facts out of submitted JSON. References may be relative, absolute or, in a Bundle, <c>urn:uuid</c>; the
/// caller says what those stand for.
/// </summary>
internal sealed class PartsReader(Func<string, string> resolve)
{
    public EpisodeParts Episode(JsonElement episode)
    {
        var (council, row) = Identifier(episode);
        return new EpisodeParts(
            council,
            row,
            Person(episode, PlanView.Episode),
            Kind(episode.GetProperty("type")[0]),
            Day(episode.GetProperty("period"), "start")!.Value,
            Day(episode.GetProperty("period"), "end"),
            Extension(episode, Systems.DueDate) is { } due ? Day(due, "valueDate") : null,
            Extension(episode, Systems.FollowsPlan) is { } follows ? Followed(follows, council) : null,
            Text(episode, "status")!,
            Organisation(episode, PlanView.Episode));
    }

    public FlagParts Flag(JsonElement flag)
    {
        var (council, row) = Identifier(flag);
        var detail = Extension(flag, Systems.FlagDetail)!.Value.GetProperty("valueReference");
        return new FlagParts(
            council,
            row,
            Person(flag, PlanView.Flag),
            Kind(flag.GetProperty("code")),
            Day(flag.GetProperty("period"), "start")!.Value,
            Day(flag.GetProperty("period"), "end"),
            Text(flag, "status")!,
            Organisation(flag, PlanView.Flag),
            Reference(detail) ?? throw Refused.Unprocessable(DetailCode.InvalidResource,
                "flag-detail must refer to the EpisodeOfCare.", "Flag.extension[0].value"));
    }

    private static (string Council, string RowId) Identifier(JsonElement resource)
    {
        var identifier = resource.GetProperty("identifier")[0];
        return (Text(identifier, "system")![Systems.CouncilPlan.Length..], Text(identifier, "value")!);
    }

    /// <summary>The person an element refers to, by reference, by identifier or by both.</summary>
    /// <exception cref="Refused">422 when they name two people, or nobody of a valid number.</exception>
    public NhsNumber Person(JsonElement resource, string resourceType, string element)
    {
        var person = resource.GetProperty(element);
        var byReference = Reference(person) is { } reference ? reference[(reference.LastIndexOf('/') + 1)..] : null;
        var byIdentifier = person.TryGetProperty("identifier", out var identifier) ? Text(identifier, "value") : null;
        var path = $"{resourceType}.{element}";
        if (byReference is not null && byIdentifier is not null && byReference != byIdentifier)
        {
            throw Refused.Unprocessable(DetailCode.InvalidNhsNumber, "Reference and identifier name two people.", path);
        }

        var text = byIdentifier ?? byReference;
        return NhsNumber.TryParse(text, out var number)
            ? number
            : throw Refused.Unprocessable(DetailCode.InvalidNhsNumber, NhsNumber.Fault(text)!, path);
    }

    /// <summary>ODS code of the organisation an element refers to; null when it is not there.</summary>
    /// <exception cref="Refused">422 when it names two.</exception>
    public string? Organisation(JsonElement resource, string resourceType, string element)
    {
        if (!resource.TryGetProperty(element, out var organisation))
        {
            return null;
        }

        var byReference = Reference(organisation) is { } reference ? reference[(reference.LastIndexOf('/') + 1)..]
            : null;
        var byIdentifier = organisation.TryGetProperty("identifier", out var identifier) ? Text(identifier, "value")
            : null;
        return byReference is not null && byIdentifier is not null && byReference != byIdentifier
            ? throw Refused.Unprocessable(DetailCode.InvalidResource,
                "Reference and identifier name two organisations.",
                $"{resourceType}.{element}")
            : byIdentifier ?? byReference;
    }

    private NhsNumber Person(JsonElement plan, PlanView view) => Person(plan, view.ResourceType, view.PatientElement);

    private string? Organisation(JsonElement plan, PlanView view) =>
        Organisation(plan, view.ResourceType, view.CouncilElement);

    private string? Reference(JsonElement reference) => Text(reference, "reference") is { } text ? resolve(text) : null;

    private static PlanKind Kind(JsonElement concept) =>
        concept.GetProperty("coding").EnumerateArray()
            .Where(c => Text(c, "system") == Systems.Snomed)
            .Select(c => PlanKind.Of(Text(c, "code")))
            .First(k => k is not null)!;

    private static string? Followed(JsonElement extension, string council)
    {
        var identifier = extension.GetProperty("valueIdentifier");
        return Text(identifier, "system") == Systems.CouncilPlan + council
            ? Text(identifier, "value")
            : throw Refused.Unprocessable(DetailCode.InvalidResource,
                "The plan that this one follows must be a plan of the same council.", "EpisodeOfCare.extension");
    }

    private static JsonElement? Extension(JsonElement resource, string url) =>
        resource.TryGetProperty("extension", out var extensions)
            ? extensions.EnumerateArray().Where(e => Text(e, "url") == url).Select(e => (JsonElement?)e)
                .FirstOrDefault()
            : null;

    private static DateOnly? Day(JsonElement element, string name) =>
        Text(element, name) is { } text ? DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture) : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
            : null;
}
