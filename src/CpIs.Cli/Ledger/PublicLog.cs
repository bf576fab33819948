using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using CpIs.Audit;

namespace CpIs.Cli.Ledger;

/// <summary>
/// What a server publishes of its ledger for everybody: keys, newest checkpoints, consistency proofs.
/// </summary>
internal sealed class PublicLog(LedgerHttp http)
{
    /// <summary>Lines of keys as signed-note writes them.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(CancellationToken stop) =>
        (await TextAsync("key", stop))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The newest note of each lane, opened by nobody yet.</summary>
    public async Task<IReadOnlyDictionary<int, string>> NewestAsync(CancellationToken stop)
    {
        using var answer = await http.AskOpenlyAsync("", stop);
        var lanes = (await answer.Content.ReadFromJsonAsync<LaneList>(JsonSerializerOptions.Web, stop))?.Lanes ?? [];
        var notes = new SortedDictionary<int, string>();
        foreach (var (lane, _) in lanes)
        {
            notes[lane] = await TextAsync(string.Create(CultureInfo.InvariantCulture, $"{lane}/checkpoint"), stop);
        }

        return notes;
    }

    /// <summary>Hashes that show the lane at one size to be the beginning of the lane at another.</summary>
    public async Task<IReadOnlyList<byte[]>> ConsistencyAsync(int lane, long from, long to, CancellationToken stop)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{lane}/consistency?from={from}&to={to}");
        using var answer = await http.AskOpenlyAsync(path, stop);
        return (await answer.Content.ReadFromJsonAsync<Proof>(JsonSerializerOptions.Web, stop))?.Hashes ?? [];
    }

    private async Task<string> TextAsync(string path, CancellationToken stop)
    {
        using var answer = await http.AskOpenlyAsync(path, stop);
        return await answer.Content.ReadAsStringAsync(stop);
    }

    private sealed record LaneList(IReadOnlyList<SignedLane>? Lanes);

    private sealed record SignedLane(int Lane, long Size);

    private sealed record Proof(IReadOnlyList<byte[]>? Hashes);
}
