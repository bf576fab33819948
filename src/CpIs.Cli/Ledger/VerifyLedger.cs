using CpIs.Audit;
using Npgsql;
using Spectre.Console;

namespace CpIs.Cli.Ledger;

/// <summary>
/// <c>audit verify</c>: recomputes the ledger and says of each lane that it is whole, or where it first is not. 0 only
/// when every lane was checked and every lane is whole.
/// </summary>
internal sealed class VerifyLedger(TextWriter output, IAnsiConsole errors)
{
    public async Task<int> RunAsync(VerifyOptions options, CancellationToken stop)
    {
        try
        {
            return await CheckAsync(options, stop);
        }
        catch (Exception away) when (away is HttpRequestException or NpgsqlException or IOException
            or InvalidDataException or TimeoutException)
        {
            errors.WriteLine("The ledger could not be checked: " + away.Message);
            return 1;
        }
    }

    private async Task<int> CheckAsync(VerifyOptions options, CancellationToken stop)
    {
        var (lanes, whole) = options.Connection is { } connection
            ? await InsideAsync(options, connection, stop)
            : await OverHttpAsync(options, stop);
        if (lanes == 0)
        {
            errors.WriteLine("This ledger has no lane: there was nothing to check.");
        }

        return whole && lanes > 0 ? 0 : 1;
    }

    private async Task<(int Lanes, bool Whole)> InsideAsync(
        VerifyOptions options, string connection, CancellationToken stop)
    {
        await using var database = LedgerFeed.Source(connection);
        var keys = options.Trust is { } file ? CheckpointVerifier.FromFile(file) : [];
        if (keys.Count == 0)
        {
            errors.WriteLine("No signature was checked: --trust FILE names the keys that must have signed.");
        }

        var seen = new SeenNotes(options.Since);
        await seen.ReadAsync(keys, stop);
        return await WalkAsync(await WithArchivesAsync(new LedgerFeed(database), options, stop), keys, seen.Notes,
            stop);
    }

    /// <summary>
    /// The newest notes are taken before the walk and asked for like those kept: a server that shows other checkpoints
    /// to the public than to its auditor is found out.
    /// </summary>
    private async Task<(int Lanes, bool Whole)> OverHttpAsync(VerifyOptions options, CancellationToken stop)
    {
        using var client = new HttpClient { BaseAddress = options.Server };
        var http = new LedgerHttp(client, options.ClientId, options.Key);
        var log = new PublicLog(http);
        var keys = await new TrustedKeys(errors).MeetAsync(options.KeysFile, await log.KeysAsync(stop), stop);
        var seen = new SeenNotes(options.Since);
        await seen.ReadAsync(keys, stop);
        var newest = await log.NewestAsync(stop);
        var (lanes, whole) = options.Quick
            ? await new QuickCheck(log, output).RunAsync(newest, seen, keys, stop)
            : await WalkAsync(
                await WithArchivesAsync(new HttpLedgerFeed(http), options, stop), keys,
                seen.Notes.Concat(Signed(newest, keys)), stop);
        if (whole)
        {
            await seen.KeepAsync(newest.Values, stop);
        }

        return (lanes, whole);
    }

    private static async Task<ILedgerFeed> WithArchivesAsync(
        ILedgerFeed feed, VerifyOptions options, CancellationToken stop)
    {
        var archives = new List<EntryArchive>();
        foreach (var file in options.Archives)
        {
            archives.Add(await EntryArchive.OpenAsync(file, stop));
        }

        return archives.Count == 0 ? feed : new ArchivedFeed(feed, archives);
    }

    private static IEnumerable<string> Signed(
        IReadOnlyDictionary<int, string> newest, IReadOnlyList<CheckpointVerifier> keys) =>
        newest.Select(lane => SignedCheckpoint.Open(lane.Value, keys)?.Lane == lane.Key ? lane.Value
            : throw new IOException($"the newest checkpoint of lane {lane.Key} is not signed with a trusted key."));

    private async Task<(int Lanes, bool Whole)> WalkAsync(
        ILedgerFeed feed, IReadOnlyList<CheckpointVerifier> keys, IEnumerable<string> outside, CancellationToken stop)
    {
        var (lanes, whole) = (0, true);
        await foreach (var verdict in new Checker(feed, keys).CheckAsync(outside.ToAsyncEnumerable(), stop))
        {
            await output.WriteLineAsync(verdict.ToString());
            await output.FlushAsync(stop);
            lanes++;
            whole &= verdict.IsWhole;
        }

        return (lanes, whole);
    }
}
