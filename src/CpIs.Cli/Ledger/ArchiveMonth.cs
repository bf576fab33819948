using System.Globalization;
using CpIs.Audit;
using Npgsql;
using Spectre.Console;

namespace CpIs.Cli.Ledger;

/// <summary>
/// <c>audit archive</c>: writes a month's entries to a file and says what detaches them. It changes nothing in the
/// database; whoever owns it does that, with the file in a safe place.
/// </summary>
internal sealed class ArchiveMonth(TextWriter output, IAnsiConsole errors)
{
    public async Task<int> RunAsync(ArchiveOptions options, CancellationToken stop)
    {
        try
        {
            await using var database = LedgerFeed.Source(options.Connection);
            var written = await new ArchiveWriter(database).WriteAsync(options.Month, options.Out, stop);
            await output.WriteLineAsync(Say(options, written));
            return 0;
        }
        catch (Exception away) when (away is NpgsqlException or IOException or TimeoutException)
        {
            errors.WriteLine("Nothing was archived: " + away.Message);
            return 1;
        }
    }

    private static string Say(ArchiveOptions options, ArchiveWritten written)
    {
        var hash = Convert.ToHexStringLower(written.Sha256);
        return string.Create(CultureInfo.InvariantCulture, $"""
            {written.Entries} entries of {written.Lanes} lanes, each with its recorded hash
            sha-256 {hash}
            Once the file is kept safe, the database's owner detaches the month by calling
            ledger.detach_month('{options.Month:yyyy-MM-dd}', {written.Entries}, '\x{hash}');
            """);
    }
}
