using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Sends the sample caseloads to a server as the councils they belong to, over HTTP like any council would: whatever
/// is wrong with the samples or the server shows here first. What the server holds already is not sent again.
/// </summary>
/// <param name="http">Client whose base address is the root of the server.</param>
/// <param name="clock">Decides the day from which the samples' days are counted.</param>
internal sealed class SampleLoader(HttpClient http, TimeProvider clock)
{
    /// <summary>People sent at once; the server has two cores on a small machine.</summary>
    private const int ParallelPeopleMax = 8;

    /// <summary>Rows of one caseload; the server lists no more on a page.</summary>
    private const int CaseloadRowsMax = 1000;

    private const string Fhir = "FHIR/R4";

    /// <summary>Loads every caseload of a folder.</summary>
    /// <returns>How many rows were sent.</returns>
    /// <exception cref="SampleRefused">The server refused a row; it and the reasons are named.</exception>
    public async Task<int> LoadAsync(string folder, CancellationToken stop)
    {
        var sent = 0;
        foreach (var council in SampleCouncil.All)
        {
            var path = Path.Combine(folder, council.File);
            sent += await LoadAsync(council, SampleRow.ReadAll(path), stop);
        }

        return sent;
    }

    /// <summary>Loads one council's rows.</summary>
    public async Task<int> LoadAsync(SampleCouncil council, IReadOnlyList<SampleRow> rows, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Count, CaseloadRowsMax);
        var token = await TokenAsync(council, stop);
        var missing = await MissingAsync(council, token, rows, stop);

        // A plan can follow another only once that one is there.
        foreach (var wave in missing.GroupBy(row => row.FollowsRowId is not null).OrderBy(wave => wave.Key))
        {
            var people = wave.GroupBy(row => row.NhsNumber).ToList();
            var bound = new ParallelOptions { MaxDegreeOfParallelism = ParallelPeopleMax, CancellationToken = stop };
            await Parallel.ForEachAsync(people, bound, async (person, cancelled) =>
            {
                foreach (var row in person)
                {
                    await SendAsync(council, token, row, cancelled);
                }
            });
        }

        return missing.Count;
    }

    private async Task<string> TokenAsync(SampleCouncil council, CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = council.ClientId,
        });
        using var answer = await http.PostAsync(new Uri("oauth2/token", UriKind.Relative), form, stop);
        var body = await answer.Content.ReadAsStringAsync(stop);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(body)!["access_token"]!.GetValue<string>()
            : throw new SampleRefused($"No token for {council.ClientId}: {(int)answer.StatusCode} {body}");
    }

    private async Task<IReadOnlyList<SampleRow>> MissingAsync(
        SampleCouncil council, string token, IReadOnlyList<SampleRow> rows, CancellationToken stop)
    {
        var count = await AskAsync(council, token, "EpisodeOfCare?_summary=count", stop);
        switch (count["total"]!.GetValue<int>())
        {
            case 0:
                return rows;
            case var total when total >= rows.Count:
                return [];
        }

        var page = await AskAsync(council, token, $"EpisodeOfCare?_count={CaseloadRowsMax}", stop);
        var held = page["entry"]!.AsArray()
            .Select(entry => entry!["resource"]!["identifier"]?[0]?["value"]?.GetValue<string>()).ToHashSet();
        return [.. rows.Where(row => !held.Contains(row.RowId))];
    }

    private async Task<JsonNode> AskAsync(SampleCouncil council, string token, string question, CancellationToken stop)
    {
        using var request = Request(HttpMethod.Get, $"{Fhir}/{question}", token);
        using var answer = await http.SendAsync(request, stop);
        var body = await answer.Content.ReadAsStringAsync(stop);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(body)!
            : throw new SampleRefused($"{council.ClientId} may not list its plans: {Reasons(answer.StatusCode, body)}");
    }

    private async Task SendAsync(SampleCouncil council, string token, SampleRow row, CancellationToken stop)
    {
        var bundle = new SampleBundle(council.Ods, row, Visibility.Today(clock)).Build();
        using var request = Request(HttpMethod.Post, Fhir, token);
        request.Content = new StringContent(bundle.ToJsonString(), Encoding.UTF8, "application/fhir+json");
        using var answer = await http.SendAsync(request, stop);
        if (!answer.IsSuccessStatusCode)
        {
            var body = await answer.Content.ReadAsStringAsync(stop);
            throw new SampleRefused($"Sample row {row.RowId} of {council.File}: {Reasons(answer.StatusCode, body)}");
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string target, string token)
    {
        var request = new HttpRequestMessage(method, new Uri(target, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new("application/fhir+json"));
        request.Headers.Add("X-Request-ID", Guid.NewGuid().ToString());
        return request;
    }

    /// <summary>The status and what the OperationOutcome says, or the whole body when it is none.</summary>
    private static string Reasons(HttpStatusCode status, string body)
    {
        var issues = body.StartsWith('{') ? JsonNode.Parse(body)!["issue"] as JsonArray : null;
        var reasons = issues?.Select(issue => $"{issue!["expression"]?[0]} {issue["diagnostics"]}".Trim());
        return $"{(int)status} {string.Join(" | ", reasons ?? [body])}";
    }
}

/// <summary>A council of the samples: its caseload, its invented ODS code and the persona that speaks for it.</summary>
internal sealed record SampleCouncil(string File, string Ods, string ClientId)
{
    public static readonly IReadOnlyList<SampleCouncil> All =
    [
        new("lancashire.ndjson", "ZZ001", "sandbox-council-lancashire"),
        new("leeds.ndjson", "ZZ002", "sandbox-council-leeds"),
        new("islington.ndjson", "ZZ003", "sandbox-council-islington"),
        new("sheffield.ndjson", "ZZ004", "sandbox-council-sheffield"),
    ];
}

/// <summary>The server did not take a sample; the sandbox must not start as if it had.</summary>
internal sealed class SampleRefused(string message) : Exception(message);
