using System.Text.Json.Nodes;

namespace CpIs.Cli.Checks;

/// <summary>
/// Plays .http files against a server and prints what differs from what stands beside the requests: how an EPR vendor
/// sees, before a child is at stake, that a server answers as the samples say.
/// </summary>
internal sealed class CheckServer(HttpClient http, TextWriter output)
{
    private int asked;
    private int differing;

    /// <summary>Plays all files.</summary>
    /// <returns>0 when every answer is as expected, else 1.</returns>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<int> RunAsync(CheckOptions options, CancellationToken stop)
    {
        foreach (var path in options.Files)
        {
            try
            {
                await PlayAsync(path, options, stop);
            }
            catch (FormatException wrong)
            {
                (asked, differing) = (asked + 1, differing + 1);
                await output.WriteLineAsync($"DIFFERS  {Path.GetFileName(path)}: {wrong.Message}");
            }
        }

        await output.WriteLineAsync($"{asked} requests, {asked - differing} as expected, {differing} not");
        return asked > 0 && differing == 0 ? 0 : 1;
    }

    private async Task PlayAsync(string path, CheckOptions options, CancellationToken stop)
    {
        var file = HttpFile.Parse(await File.ReadAllTextAsync(path, stop));
        var player = new HttpPlayer(http, Path.GetDirectoryName(path)!, options.Settings, options.Tokens);
        player.Take(file.Variables);
        foreach (var request in file.Requests)
        {
            await PlayAsync(player, Path.GetFileName(path), request, stop);
        }
    }

    private async Task PlayAsync(HttpPlayer player, string file, WrittenRequest request, CancellationToken stop)
    {
        List<string> faults;
        try
        {
            if (await player.SendAsync(request, stop) is not { } answer)
            {
                return;
            }

            faults = Faults(request, answer);
        }
        catch (FormatException wrong)
        {
            faults = [$"  not sent: {wrong.Message}"];
        }

        asked++;
        differing += faults.Count > 0 ? 1 : 0;
        await output.WriteLineAsync($"{(faults.Count > 0 ? "DIFFERS" : "ok")}  {file}: {request.Title}");
        foreach (var fault in faults)
        {
            await output.WriteLineAsync(fault);
        }
    }

    private static List<string> Faults(WrittenRequest request, GivenAnswer answer)
    {
        var faults = request.Expectations
            .Select(one => (one.Text, Instead: one.Differs(answer))).Where(one => one.Instead is not null)
            .Select(one => $"  expected {one.Text}: {one.Instead}").ToList();
        if (request.Expectations.Count == 0)
        {
            faults.Add("  nothing says what to expect: write # @expect 200 before it");
        }

        return faults.Count == 0 ? faults : [.. faults, .. Said(answer.Body)];
    }

    /// <summary>What the server itself said, in the words of its OperationOutcome.</summary>
    private static IEnumerable<string> Said(string body)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(body);
        }
        catch (System.Text.Json.JsonException)
        {
            yield break;
        }

        foreach (var issue in (node as JsonObject)?["issue"] as JsonArray ?? [])
        {
            yield return $"  the server says: {issue?["diagnostics"]}";
        }
    }
}
