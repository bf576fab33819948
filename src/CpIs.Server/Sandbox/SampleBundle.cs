using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Turns a sample row into the transaction Bundle that a council's case system would send for it: the person, the
/// episode and the alert, which stand or fall together. http://hl7.org/fhir/R4/http.html#transaction
/// </summary>
internal sealed class SampleBundle(string council, SampleRow row, DateOnly today)
{
    private readonly string episodeUrl = $"urn:uuid:{Guid.NewGuid()}";

    private readonly PlanKind kind =
        PlanKind.Of(row.Plan) ?? throw new FormatException($"Row {row.RowId}: '{row.Plan}' is no kind of plan.");

    private readonly DateOnly start = RelativeDay.Parse(row.Start, today);

    private readonly DateOnly? end = row.End is null ? null : RelativeDay.Parse(row.End, today);

    /// <summary>The Bundle as JSON.</summary>
    public JsonObject Build() => new()
    {
        ["resourceType"] = "Bundle",
        ["type"] = "transaction",
        ["entry"] = new JsonArray(
            Entry($"urn:uuid:{Guid.NewGuid()}", Patient(), "PUT", $"Patient/{row.NhsNumber}"),
            Entry(episodeUrl, Episode(), "POST", "EpisodeOfCare"),
            Entry($"urn:uuid:{Guid.NewGuid()}", Flag(), "POST", "Flag")),
    };

    private static JsonObject Entry(string fullUrl, JsonObject resource, string method, string url) => new()
    {
        ["fullUrl"] = fullUrl,
        ["resource"] = resource,
        ["request"] = new JsonObject { ["method"] = method, ["url"] = url },
    };

    private JsonObject Patient()
    {
        var identifiers = new JsonArray(Identifier(Systems.NhsNumber, row.NhsNumber));
        if (row.PersonId is { } personId)
        {
            var own = Identifier(Systems.CouncilPerson + council, personId);
            own["type"] = Coded("http://terminology.hl7.org/CodeSystem/v2-0203", "PI");
            identifiers.Add(own);
        }

        string[] given = [row.Given, .. row.OtherGiven?.Split(' ') ?? []];
        return new()
        {
            ["resourceType"] = "Patient",
            ["id"] = row.NhsNumber,
            ["identifier"] = identifiers,
            ["name"] = new JsonArray(new JsonObject
            {
                ["use"] = "usual",
                ["family"] = row.Family,
                ["given"] = new JsonArray([.. given.Select(name => JsonValue.Create(name))]),
            }),
            ["birthDate"] = PlanJson.Day(RelativeDay.Parse(row.BirthDate, today)),
        };
    }

    private JsonObject Episode()
    {
        var extensions = new JsonArray();
        if (row.DueDate is { } due)
        {
            extensions.Add(new JsonObject
            {
                ["url"] = Systems.DueDate,
                ["valueDate"] = PlanJson.Day(RelativeDay.Parse(due, today)),
            });
        }

        if (row.FollowsRowId is { } followed)
        {
            extensions.Add(new JsonObject
            {
                ["url"] = Systems.FollowsPlan,
                ["valueIdentifier"] = Identifier(Systems.CouncilPlan + council, followed),
            });
        }

        var episode = new JsonObject
        {
            ["resourceType"] = "EpisodeOfCare",
            ["identifier"] = new JsonArray(Identifier(Systems.CouncilPlan + council, row.RowId)),
            ["status"] = Status(),
            ["type"] = new JsonArray(Coded(Systems.Snomed, kind.Code)),
            ["patient"] = Person(),
            ["managingOrganization"] = Council(),
            ["period"] = Period(),
        };
        if (extensions.Count > 0)
        {
            episode["extension"] = extensions;
        }

        return episode;
    }

    private JsonObject Flag()
    {
        var code = Coded(Systems.Snomed, kind.Code);
        code["coding"]!.AsArray().Add(Coding(Systems.FlagCategory, Systems.FlagCategoryCode));
        return new()
        {
            ["resourceType"] = "Flag",
            ["extension"] = new JsonArray(new JsonObject
            {
                ["url"] = Systems.FlagDetail,
                ["valueReference"] = new JsonObject { ["reference"] = episodeUrl },
            }),
            ["identifier"] = new JsonArray(Identifier(Systems.CouncilPlan + council, row.RowId)),
            ["status"] = Visibility.FlagStatus(Status()),
            ["category"] = new JsonArray(Coded(Systems.FlagCategory, Systems.FlagCategoryCode)),
            ["code"] = code,
            ["subject"] = Person(),
            ["period"] = Period(),
            ["author"] = Council(),
        };
    }

    private string Status() =>
        start > today ? "planned" : end is { } last && last <= today ? "finished" : "active";

    private JsonObject Period()
    {
        var period = new JsonObject { ["start"] = PlanJson.Day(start) };
        if (end is { } last)
        {
            period["end"] = PlanJson.Day(last);
        }

        return period;
    }

    private JsonObject Person() => new()
    {
        ["reference"] = $"Patient/{row.NhsNumber}",
        ["identifier"] = Identifier(Systems.NhsNumber, row.NhsNumber),
    };

    private JsonObject Council() => new() { ["reference"] = $"Organization/{council}" };

    private static JsonObject Identifier(string system, string value) =>
        new() { ["system"] = system, ["value"] = value };

    private static JsonObject Coding(string system, string code) => new() { ["system"] = system, ["code"] = code };

    private static JsonObject Coded(string system, string code) => new()
    {
        ["coding"] = new JsonArray(Coding(system, code)),
    };
}
