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

    private readonly HttpMessageInvoker kept;

    /// <summary>
    /// Connects for each request: a receiver may close a kept connection in the moment in which it is used again, and
    /// a body that was begun is not sent anew by the client itself.
    /// </summary>
    private readonly HttpMessageInvoker fresh;

    public Receivers(Doorman doorman) =>
        (kept, fresh) = (Client(doorman, TimeSpan.FromSeconds(ConnectionSeconds)), Client(doorman, TimeSpan.Zero));

    /// <summary>Posts one notification.</summary>
    /// <returns>Null when the receiver took it; else what it did instead, without personal data.</returns>
    public async Task<string?> PostAsync(
        Wish wish, ReadOnlyMemory<byte> body, string requestId, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(wish.TimeoutSeconds ?? SenderStore.TimeoutSecondsDefault));
        try
        {
            using var answer = await SendAsync(wish, body, requestId, patience.Token);
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

    public void Dispose()
    {
        kept.Dispose();
        fresh.Dispose();
    }

    private static HttpMessageInvoker Client(Doorman doorman, TimeSpan connectionLifetime) => new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = AnswerKilobytesMax,
            MaxResponseDrainSize = AnswerBytesMax,
            ResponseDrainTimeout = TimeSpan.FromSeconds(DrainSeconds),
            ConnectTimeout = TimeSpan.FromSeconds(ConnectSeconds),
            PooledConnectionLifetime = connectionLifetime,
            ConnectCallback = doorman.ConnectAsync,
        });

    private async Task<HttpResponseMessage> SendAsync(
        Wish wish, ReadOnlyMemory<byte> body, string requestId, CancellationToken stop)
    {
        try
        {
            using var request = Request(wish, body, requestId);
            return await kept.SendAsync(request, stop);
        }
        catch (Exception cut) when (IsCut(cut))
        {
            using var again = Request(wish, body, requestId);
            return await fresh.SendAsync(again, stop);
        }
    }

    /// <summary>
    /// The connection stood and was closed without an answer: perhaps it was too old, so it is tried once on a new one.
    /// </summary>
    private static bool IsCut(Exception broken) =>
        broken is HttpRequestException { InnerException: IOException, HttpRequestError: not
            (HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError) };

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
