using System.Globalization;

namespace CpIs.Cli.Ledger;

/// <summary>What the command line of <c>audit archive</c> says.</summary>
internal sealed record ArchiveOptions(string Connection, DateOnly Month, string Out)
{
    public const string Usage = """
        ./cpis audit archive --connection STRING --month YYYY-MM --out FILE

          writes the entries of a month to a new file, each after it gave its recorded hash, and prints how to detach
          the month from the database
        """;

    /// <exception cref="ArgumentException">For an argument that is missing or that it does not know.</exception>
    public static ArchiveOptions Read(IReadOnlyList<string> args)
    {
        var given = new Dictionary<string, string>();
        for (var i = 0; i < args.Count; i += 2)
        {
            given[args[i]] = i + 1 < args.Count ? args[i + 1] : throw new ArgumentException(Usage);
        }

        return given.Count == 3
            && given.TryGetValue("--connection", out var connection)
            && given.TryGetValue("--out", out var file)
            && given.TryGetValue("--month", out var text)
            && DateOnly.TryParseExact(
                text + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
            ? new ArchiveOptions(connection, month, file)
            : throw new ArgumentException(Usage);
    }
}
