using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace CpIs.Server.Notices;

/// <summary>
/// Posts notifications to the councils' receivers. It follows no redirect, goes through no proxy, keeps no cookie, and
/// reads of an answer no more than its status.
/// </summary>
internal sealed class Receivers : IDisposable
{
    /// <summary>Kilobytes of an answer's head; of its body no more than this is read before the line is cut.</summary>
    private const int AnswerKilobytesMax = 16;
    private const int AnswerBytesMax = AnswerKilobytesMax * 1024;
    private const int DrainSeconds = 1;
    private const int ConnectSeconds = 5;

    /// <summary>Seconds for which one connection is used: a name that moved is asked for again.</summary>
    private const int ConnectionSeconds = 120;

    private readonly HttpMessageInvoker http;

    public Receivers(Doorman doorman) => http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = AnswerKilobytesMax,
        MaxResponseDrainSize = AnswerBytesMax,
        ResponseDrainTimeout = TimeSpan.FromSeconds(DrainSeconds),
        ConnectTimeout = TimeSpan.FromSeconds(ConnectSeconds),
        PooledConnectionLifetime = TimeSpan.FromSeconds(ConnectionSeconds),
        ConnectCallback = doorman.ConnectAsync,
    });

    /// <summary>Posts one notification.</summary>
    /// <returns>Null when the receiver took it; else what it did instead, without personal data.</returns>
    public async Task<string?> PostAsync(
        Wish wish, ReadOnlyMemory<byte> body, string requestId, CancellationToken stop)
    {
        using var request = Request(wish, body, requestId);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(wish.TimeoutSeconds ?? SenderStore.TimeoutSecondsDefault));
        try
        {
            using var answer = await http.SendAsync(request, patience.Token);
            return answer.IsSuccessStatusCode ? null
                : (int)answer.StatusCode is >= 300 and < 400
                    ? $"It redirected (HTTP {(int)answer.StatusCode}), which is not followed."
                    : $"It answered HTTP {(int)answer.StatusCode}.";
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return "It did not answer in time.";
        }
        catch (Exception broken) when (broken is HttpRequestException or SocketException or IOException)
        {
            return broken.InnerException is null && broken is HttpRequestException { HttpRequestError:
                HttpRequestError.Unknown } ? broken.Message : "It could not be reached.";
        }
    }

    public void Dispose() => http.Dispose();

    private static HttpRequestMessage Request(Wish wish, ReadOnlyMemory<byte> body, string requestId)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, wish.Endpoint) { Content =
            new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(wish.Payload, "utf-8");
        request.Headers.TryAddWithoutValidation("X-Request-ID", requestId);
        foreach (var line in wish.Headers)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            request.Headers.TryAddWithoutValidation(line[..colon], line[(colon + 1)..].Trim());
        }

        return request;
    }
}
