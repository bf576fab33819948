using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>
/// A .http file of the samples, sent request by request as an editor would: variables, named answers, bodies from a
/// file. So a sample that no longer works fails a test instead of a newcomer.
/// </summary>
internal sealed partial class HttpFile(string path, HttpClient client)
{
    private readonly Dictionary<string, string> variables = [];
    private readonly Dictionary<string, JsonNode> named = [];

    /// <summary>Sends all requests in order.</summary>
    public async Task<IReadOnlyList<HttpExchange>> PlayAsync()
    {
        var played = new List<HttpExchange>();
        foreach (var block in Blocks(await File.ReadAllTextAsync(path)))
        {
            var lines = block.Split('\n').ToList();
            var name = lines.Select(line => Name().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
            foreach (var line in lines.Where(line => line.StartsWith('@')))
            {
                var (key, value) = (line[1..line.IndexOf('=', StringComparison.Ordinal)].Trim(), line.Split('=', 2)[1]);
                variables[key] = Fill(value.Trim());
            }

            var start = lines.FindIndex(line => Verb().IsMatch(line));
            if (start >= 0)
            {
                played.Add(await SendAsync(lines[0].Trim(), lines[start..], name));
            }
        }

        return played;
    }

    private async Task<HttpExchange> SendAsync(string title, List<string> lines, string? name)
    {
        var first = Fill(lines[0]).Split(' ', 2);
        var target = new Uri(first[1].Replace("http://localhost:5080", "", StringComparison.Ordinal), UriKind.Relative);
        using var request = new HttpRequestMessage(HttpMethod.Parse(first[0]), target);
        var gap = lines.FindIndex(string.IsNullOrWhiteSpace);
        var headers = (gap < 0 ? lines[1..] : lines[1..gap]).Select(line => Fill(line).Split(':', 2));
        request.Content = new StringContent(gap < 0 ? "" : Body(string.Join('\n', lines[(gap + 1)..]).Trim()));
        foreach (var header in headers)
        {
            if (header[0] == "Content-Type")
            {
                request.Content.Headers.ContentType = new(header[1].Trim());
            }
            else
            {
                request.Headers.TryAddWithoutValidation(header[0], header[1].Trim());
            }
        }

        using var answer = await client.SendAsync(request);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        if (name is not null)
        {
            named[name] = body;
        }

        var said = Said().Match(title) is { Success: true } at
            ? int.Parse(at.Groups[1].Value, CultureInfo.InvariantCulture)
            : title.Contains("refused", StringComparison.Ordinal) ? 400 : 200;
        return new HttpExchange(title, said, (int)answer.StatusCode, body);
    }

    private string Body(string text) => text.StartsWith("< ", StringComparison.Ordinal)
        ? File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, text[2..]))
        : Fill(text);

    private string Fill(string text) => Place().Replace(text, match => match.Groups[1].Value switch
    {
        "$guid" => Guid.NewGuid().ToString(),
        var place when HoursAgo().Match(place) is { Success: true } ago => TimeProvider.System.GetUtcNow()
            .AddHours(-double.Parse(ago.Groups[1].Value, CultureInfo.InvariantCulture))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        var place when place.Split(".response.body.$.") is [var name, var steps] => Find(named[name], steps),
        var place => variables[place],
    });

    private static string Find(JsonNode body, string steps)
    {
        foreach (var step in Step().Matches(steps).Select(match => match.Value))
        {
            body = int.TryParse(step, out var at) ? body[at]! : body[step]!;
        }

        return body.GetValue<string>();
    }

    private static string[] Blocks(string text) => Separator().Split(text);

    [GeneratedRegex(@"^###", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^# @name (\w+)")]
    private static partial Regex Name();

    [GeneratedRegex(@"\((\d{3})\)$")]
    private static partial Regex Said();

    [GeneratedRegex(@"^(GET|POST|PUT|DELETE) ")]
    private static partial Regex Verb();

    [GeneratedRegex(@"\{\{([^}]+)\}\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Step();

    [GeneratedRegex(@"^\$datetime iso8601 -(\d+) h$")]
    private static partial Regex HoursAgo();
}

/// <summary>What became of one request of the file.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Said">The status that the title lets expect: one in brackets, else 400 where it says refused.</param>
/// <param name="Status">The status it got.</param>
/// <param name="Body">The answer.</param>
internal sealed record HttpExchange(string Title, int Said, int Status, JsonNode Body);
