using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CpIs.Cli.Checks;

/// <summary>
/// Sends the requests of one .http file in order, variables and the values of earlier answers filled in.
/// </summary>
/// <param name="http">The client; addresses are absolute.</param>
/// <param name="folder">Where the file is, for bodies that stand in another.</param>
/// <param name="settings">Values of variables that count instead of the file's.</param>
/// <param name="tokens">Access tokens by the name of the request that would ask for them: it is not sent.</param>
internal sealed partial class HttpPlayer(
    HttpClient http, string folder, IReadOnlyDictionary<string, string> settings,
    IReadOnlyDictionary<string, string> tokens)
{
    private readonly Dictionary<string, string> variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonNode?> named = tokens.ToDictionary(
        one => one.Key, one => (JsonNode?)new JsonObject { ["access_token"] = one.Value });

    /// <summary>Takes the variables of a file.</summary>
    public void Take(IReadOnlyList<(string Name, string Value)> written)
    {
        foreach (var (name, value) in written)
        {
            variables[name] = settings.GetValueOrDefault(name) ?? Fill(value);
        }
    }

    /// <summary>Sends one; null when its token was given.</summary>
    /// <exception cref="FormatException">It needs a value that no earlier answer had.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<GivenAnswer?> SendAsync(WrittenRequest written, CancellationToken stop)
    {
        if (written.Name is { } given && tokens.ContainsKey(given))
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Parse(written.Method), new Uri(Fill(written.Url)));
        if (written.Body.Length > 0)
        {
            request.Content = new StringContent(written.Body.StartsWith("< ", StringComparison.Ordinal)
                ? await File.ReadAllTextAsync(Path.Combine(folder, written.Body[2..]), stop)
                : Fill(written.Body));
        }

        foreach (var (name, value) in written.Headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                request.Content?.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, Fill(value));
            }
        }

        using var answer = await http.SendAsync(request, stop);
        var body = await answer.Content.ReadAsStringAsync(stop);
        if (written.Name is { } name2)
        {
            named[name2] = Parsed(body);
        }

        return new((int)answer.StatusCode, answer.Headers.Concat(answer.Content.Headers).ToDictionary(
            header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase), body);
    }

    private static JsonNode? Parsed(string body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string Fill(string text) => Place().Replace(text, match => match.Groups[1].Value switch
    {
        "$guid" => Guid.NewGuid().ToString(),
        var place when HoursAgo().Match(place) is { Success: true } ago => TimeProvider.System.GetUtcNow()
            .AddHours(-double.Parse(ago.Groups[1].Value, CultureInfo.InvariantCulture))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        var place when place.Split(".response.body.$.") is [var name, var steps] =>
            Find(named.GetValueOrDefault(name), steps) ?? throw new FormatException($"no answer gave {place}"),
        var place => variables.GetValueOrDefault(place) ?? throw new FormatException($"nothing says what {place} is"),
    });

    private static string? Find(JsonNode? body, string steps)
    {
        foreach (var step in Step().Matches(steps).Select(match => match.Value))
        {
            body = body switch
            {
                JsonArray list when int.TryParse(step, out var at) && at < list.Count => list[at],
                JsonObject members => members[step],
                _ => null,
            };
        }

        return body?.GetValueKind() == JsonValueKind.String ? body.GetValue<string>() : body?.ToJsonString();
    }

    [GeneratedRegex(@"\{\{([^}]+)\}\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Step();

    [GeneratedRegex(@"^\$datetime iso8601 -(\d+) h$")]
    private static partial Regex HoursAgo();
}
