using System.Globalization;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Tests.Demographics;
using CpIs.Server.Tests.Organizations;
using CpIs.Server.Tests.Uploads;

namespace CpIs.Server.Tests.Metadata;

/// <summary>
/// How to call each thing that a CapabilityStatement can claim of this server. What it does not know fails the walk, so
/// that no claim stands that nobody has tried.
/// </summary>
internal sealed class WalkerCalls(WalkedHouse house)
{
    public const string PatchType = "application/json-patch+json";

    public async Task<HttpResponseMessage> InteractAsync(string type, string interaction) => interaction switch
    {
        "read" => await house.SendAsync("GET", $"{type}/{house.Id(type)}", type),
        "vread" => await house.SendAsync("GET", $"{type}/{house.Id(type)}/_history/1", type),
        "history-instance" => await house.SendAsync("GET", $"{type}/{house.Id(type)}/_history", type),
        "history-type" => await house.SendAsync("GET", $"{type}/_history", type),
        "search-type" => await house.SendAsync("GET", $"{type}?{Search(type)}", type),
        "create" => await CreateAsync(type),
        "update" => await house.SendAsync(
            "PUT", $"{type}/{house.Id(type)}", type, await house.StoredAsync(type)),
        "patch" => await house.SendAsync("PATCH", $"{type}/{house.Id(type)}", type, Patch(type),
            ("Content-Type", PatchType)),
        "delete" => await house.SendAsync("DELETE", $"{type}/{(await house.MadeAsync(type)).Text("id")}", type),
        _ => throw new InvalidOperationException($"The walker does not know the interaction {interaction}."),
    };

    /// <summary>A plan's one alert is made with it: a second is only not refused where it is the same.</summary>
    private async Task<HttpResponseMessage> CreateAsync(string type)
    {
        var made = await house.NewAsync(type);
        return await house.SendAsync("POST", type, type, made, type == "Flag" ? [Condition(made)] : []);
    }

    /// <summary>The same search, its parameters in a form.</summary>
    public Task<HttpResponseMessage> PostedSearchAsync(string type) => WalkedHouse.SendAsync(
        house.Reader(type), "POST", $"{type}/_search", Search(type),
        ("Content-Type", "application/x-www-form-urlencoded"));

    /// <summary>A search by one parameter; of people only ever of one, so there by the id besides.</summary>
    public Task<HttpResponseMessage> SearchByAsync(string type, string parameter) => house.SendAsync("GET",
        $"{type}?{Beside(type, parameter)}{Value(type, parameter)}", type);

    /// <summary>Nobody lists people: whoever asks for one by her day of change names her as well.</summary>
    private string Beside(string type, string parameter) => (type, parameter) switch
    {
        ("CareTeam", _) => "patient:identifier=",
        ("Patient", not ("_id" or "identifier")) => $"_id={house.Plan.Number}&{parameter}=",
        _ => parameter + "=",
    };

    public Task<HttpResponseMessage> IncludeAsync(string type, string name, string value) =>
        house.SendAsync("GET", $"{type}?{Search(type)}&{name}={value}", type);

    public async Task<HttpResponseMessage> CreateOnConditionAsync(string type)
    {
        var stored = await house.StoredAsync(type);
        return await house.SendAsync("POST", type, type, stored, Condition(stored));
    }

    public async Task<HttpResponseMessage> UpdateOnConditionAsync(string type)
    {
        var stored = await house.StoredAsync(type);
        return await house.SendAsync("PUT", $"{type}?{Condition(stored).Value}", type, stored);
    }

    public async Task<HttpResponseMessage> ReadOnConditionAsync(string type, bool byDate)
    {
        var seen = await house.SendAsync("GET", $"{type}/{house.Id(type)}", type);
        return await house.SendAsync("GET", $"{type}/{house.Id(type)}", type, null, byDate
            ? ("If-Modified-Since", seen.Content.Headers.LastModified!.Value.AddSeconds(2)
                .ToString("R", CultureInfo.InvariantCulture))
            : ("If-None-Match", seen.Headers.ETag!.ToString()));
    }

    /// <summary>An update of what is not there.</summary>
    public async Task<HttpResponseMessage> CreateByUpdateAsync(string type)
    {
        var made = await house.NewAsync(type);
        var id = type switch
        {
            "Patient" or "Organization" => made["identifier"]![0]!.Text("value"),
            _ => Guid.NewGuid().ToString(),
        };
        made["id"] = id;
        return await house.SendAsync("PUT", $"{type}/{id}", type, made);
    }

