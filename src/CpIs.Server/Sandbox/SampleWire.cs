using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace CpIs.Server.Sandbox;

/// <summary>The requests of one council of the samples, with its token.</summary>
internal sealed class SampleWire
{
    private const string Fhir = "FHIR/R4";

    private readonly HttpClient http;
    private readonly SampleCouncil council;
    private readonly string token;

    private SampleWire(HttpClient http, SampleCouncil council, string token) =>
        (this.http, this.council, this.token) = (http, council, token);

    /// <summary>Asks for the token.</summary>
    public static async Task<SampleWire> OpenAsync(HttpClient http, SampleCouncil council, CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = council.ClientId,
        });
        using var answer = await http.PostAsync(new Uri("oauth2/token", UriKind.Relative), form, stop);
        var body = await answer.Content.ReadAsStringAsync(stop);
        return answer.IsSuccessStatusCode
            ? new(http, council, JsonNode.Parse(body)!["access_token"]!.GetValue<string>())
            : throw new SampleRefused($"No token for {council.ClientId}: {(int)answer.StatusCode} {body}");
    }

    /// <summary>A search that must be answered.</summary>
    public async Task<JsonNode> AskAsync(string question, CancellationToken stop)
    {
        using var answer = await SendAsync(HttpMethod.Get, question, null, stop);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!
            : throw new SampleRefused(
                $"{council.ClientId} may not list its plans: {await ReasonsAsync(answer, stop)}");
    }

    /// <param name="method">Of HTTP.</param>
    /// <param name="target">What stands behind the base, or a whole address that the server gave.</param>
    /// <param name="content">Body, or null.</param>
    /// <param name="stop">Stops the start of the server.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string target, HttpContent? content, CancellationToken stop)
    {
        var isWhole = target.StartsWith(http.BaseAddress!.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(method, new Uri(http.BaseAddress,
            isWhole ? target : target.Length == 0 ? Fhir : $"{Fhir}/{target}"));
        request.Content = content;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("X-Request-ID", Guid.NewGuid().ToString());
        return await http.SendAsync(request, stop);
    }

    /// <summary>The status and what the OperationOutcome says, or the whole body when it is none.</summary>
    public static async Task<string> ReasonsAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        var body = await answer.Content.ReadAsStringAsync(stop);
        return $"{(int)answer.StatusCode} " + (body.StartsWith('{') ? Reasons(JsonNode.Parse(body)!) : body);
    }

    /// <summary>What an OperationOutcome says.</summary>
    public static string Reasons(JsonNode outcome) => string.Join(" | ", (outcome["issue"] as JsonArray ?? [])
        .Select(issue => $"{issue!["expression"]?[0]} {issue["diagnostics"]}".Trim()));
}
