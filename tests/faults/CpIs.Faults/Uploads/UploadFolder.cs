using CpIs.Cli.Caseloads;

namespace CpIs.Faults.Uploads;

/// <summary>
/// What the councils of a run know: each file they sent, what must become of its rows, and what they were told, all on
/// the disk, so that the run can be judged again.
/// </summary>
internal sealed class UploadFolder(string folder)
{
    private readonly string path = Path.Combine(folder, "uploads");

    public bool Exists => Directory.Exists(path);

    /// <summary>Names of all files that were sent, such as ZZ001-2, in their order.</summary>
    public IReadOnlyList<string> Names => [.. Directory.GetFiles(path, "*.expected")
        .Select(file => Path.GetFileNameWithoutExtension(file)!)
        .OrderBy(name => name[..5], StringComparer.Ordinal).ThenBy(Round)];

    public string Expected(string name) => Path.Combine(path, name + ".expected");

    public string Told(string name, string what) => Path.Combine(path, name + "." + what);

    public static string Council(string name) => name.Split('-')[0];

    /// <summary>Writes the next file of a council.</summary>
    /// <returns>Its name, the file to send, and its media type.</returns>
    public async Task<(string Name, string File, string Type)> WriteAsync(SentCaseload caseload, CancellationToken stop)
    {
        Directory.CreateDirectory(path);
        var (rows, expected) = caseload.Next();
        var name = FormattableString.Invariant($"{caseload.Council}-{caseload.Round}");
        await CaseloadFile.WriteAsync(Path.Combine(path, name), rows, stop);
        await File.WriteAllLinesAsync(Expected(name), expected.Select(row => row.Write()), stop);
        return caseload.Round % 2 == 1
            ? (name, Told(name, "csv"), "text/csv")
            : (name, Told(name, "ndjson"), "application/fhir+ndjson");
    }

    private static int Round(string name) =>
        int.Parse(name.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
}
