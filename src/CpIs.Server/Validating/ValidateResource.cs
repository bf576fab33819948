using System.Runtime.InteropServices;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Validating;

/// <summary>
/// <c>$validate</c>: says what a submission would be told, and stores nothing. The answer is 200 whether the resource
/// is good or bad. http://hl7.org/fhir/R4/resource-operation-validate.html
/// </summary>
internal sealed class ValidateResource(Profiles profiles, AuditLog ledger)
{
    /// <summary>Types it is offered for: those we have a profile of.</summary>
    public static readonly IReadOnlyList<string> Types =
        ["Patient", "Flag", "EpisodeOfCare", "Organization", "Encounter", "AuditEvent", "CareTeam"];

    private static readonly OutcomeIssue Good =
        new("information", "informational", DetailCode.Informational, "The resource keeps its profile.");

    public async Task AnswerAsync(Call call, string resourceType)
    {
        RequireKnown(call.Http.Request.Query);
        var (resource, inBody) = Unwrap(await Plans.Incoming.BytesAsync(call));
        var asked = call.Http.Request.Query["profile"].ToString() is { Length: > 0 } inUrl ? inUrl : inBody;
        var found = asked is null ? profiles.Check(resource, resourceType) : profiles.CheckProfile(resource, asked);
        await ledger.RecordAsync(call.Entry() with { Found = found.Count });
        await Answers.OutcomeAsync(call.Http, 200, found.Count == 0 ? [Good] : [.. found.Select(Told)]);
    }

    /// <exception cref="Refused">400 for a parameter that nobody would look at, or an unserved mode.</exception>
    private static void RequireKnown(IQueryCollection query)
    {
        if (query.Keys.Any(name => name is not ("profile" or "mode" or "_format" or "_pretty"))
            || query["mode"].ToString() is not ("" or "create" or "update"))
        {
            throw Refused.BadSearch("A validation takes profile, and mode, which is create or update.");
        }
    }

    private static OutcomeIssue Told(Issue issue) => new(
        issue.Severity switch
        {
            IssueSeverity.Fatal => "fatal",
            IssueSeverity.Error => "error",
            IssueSeverity.Warning => "warning",
            _ => "information",
        },
        issue.Code,
        DetailCode.InvalidResource,
        issue.Diagnostics,
        issue.Expression.Length > 0 ? issue.Expression : null);

    /// <summary>The resource, which may come alone or as a parameter, and the profile named beside it.</summary>
    private static (ReadOnlyMemory<byte> Resource, string? Profile) Unwrap(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (Plans.Incoming.Text(document.RootElement, "resourceType") != "Parameters"
                || !document.RootElement.TryGetProperty("parameter", out var all)
                    || all.ValueKind != JsonValueKind.Array)
            {
                return (body, null);
            }

            var resource = Named(all, "resource");
            var profile = Named(all, "profile") is { } named
                ? Plans.Incoming.Text(named, "valueUri") ?? Plans.Incoming.Text(named, "valueCanonical") : null;
            return resource is { } held && held.TryGetProperty("resource", out var inner)
                ? (JsonMarshal.GetRawUtf8Value(inner).ToArray(), profile)
                : (body, profile);
        }
        catch (JsonException)
        {
            return (body, null);
        }
    }

    private static JsonElement? Named(JsonElement parameters, string name) => parameters.EnumerateArray()
        .Where(p => Plans.Incoming.Text(p, "name") == name).Select(p => (JsonElement?)p).FirstOrDefault();
}
