using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CpIs.Audit;

namespace CpIs.Cli.Ledger;

/// <summary>The ledger over HTTP, as an auditor without a key to the database reads it.</summary>
internal sealed class HttpLedgerFeed(HttpClient http, string clientId) : ILedgerFeed
{
    /// <summary>Positions asked for at a time: the most the server gives.</summary>
    private const int EntriesPageMax = 10_000;

    /// <summary>Bytes of one entry: its texts are bounded, so more is no entry.</summary>
    private const int EntryBytesMax = 4 * 1024 * 1024;

    /// <summary>Times one page is asked for while the server says "not now".</summary>
    private const int AttemptsMax = 3;

    /// <summary>Levels of the tree in one level of tiles.</summary>
    private const int TileHeight = 8;

    private const int LengthBytes = 4;
    private const int BufferBytes = 64 * 1024;

    /// <summary>Seconds before its end at which a token is not used any more.</summary>
    private const int TokenMarginSeconds = 60;

    /// <summary>Longest that the server may ask to wait.</summary>
    private static readonly TimeSpan RetryWaitMax = TimeSpan.FromMinutes(1);

    private string? token;
    private DateTimeOffset tokenUntil;

    public async Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop) =>
        await GetAsync<List<LaneTotal>>("totals", stop) ?? [];

    public async IAsyncEnumerable<LedgerBatch> BatchesAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var after = 0L; after < end;)
        {
            var page = await GetAsync<List<LedgerBatch>>(Path($"{lane}/batches?after={after}&end={end}"), stop) ?? [];
            foreach (var batch in page)
            {
                yield return batch;
                after = Math.Max(after, batch.First);
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        int lane, long start, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var from = start; from <= end; from += EntriesPageMax)
        {
            var to = Math.Min(end, from + EntriesPageMax - 1);
            await foreach (var entry in StreamAsync(Path($"{lane}/entries?start={from}&end={to}"), stop))
            {
                yield return entry;
            }
        }
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ClaimsAsync(int lane, long position, CancellationToken stop) =>
        StreamAsync(Path($"{lane}/claims?position={position}"), stop);

    public Task<long?> StrayAsync(int lane, CancellationToken stop) => GetAsync<long?>(Path($"{lane}/stray"), stop);

    public async IAsyncEnumerable<LedgerTile> TilesAsync(
        int lane, int level, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        var tiles = end >> (TileHeight * (level + 1));
        for (var start = 0L; start < tiles;)
        {
            var path = Path($"{lane}/tiles?level={level}&start={start}&end={tiles}");
            var page = await GetAsync<List<TileRow>>(path, stop) ?? [];
            foreach (var tile in page)
            {
                yield return new LedgerTile(tile.Idx, tile.Hashes);
                start = Math.Max(start, tile.Idx + 1);
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    public async IAsyncEnumerable<string> CheckpointsAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var after = 0L; after < end;)
        {
            var page = await GetAsync<List<string>>(Path($"{lane}/notes?after={after}&end={end}"), stop) ?? [];
            foreach (var note in page)
            {
                yield return note;
            }

            // The second line of a note is its size; a page that does not get on would be asked for for ever.
            var last = page.Count > 0 && long.TryParse(page[^1].Split('\n')[1], out var size) ? size : end;
            after = last > after ? last : end;
        }
    }

    private static string Path(FormattableString path) => path.ToString(CultureInfo.InvariantCulture);

    private async Task<T?> GetAsync<T>(string path, CancellationToken stop)
    {
        using var answer = await SendAsync(path, stop);
        return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, stop);
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(
        string path, [EnumeratorCancellation] CancellationToken stop)
    {
        using var answer = await SendAsync(path, stop);
        await using var network = await answer.Content.ReadAsStreamAsync(stop);
        await using var stream = new BufferedStream(network, BufferBytes);
        var length = new byte[LengthBytes];
        var entry = new byte[BufferBytes];
        while (await stream.ReadAtLeastAsync(length, LengthBytes, throwOnEndOfStream: false, stop) is var read and > 0)
        {
            var bytes = read == LengthBytes ? BinaryPrimitives.ReadInt32BigEndian(length) : -1;
            if (bytes is < 0 or > EntryBytesMax)
            {
                throw new IOException("The server sent something that is no entry.");
            }

            entry = entry.Length < bytes ? new byte[bytes] : entry;
            await stream.ReadExactlyAsync(entry.AsMemory(0, bytes), stop);
            yield return entry.AsMemory(0, bytes);
        }
    }

    /// <summary>Asks, and asks again when the server says that it cannot answer now.</summary>
    private async Task<HttpResponseMessage> SendAsync(string path, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/audit-log/" + path, UriKind.Relative));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(stop));
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

    /// <summary>A tile as the server sends it.</summary>
    private sealed record TileRow(long Idx, byte[] Hashes);

    private async Task<string> TokenAsync(CancellationToken stop)
    {
        if (token is not null && TimeProvider.System.GetUtcNow() < tokenUntil)
        {
            return token;
        }

        using var form = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("client_id", clientId)]);
        using var answer = await http.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form, stop);
        var body = await answer.Content.ReadFromJsonAsync<JsonNode>(stop);
        token = body?["access_token"]?.GetValue<string>()
            ?? throw new HttpRequestException($"no token for {clientId}: {body?["error_description"]}");
        tokenUntil = TimeProvider.System.GetUtcNow()
            .AddSeconds((body["expires_in"]?.GetValue<int>() ?? 0) - TokenMarginSeconds);
        return token;
    }
}