    /// <summary>An operation of a type, or of the system where that is null.</summary>
    public async Task<HttpResponseMessage> OperateAsync(string? type, string name) => (type, name) switch
    {
        (not null, "validate") => await WalkedHouse.SendAsync(
            house.Server.Lancashire, "POST", $"{type}/$validate", "{\"resourceType\":\"" + type + "\"}"),
        (null or "AuditEvent", "export") => await WalkedHouse.SendAsync(house.Server.As("sandbox-audit-archive"),
            "GET", (type is null ? "" : type + "/") + "$export?_type=AuditEvent", null, ("Prefer", "respond-async")),
        ("Patient", "child-protection-summary") => await WalkedHouse.SendAsync(house.Server.Clinician, "POST",
            "Patient/$child-protection-summary", Summary().ToJsonString()),
        (null, "submit-caseload") => await WalkedHouse.SendAsync(house.Server.Lancashire, "POST",
            $"$submit-caseload?submission={Sender.NewSubmission()}&extracted="
                + Uri.EscapeDataString(PlanJson.Instant(house.Server.Clock.GetUtcNow())),
            Sender.Header, ("Content-Type", "text/csv")),
        (null, "submit-register") => await new Registrar(house.Server).PostAsync(Registrar.File()),
        ("Organization", "set-live") => await house.Server.As("sandbox-registrar").PostAsync(
            new Uri("Organization/ZZ001/$set-live", UriKind.Relative), WriteOrganizationTests.Parameters(true)),
        ("Organization", "unregistered") => await house.SendAsync("GET", "Organization/$unregistered", type),
        ("Subscription", "status" or "events") => await house.SendAsync(
            "GET", $"Subscription/{house.Id(type)}/${name}", type),
        ("AuditEvent", "inclusion-proof") => await house.SendAsync("GET",
            $"AuditEvent/{house.Id(type)}/$inclusion-proof", type),
        _ => throw new InvalidOperationException($"The walker does not know the operation ${name} of {type}."),
    };

    /// <summary>A transaction or a batch.</summary>
    public Task<HttpResponseMessage> BundleAsync(string kind)
    {
        var bundle = new InventedPlan { Start = house.Server.Today }.Bundle();
        bundle["type"] = kind;
        if (kind == "batch")
        {
            bundle["entry"] = new JsonArray(new JsonObject
            {
                ["request"] = new JsonObject { ["method"] = "GET", ["url"] = $"Flag?patient={house.Plan.Number}" },
            });
        }

        return WalkedHouse.SendAsync(house.Server.Lancashire, "POST", "", bundle.ToJsonString());
    }

    private string Search(string type) => type switch
    {
        "CareTeam" => $"patient:identifier={Systems.NhsNumber}|{house.Plan.Number}",
        "Patient" => $"_id={house.Plan.Number}",
        "Flag" or "EpisodeOfCare" or "Encounter" => $"patient={house.Plan.Number}",
        _ => "_count=1",
    };

    /// <summary>A value that the parameter takes, whatever it finds.</summary>
    private string Value(string type, string parameter) => (type, parameter) switch
    {
        (_, "_id") => house.Id(type),
        (_, "_lastUpdated" or "date") => "ge2020-01-01",
        ("CareTeam" or "Patient", _) => $"{Systems.NhsNumber}|{house.Plan.Number}",
        (_, "patient" or "subject") => "Patient/" + house.Plan.Number,
        (_, "unscheduled" or "plan-found" or "active") => "true",
        ("AuditEvent", "outcome") => "0",
        ("AuditEvent", "action") => "R",
        ("AuditEvent", "agent" or "source" or "entity") => "Organization/RXR",
        (_, "author" or "organization" or "service-provider" or "detail" or "identifier" or "status" or "code"
            or "category" or "type" or "class" or "name" or "url" or "version" or "value" or "criteria" or "address"
            or "agent-name" or "agent-role" or "altid" or "entity-name" or "entity-role" or "entity-type" or "policy"
            or "purpose-of-use" or "site" or "subtype") => "x",
        _ => throw new InvalidOperationException($"The walker does not know how to search {type} by {parameter}."),
    };

    private static (string Name, string Value) Condition(JsonNode stored)
    {
        var identifier = stored["identifier"]?[0];
        return ("If-None-Exist", $"identifier={identifier?["system"]}|{identifier?["value"]}");
    }

    private static JsonArray Patch(string type) =>
        [new JsonObject { ["op"] = "test", ["path"] = "/resourceType", ["value"] = type }];

    private JsonObject Summary() => new()
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray(new JsonObject
        {
            ["name"] = "nhsNumber",
            ["valueIdentifier"] = new JsonObject { ["system"] = Systems.NhsNumber, ["value"] = house.Plan.Number },
        }),
    };
}
