using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Sandbox;
using CpIs.Server.Tests.Notices;
using CpIs.Server.Tests.Organizations;
using CpIs.Server.Tests.Uploads;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// The request that a route gets about things of somebody: address, and a body that would be accepted.
/// </summary>
internal sealed class MatrixRequests(MatrixStage stage)
{
    private const string Search = "search-type";

    /// <summary>Whether the route names anything that could be another's.</summary>
    public static bool Names(Route route) => !route.Who.HasFlag(Who.Public)
        && (route.Path.Contains("{id}", StringComparison.Ordinal)
            || route.Interaction is Search or "create" or "transaction" || ByIdentifier(route)
            || route.Path.EndsWith("summary", StringComparison.Ordinal));

    public HttpRequestMessage Of(Route route, Persona persona, Things things, string requestId)
    {
        var url = Path(route, persona, things, stage.Lane);
        var request = new HttpRequestMessage(new(route.Method), new Uri(stage.Server.Root, route.Prefix[1..] + url))
        {
            Content = Content(route, persona, things),
        };
        request.Headers.Add("X-Request-ID", requestId);
        if (route.Path.Contains("$export", StringComparison.Ordinal))
        {
            request.Headers.Add("Prefer", "respond-async");
        }

        return request;
    }

    private static bool ByIdentifier(Route route) => route.Method == "PUT" && route.Path == "/" + route.Resource;

    private static string Path(Route route, Persona persona, Things things, string lane)
    {
        var file = route.Path.StartsWith("/$export", StringComparison.Ordinal) ? things.ExportFile : "errors.csv";
        var path = route.Path.Replace("{id}", Id(route, things), StringComparison.Ordinal)
            .Replace("{version}", "1", StringComparison.Ordinal).Replace("{file}", file, StringComparison.Ordinal)
            .Replace("{lane:int}", lane, StringComparison.Ordinal).Replace("{level:int}", "0", StringComparison.Ordinal)
            .Replace("{**index}", "999", StringComparison.Ordinal);
        return route is { Interaction: Search, Method: "GET" } ? $"{path}?{Criterion(route, things)}"
            : ByIdentifier(route) ? $"{path}?identifier={Uri.EscapeDataString(Identifier(route, persona, things))}"
            : route.Path == "/$submit-caseload"
                ? $"{path}?submission={Sender.NewSubmission()}&extracted=2026-01-01T00:00:00Z"
            : route.Path.EndsWith("/$export", StringComparison.Ordinal) ? path + "?_type=AuditEvent"
            : route.Path.StartsWith("/{lane:int}/", StringComparison.Ordinal)
                ? path + "?from=1&to=1&after=0&level=0&start=1&end=5&position=1" : path;
    }

    private static string Id(Route route, Things things) => route.Resource switch
    {
        "Flag" => things.Flag,
        "EpisodeOfCare" => things.Episode,
        "Patient" => things.Plan.Number,
        "Encounter" => things.Encounter,
        "Organization" => things.Ods,
        "AuditEvent" => things.Entry,
        "Subscription" => things.Subscription,
        _ => route.Path.Contains("export", StringComparison.Ordinal) ? things.Export
            : route.Path.Contains("caseload", StringComparison.Ordinal) ? things.Upload : things.Register,
    };

    private static string Criterion(Route route, Things things) => route.Resource switch
    {
        "Patient" => "_id=" + things.Plan.Number,
        "Organization" => $"identifier={Systems.Ods}|{things.Ods}",
        "Subscription" => "_id=" + things.Subscription,
        _ when route.Who.HasFlag(Who.Public) => "url=" + Systems.Base,
        _ => "patient=" + things.Plan.Number,
    };

    /// <summary>A council names plans in its own system: another's row is none there.</summary>
    private static string Identifier(Route route, Persona persona, Things things) => route.Resource switch
    {
        "Patient" => $"{Systems.NhsNumber}|{things.Plan.Number}",
        "Organization" => $"{Systems.Ods}|{things.Ods}",
        "Encounter" => $"https://epr.example/encounter|{things.Encounter}",
        _ => $"{Systems.CouncilPlan}{persona.Organisation}|{things.Plan.RowId}",
    };

    private StringContent? Content(Route route, Persona persona, Things things)
    {
        if (route.Method is "GET" or "DELETE")
        {
            return null;
        }

        if (route.Interaction == Search)
        {
            return new(Criterion(route, things), Encoding.UTF8, "application/x-www-form-urlencoded");
        }

        if (route.Path.StartsWith("/$submit", StringComparison.Ordinal))
        {
            return new(route.Path.Contains("register", StringComparison.Ordinal) ? Demographics.Registrar.File()
                : Sender.Header, Encoding.UTF8, "text/csv");
        }

        return route.Interaction == "patch"
            ? new($$"""[{"op":"test","path":"/resourceType","value":"{{route.Resource}}"}]""", Encoding.UTF8,
                "application/json-patch+json")
            : Body(route, persona, things) is { } body ? RunningServer.Json(body) : null;
    }

    private JsonObject? Body(Route route, Persona persona, Things things)
    {
        var council = persona.Role == "council" ? persona.Organisation : "ZZ001";
        var plan = things.Plan with { Council = council };
        var encounter = new InventedEncounter
        {
            Number = plan.Number, Start = stage.Server.Clock.GetUtcNow().AddHours(-1),
        };
        return (route.Resource, route.Interaction) switch
        {
            (_, "transaction") => Transaction(plan, things.Episode),
            ("Flag", "create") => plan.Flag("EpisodeOfCare/" + things.Episode),
            ("Flag", "update") => WithId(plan.Flag("EpisodeOfCare/" + things.Episode), things.Flag),
            ("EpisodeOfCare", "create") =>
                (plan with { RowId = plan.RowId + "-2", Kind = PlanKind.LookedAfter }).Episode(),
            ("EpisodeOfCare", "update") => WithId(plan.Episode(), things.Episode),
            ("Patient", "create") => plan.Patient(),
            ("Patient", "update") => WithId(plan.Patient(), plan.Number),
            ("Encounter", "create") => encounter.Resource(),
            ("Encounter", "update") => (things.Attended ?? encounter).Resource(things.Encounter),
            ("Organization", "create" or "update") => things.Organization?.DeepClone() as JsonObject
                ?? WriteOrganizationTests.Trust(things.Ods),
            ("Organization", _) => (JsonObject)JsonNode.Parse("""
                {"resourceType":"Parameters","parameter":[{"name":"live","valueBoolean":true}]}
                """)!,
            ("Subscription", "create") => new InventedSubscription().Resource(),
            ("Subscription", "update") => new InventedSubscription().Resource(things.Subscription),
            ("Patient", "operation") when route.Path.EndsWith("summary", StringComparison.Ordinal) =>
                (JsonObject)InventedQuestion.Parameters(plan.Number, null),
            (_, "operation") when route.Path.EndsWith("$validate", StringComparison.Ordinal) => plan.Episode(),
            _ => null,
        };
    }

    private static JsonObject Transaction(InventedPlan plan, string episode) => new()
    {
        ["resourceType"] = "Bundle",
        ["type"] = "transaction",
        ["entry"] = new JsonArray(new JsonObject
        {
            ["resource"] = WithId(plan.Episode(), episode),
            ["request"] = new JsonObject { ["method"] = "PUT", ["url"] = "EpisodeOfCare/" + episode },
        }),
    };

    private static JsonObject WithId(JsonObject resource, string id)
    {
        resource["id"] = id;
        return resource;
    }
}
