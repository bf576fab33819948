using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;

namespace CpIs.Server.Tests;

/// <summary>Reads answers as the tests look at them.</summary>
internal static class Answered
{
    private static readonly Profiles Profiles = Profiles.Load();

    public static async Task<JsonNode> BodyAsync(this HttpResponseMessage answer) =>
        JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

    /// <summary>A GET whose answer must be 200.</summary>
    public static async Task<JsonNode> GetOkAsync(this HttpClient client, string url)
    {
        var answer = await client.GetAsync(new Uri(url, UriKind.RelativeOrAbsolute));
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.Should().Be(HttpStatusCode.OK, text);
        var body = JsonNode.Parse(text)!;
        ShouldRenderWell(body);
        return body;
    }

    /// <summary>Whatever test reads the trail: each AuditEvent in the answer keeps its profile.</summary>
    private static void ShouldRenderWell(JsonNode body)
    {
        var type = body["resourceType"]?.GetValue<string>();
        List<JsonNode> events = type == "AuditEvent" ? [body] : type == "Bundle" ? body.All("AuditEvent") : [];
        foreach (var rendered in events)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(rendered.ToJsonString());
            Profiles.Check(bytes, "AuditEvent")
                .Where(i => i.Severity is IssueSeverity.Error or IssueSeverity.Fatal).Should().BeEmpty();
        }
    }

    public static Task<HttpResponseMessage> TryAsync(this HttpClient client, string url) =>
        client.GetAsync(new Uri(url, UriKind.RelativeOrAbsolute));

    public static int Total(this JsonNode bundle) => bundle["total"]!.GetValue<int>();

    /// <summary>Resources of a type in a Bundle, in order.</summary>
    public static List<JsonNode> All(this JsonNode bundle, string type) =>
        [.. (bundle["entry"] as JsonArray ?? []).Select(e => e!["resource"]).OfType<JsonNode>()
            .Where(r => r["resourceType"]!.GetValue<string>() == type)];

    /// <summary>Diagnostics of an OperationOutcome, or of the outcome entries of a Bundle.</summary>
    public static List<string> Diagnostics(this JsonNode node) =>
        node["resourceType"]!.GetValue<string>() == "OperationOutcome"
            ? [.. node["issue"]!.AsArray().Select(i => i!["diagnostics"]!.GetValue<string>())]
            : [.. node.All("OperationOutcome").SelectMany(Diagnostics)];

    /// <summary>Codes of <c>issue.details</c>.</summary>
    public static List<string> Codes(this JsonNode node) =>
        node["resourceType"]!.GetValue<string>() == "OperationOutcome"
            ? [.. node["issue"]!.AsArray().Select(i => i!["details"]!["coding"]![0]!["code"]!.GetValue<string>())]
            : [.. node.All("OperationOutcome").SelectMany(Codes)];

    public static string Text(this JsonNode node, string name) => node[name]!.GetValue<string>();

    /// <summary>Asserts status and that the answer is an OperationOutcome; gives it.</summary>
    public static async Task<JsonNode> ShouldBeRefusedAsync(this HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).Should().Be(status, text);
        var body = JsonNode.Parse(text)!;
        body.Text("resourceType").Should().Be("OperationOutcome");
        return body;
    }
}
