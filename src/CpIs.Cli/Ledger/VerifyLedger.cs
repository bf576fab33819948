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
        await using var database = options.Connection is { } connection
            ? LedgerFeed.Source(connection)
            : null;
        using var http = new HttpClient { BaseAddress = options.Server };
        ILedgerFeed feed = database is null ? new HttpLedgerFeed(http, options.ClientId) : new LedgerFeed(database);
        if (options.Archives.Count > 0)
        {
            var archives = new List<EntryArchive>();
            foreach (var file in options.Archives)
            {
                archives.Add(await EntryArchive.OpenAsync(file, stop));
            }

            feed = new ArchivedFeed(feed, archives);
        }

        var (lanes, whole) = (0, true);
        await foreach (var verdict in new Checker(feed, Keys(options)).CheckAsync(Outside(options, stop), stop))
        {
            await output.WriteLineAsync(verdict.ToString());
            await output.FlushAsync(stop);
            lanes++;
            whole &= verdict.IsWhole;
        }

        if (lanes == 0)
        {
            errors.WriteLine("This ledger has no lane: there was nothing to check.");
        }

        return whole && lanes > 0 ? 0 : 1;
    }

    private static IAsyncEnumerable<string> Outside(VerifyOptions options, CancellationToken stop) =>
        options.Since is { } file ? new CheckpointFile(file).ReadAsync(stop) : AsyncEnumerable.Empty<string>();

    private static List<CheckpointVerifier> Keys(VerifyOptions options) => options.Trust is not { } file ? []
        : [.. File.ReadLines(file).Where(line => !string.IsNullOrWhiteSpace(line)).Select(line =>
            CheckpointVerifier.Parse(line) ?? throw new IOException($"{file} holds a line that is no public key."))];
}
