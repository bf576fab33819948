using System.Diagnostics;
using System.Globalization;

namespace CpIs.Server.Database;

/// <summary>
/// The folder that holds initdb, postgres and pg_ctl. Distributions keep it off PATH, so we look where they put it
/// and take the newest: nobody should have to set a variable to try the server.
/// </summary>
internal sealed record PostgresPrograms(string Folder)
{
    public const int OldestVersion = 15;

    public const string InstallLine = "apt-get install postgresql";

    private static readonly string[] Needed = ["initdb", "postgres", "pg_ctl"];

    // Debian and Ubuntu; then PostgreSQL's own packages for Red Hat systems.
    private static readonly (string Parent, string Prefix)[] Distributions =
        [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

    public string InitDb => Path.Combine(Folder, "initdb");

    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    public static PostgresPrograms Find() =>
        Find(Environment.GetEnvironmentVariable("PATH") ?? "", Distributions);

    internal static PostgresPrograms Find(string path, IEnumerable<(string Parent, string Prefix)> distributions)
    {
        var newest = distributions.SelectMany(place => Versions(place.Parent, place.Prefix))
            .Where(found => found.Version >= OldestVersion && IsComplete(found.Folder))
            .OrderByDescending(found => found.Version)
            .Select(found => found.Folder)
            .FirstOrDefault();
        var folder = newest ?? path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(candidate => IsComplete(candidate) && VersionOf(candidate) >= OldestVersion);
        return folder is null
            ? throw new StartRefusedException(
                $"PostgreSQL {OldestVersion} or newer is not installed: no folder holds {string.Join(", ", Needed)}. "
                + $"Install it with:  {InstallLine}")
            : new PostgresPrograms(Path.GetFullPath(folder));
    }

    private static bool IsComplete(string folder) =>
        Array.TrueForAll(Needed, program => IsThere(Path.Combine(folder, program)));

    // A link may outlive the package it points into, and File.Exists is content with the link.
    private static bool IsThere(string program) =>
        File.Exists(program) && (File.ResolveLinkTarget(program, returnFinalTarget: true)?.Exists ?? true);

    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; a folder on PATH does not tell by its name.
    private static int VersionOf(string folder)
    {
        using var postgres = Process.Start(new ProcessStartInfo(Path.Combine(folder, "postgres"), "--version")
        {
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        })!;
        var said = postgres.StandardOutput.ReadToEnd();
        postgres.WaitForExit();
        var number = said.Split(' ').FirstOrDefault(word => word.Length > 0 && char.IsAsciiDigit(word[0])) ?? "";
        var major = new string([.. number.TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    private static IEnumerable<(int Version, string Folder)> Versions(string parent, string prefix)
    {
        if (!Directory.Exists(parent))
        {
            yield break;
        }
        foreach (var folder in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            var number = Path.GetFileName(folder)[prefix.Length..];
            if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                yield return (version, Path.Combine(folder, "bin"));
            }
        }
    }
}
