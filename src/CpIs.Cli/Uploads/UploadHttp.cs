using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CpIs.Cli.Uploads;

/// <summary>
/// The requests of an upload: send, ask how far it is, fetch what was refused. Sending again is safe: the same
/// submission with the same bytes is the same job.
/// </summary>
internal sealed class UploadHttp(
    HttpClient http, string clientId, TimeSpan? pause = null, ClientKey? key = null)
{
    /// <summary>Times one request is made while the server is away or busy.</summary>
    private const int AttemptsMax = 5;

    /// <summary>The same once the file is there: it is worth waiting for a server that starts again.</summary>
    private const int StatusAttemptsMax = 30;

    /// <summary>Seconds between two attempts, when the server says nothing.</summary>
    private const int PauseSeconds = 2;

    /// <summary>Longest that the server may ask to wait.</summary>
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(2);

    private readonly TimeSpan betweenAttempts = pause ?? TimeSpan.FromSeconds(PauseSeconds);

    private readonly ClientToken token = new(http, clientId, key);

    /// <summary>Sends a file and gives the address at which to ask for it.</summary>
    /// <exception cref="UploadRefused">The server takes no such file.</exception>
    /// <returns>The address, and the server's time of its answer.</returns>
    public async Task<(Uri Status, DateTimeOffset? Answered)> SendAsync(
        Uri target, Func<HttpContent> body, CancellationToken stop)
    {
        using var answer = await AskAsync(() => new(HttpMethod.Post, target) { Content = body() }, stop);
        return answer.StatusCode == HttpStatusCode.Accepted && answer.Content.Headers.ContentLocation is { } status
            ? (new Uri(http.BaseAddress!, status), answer.Headers.Date)
            : throw await RefusedAsync(answer, stop);
    }

    /// <summary>Progress, or the manifest when the job is done.</summary>
    public async Task<(UploadProgress? Progress, UploadManifest? Manifest, TimeSpan Pause)> StatusAsync(
        Uri status, CancellationToken stop)
    {
        using var answer = await AskAsync(() => new(HttpMethod.Get, status), stop, StatusAttemptsMax);
        var body = await answer.Content.ReadAsStringAsync(stop);
        return answer.StatusCode switch
        {
            HttpStatusCode.OK => (null, UploadManifest.Read(body), TimeSpan.Zero),
            HttpStatusCode.Accepted => (
                UploadProgress.Read(answer.Headers.TryGetValues("X-Progress", out var said) ? said.First() : ""),
                null, Pause(answer)),
            _ => throw await RefusedAsync(answer, stop),
        };
    }

    /// <summary>Writes a file of the manifest to the disk.</summary>
    public async Task SaveAsync(string url, string path, CancellationToken stop)
    {
        using var answer = await AskAsync(() => new(HttpMethod.Get, Same(url)), stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw await RefusedAsync(answer, stop);
        }

        await using var file = File.Create(path);
        await answer.Content.CopyToAsync(file, stop);
    }

    /// <summary>How many refused rows have each code and detail, over the outcomes of a file.</summary>
    public async Task CountAsync(
        string url, Dictionary<(string Code, string Detail), int> byCode, CancellationToken stop)
    {
        using var answer = await AskAsync(() => new(HttpMethod.Get, Same(url)), stop);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        while (await lines.ReadLineAsync(stop) is { } line)
        {
            var codes = (JsonNode.Parse(line)?["issue"]?[0]?["details"]?["coding"] as JsonArray ?? [])
                .Select(coding => coding?["code"]?.GetValue<string>() ?? "").ToList();
            var reason = (codes.FirstOrDefault() ?? "", codes.ElementAtOrDefault(1) ?? "");
            byCode[reason] = byCode.GetValueOrDefault(reason) + 1;
        }
    }

    /// <summary>The token goes to the server that was named and to no other.</summary>
    private Uri Same(string url) => new Uri(http.BaseAddress!, url) is var address
        && address.Host == http.BaseAddress!.Host && address.Port == http.BaseAddress.Port
        && address.Scheme == http.BaseAddress.Scheme
            ? address : throw new UploadRefused("the manifest names a file on another server");

    private async Task<HttpResponseMessage> AskAsync(
        Func<HttpRequestMessage> make, CancellationToken stop, int attemptsMax = AttemptsMax)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = make();
                _ = Same(request.RequestUri!.ToString());
                request.Headers.Authorization = await token.GetAsync(stop);
                var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
                    || attempt == attemptsMax || Pause(answer) > PauseMax)
                {
                    return answer;
                }

                using (answer)
                {
                    await Task.Delay(Pause(answer), stop);
                }
            }
            catch (HttpRequestException away) when (away.HttpRequestError != HttpRequestError.Unknown
                && attempt < attemptsMax)
            {
                await Task.Delay(betweenAttempts, stop);
            }
        }
    }

    private static TimeSpan Pause(HttpResponseMessage answer) =>
        answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(PauseSeconds);

    private static async Task<UploadRefused> RefusedAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        var why = "";
        try
        {
            why = JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))?["issue"]?[0]?["diagnostics"]
                ?.GetValue<string>() ?? "";
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException)
        {
            // The status alone is told.
        }

        var said = string.Create(CultureInfo.InvariantCulture,
            $"{Sentence(answer.StatusCode)} ({(int)answer.StatusCode})")
            + (why.Length > 0 ? ": " + why.Replace("allowOlder=true", "--allow-older", StringComparison.Ordinal) : "");
        return new(said) { IsAway = IsAway(answer.StatusCode) };
    }

    private static bool IsAway(HttpStatusCode status) => (int)status >= (int)HttpStatusCode.InternalServerError
        || status is HttpStatusCode.TooManyRequests;

    private static string Sentence(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => "the server cannot read the file",
        HttpStatusCode.Unauthorized => "the server does not accept this client: check --client-id",
        HttpStatusCode.Forbidden => "this client may not upload",
        HttpStatusCode.NotFound => "the server knows no such upload; is the address that of a CpIs server?",
        HttpStatusCode.Conflict => "the file contradicts one that was sent before",
        HttpStatusCode.RequestEntityTooLarge => "the file is too large",
        HttpStatusCode.TooManyRequests => "the server is busy: try again in a while",
        HttpStatusCode.ServiceUnavailable => "the server cannot take files at this moment: try again in a while",
        _ => "the server did not take the file",
    };
}

/// <summary>The server would not take the file, or not tell about it: nothing was done that is known.</summary>
internal sealed class UploadRefused(string message) : Exception(message)
{
    /// <summary>Nothing is said about the file: it may be sent again as it is.</summary>
    public bool IsAway { get; init; }
}
