using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CpIs.Cli.Ledger;

/// <summary>Questions to a server's <c>/audit-log</c>: with a token or without, and again when it is busy.</summary>
internal sealed class LedgerHttp(HttpClient http, string clientId, ClientKey? key = null)
{
    /// <summary>Times one page is asked for while the server says "not now".</summary>
    private const int AttemptsMax = 3;

    /// <summary>Longest that the server may ask to wait.</summary>
    private static readonly TimeSpan RetryWaitMax = TimeSpan.FromMinutes(1);

    private readonly ClientToken token = new(http, clientId, key);

    /// <summary>What everybody may know: no token is sent.</summary>
    public Task<HttpResponseMessage> AskOpenlyAsync(string path, CancellationToken stop) =>
        SendAsync(path, () => Task.FromResult<AuthenticationHeaderValue?>(null), stop);

    /// <summary>As the auditor.</summary>
    public Task<HttpResponseMessage> AskAsync(string path, CancellationToken stop) => SendAsync(
        path, async () => await token.GetAsync(stop), stop);

    public async Task<T?> GetAsync<T>(string path, CancellationToken stop)
    {
        using var answer = await AskAsync(path, stop);
        return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, stop);
    }

    /// <summary>Asks, and asks again when the server says that it cannot answer now.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        string path, Func<Task<AuthenticationHeaderValue?>> token, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            var target = path.Length > 0 ? "/audit-log/" + path : "/audit-log";
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(target, UriKind.Relative));
            request.Headers.Authorization = await token();
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            using (answer)
            {
                var wait = answer.Headers.RetryAfter?.Delta;
                if (wait is null || wait > RetryWaitMax || attempt == AttemptsMax)
                {
                    throw new HttpRequestException($"the server answered {(int)answer.StatusCode} "
                        + Why(await answer.Content.ReadAsStringAsync(stop)));
                }

                await Task.Delay(wait.Value, stop);
            }
        }
    }

    private static string Why(string body)
    {
        try
        {
            return JsonNode.Parse(body)?["issue"]?[0]?["diagnostics"]?.GetValue<string>() ?? "";
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
