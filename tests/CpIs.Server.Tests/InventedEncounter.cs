using System.Globalization;
using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Tests;

/// <summary>An attendance of an invented child, and the JSON an EPR would send for it.</summary>
internal sealed record InventedEncounter
{
    private static int next;

    public required string Number { get; init; }

    public required DateTimeOffset Start { get; init; }

    public DateTimeOffset? End { get; init; }

    public string System { get; init; } = "https://epr.example/encounter";

    public string Value { get; init; } = "E-" + Interlocked.Increment(ref next);

    public string Status { get; init; } = "in-progress";

    public string Class { get; init; } = "EMER";

    public string Setting { get; init; } = "emergency-department";

    public string? Category { get; init; }

    /// <summary>ODS code of the serviceProvider; null leaves it out.</summary>
    public string? Provider { get; init; }

    public JsonObject Resource(string? id = null)
    {
        var resource = new JsonObject
        {
            ["resourceType"] = "Encounter",
            ["identifier"] = new JsonArray(new JsonObject { ["system"] = System, ["value"] = Value }),
            ["status"] = Status,
            ["class"] = new JsonObject { ["system"] = Systems.ActCode, ["code"] = Class },
            ["type"] = Category is null ? new JsonArray(Type(Setting)) : new JsonArray(Type(Setting), Type(Category)),
            ["subject"] = new JsonObject { ["reference"] = "Patient/" + Number },
            ["period"] = Period(),
        };
        if (id is not null)
        {
            resource["id"] = id;
        }

        if (Provider is not null)
        {
            resource["serviceProvider"] = new JsonObject { ["reference"] = "Organization/" + Provider };
        }

        return resource;
    }

    /// <summary>Reports it; gives the answer.</summary>
    public Task<HttpResponseMessage> PostAsync(HttpClient client) =>
        client.PostAsync(new Uri("Encounter", UriKind.Relative), RunningServer.Json(Resource()));

    /// <summary>Reports it, which must be accepted; gives its id.</summary>
    public async Task<string> ReportAsync(HttpClient client)
    {
        var answer = await PostAsync(client);
        var body = await answer.BodyAsync();
        return answer.StatusCode == global::System.Net.HttpStatusCode.Created
            ? body.Text("id")
            : throw new InvalidOperationException(body.ToJsonString());
    }

    public Task<HttpResponseMessage> PutAsync(HttpClient client, string id) =>
        client.PutAsync(new Uri("Encounter/" + id, UriKind.Relative), RunningServer.Json(Resource(id)));

    private static JsonObject Type(string code) => new()
    {
        ["coding"] = new JsonArray(new JsonObject { ["system"] = Systems.Attendance, ["code"] = code }),
    };

    private JsonObject Period()
    {
        var period = new JsonObject { ["start"] = Moment(Start) };
        if (End is { } end)
        {
            period["end"] = Moment(end);
        }

        return period;
    }

    private static string Moment(DateTimeOffset at) =>
        at.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture);
}
