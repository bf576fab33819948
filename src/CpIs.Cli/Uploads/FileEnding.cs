namespace CpIs.Cli.Uploads;

/// <summary>
/// What a file is by the end of its name, in whatever case a council's system writes it: a file that nobody takes for
/// one is a night without plans.
/// </summary>
internal static class FileEnding
{
    public static bool IsCsv(string file) => Is(file, ".csv");

    public static bool IsNdjson(string file) => Is(file, ".ndjson");

    private static bool Is(string file, string ending) =>
        Path.GetExtension(file).Equals(ending, StringComparison.OrdinalIgnoreCase);
}
