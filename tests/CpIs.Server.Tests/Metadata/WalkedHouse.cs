using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Metadata;
using CpIs.Server.Tests.Notices;
using CpIs.Server.Tests.Organizations;
using Xunit;

namespace CpIs.Server.Tests.Metadata;

/// <summary>A running server that holds one of each, and knows by whom and under which id it may be had.</summary>
public sealed class WalkedHouse : IAsyncLifetime
{
    private readonly Dictionary<string, string> ids = [];

    public RunningServer Server { get; } = new();

    internal InventedPlan Plan { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        Plan = new InventedPlan { Start = Server.Today.AddDays(-3) };
        (ids["EpisodeOfCare"], ids["Flag"]) = await Server.SubmitAsync(Plan);
        ids["Patient"] = Plan.Number;
        ids["Organization"] = "ZZ001";
        ids["Encounter"] = (await MadeAsync("Encounter")).Text("id");
        ids["Subscription"] = (await MadeAsync("Subscription")).Text("id");
        foreach (var definition in Profiles.Load().Definitions.Where(d => ShowDefinitions.Types
            .Contains(d.ResourceType)))
        {
            ids[definition.ResourceType] = definition.Id;
        }

        await Server.SignedAsync();
        var trail = await Server.Auditor.GetOkAsync($"AuditEvent?patient={Plan.Number}&_count=1");
        ids["AuditEvent"] = trail.All("AuditEvent").Single().Text("id");
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    /// <summary>Id of the one there is.</summary>
    public string Id(string type) => ids[type];

    /// <summary>Who may read, and search for, one of a type.</summary>
    public HttpClient Reader(string type) => type switch
    {
        "CareTeam" => Server.Clinician,
        "AuditEvent" => Server.Auditor,
        "Organization" => Server.As("sandbox-registrar"),
        _ when ShowDefinitions.Types.Contains(type) => Server.With(() => null),
        _ => Server.Lancashire,
    };

    /// <summary>Who may write one of a type.</summary>
    public HttpClient Writer(string type) => type == "Encounter" ? Server.Clinician : Reader(type);

    /// <summary>The one there is, as it is stored.</summary>
    public Task<JsonNode> StoredAsync(string type) => Reader(type).GetOkAsync($"{type}/{Id(type)}");

    /// <summary>What nobody has sent yet.</summary>
    public async Task<JsonObject> NewAsync(string type)
    {
        var plan = new InventedPlan { Start = Server.Today.AddDays(-1) };
        switch (type)
        {
            case "Patient":
                return plan.Patient();
            case "EpisodeOfCare":
                var child = plan.Patient();
                child["id"] = plan.Number;
                await SendAsync("PUT", $"Patient/{plan.Number}", "Patient", child);
                return plan.Episode();
            case "Flag":
                // A plan has one alert, and the server makes it with the plan: who sends it is told of the one.
                var (episode, _) = await Server.SubmitAsync(plan);
                return plan.Flag("EpisodeOfCare/" + episode);
            case "Encounter":
                return new InventedEncounter
                {
                    Number = Plan.Number, Start = Server.Clock.GetUtcNow().AddHours(-1),
                }.Resource();
            case "Organization":
                return WriteOrganizationTests.Trust("ZZW" + Random.Shared.Next(1000));
            case "Subscription":
                return new InventedSubscription().Resource();
            default:
                throw new InvalidOperationException($"The walker does not know how to make a {type}.");
        }
    }

    /// <summary>One that was just created.</summary>
    public async Task<JsonNode> MadeAsync(string type)
    {
        if (type is "Flag" or "EpisodeOfCare")
        {
            var (episode, flag) = await Server.SubmitAsync(new InventedPlan { Start = Server.Today.AddDays(-1) });
            return new JsonObject { ["id"] = type == "Flag" ? flag : episode };
        }

        var answer = await SendAsync("POST", type, type, await NewAsync(type));
        return await answer.BodyAsync();
    }

    public Task<HttpResponseMessage> SendAsync(
        string method, string url, string type, JsonNode? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(method == "GET" ? Reader(type) : Writer(type), method, url, body?.ToJsonString(), headers);

    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string url,
        string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(url, UriKind.RelativeOrAbsolute));
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(
                headers.FirstOrDefault(h => h.Name == "Content-Type").Value ?? "application/fhir+json");
        }

        foreach (var (name, value) in headers.Where(h => h.Name != "Content-Type"))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }
}
