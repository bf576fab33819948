using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using CpIs.Audit;

namespace CpIs.Cli.Ledger;

/// <summary>The ledger over HTTP, as an auditor without a key to the database reads it.</summary>
internal sealed class HttpLedgerFeed(LedgerHttp http) : ILedgerFeed
{
    /// <summary>Positions asked for at a time: the most the server gives.</summary>
    private const int EntriesPageMax = 10_000;

    /// <summary>Bytes of one entry: its texts are bounded, so more is no entry.</summary>
    private const int EntryBytesMax = 4 * 1024 * 1024;

    /// <summary>Levels of the tree in one level of tiles.</summary>
    private const int TileHeight = 8;

    private const int LengthBytes = 4;
    private const int BufferBytes = 64 * 1024;

    public async Task<IReadOnlyList<LaneTotal>> TotalsAsync(CancellationToken stop) =>
        await http.GetAsync<List<LaneTotal>>("totals", stop) ?? [];

    public async IAsyncEnumerable<LedgerBatch> BatchesAsync(
        int lane, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var after = 0L; after < end;)
        {
            var page = await http.GetAsync<List<LedgerBatch>>(Path($"{lane}/batches?after={after}&end={end}"), stop)
                ?? [];
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

    public Task<long?> StrayAsync(int lane, CancellationToken stop) =>
        http.GetAsync<long?>(Path($"{lane}/stray"), stop);

    public async IAsyncEnumerable<LedgerTile> TilesAsync(
        int lane, int level, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        var tiles = end >> (TileHeight * (level + 1));
        for (var start = 0L; start < tiles;)
        {
            var path = Path($"{lane}/tiles?level={level}&start={start}&end={tiles}");
            var page = await http.GetAsync<List<TileRow>>(path, stop) ?? [];
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
            var page = await http.GetAsync<List<string>>(Path($"{lane}/notes?after={after}&end={end}"), stop) ?? [];
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

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(
        string path, [EnumeratorCancellation] CancellationToken stop)
    {
        using var answer = await http.AskAsync(path, stop);
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

    /// <summary>A tile as the server sends it.</summary>
    private sealed record TileRow(long Idx, byte[] Hashes);
}
