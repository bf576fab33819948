using System.Text.RegularExpressions;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// What must not be left lying about in any file: notes to self, merge scars, paths of one person's machine, hosts a
/// build happened to fetch from, key material, and anything in the root that is not part of the house.
/// </summary>
internal static partial class Leftovers
{
    private static readonly HashSet<string> TopLevel = new(StringComparer.Ordinal)
    {
        "CpIs.sln", "Directory.Build.props", "Directory.Packages.props", "README.md", "LICENSE", "SECURITY.md",
        ".editorconfig", ".gitignore", ".gitattributes", "cpis", ".ci", "docs", "profiles", "samples", "src", "tests",
    };

    // Settings and data are JSON, NDJSON, FSH or SQL; XML stays where the build or FHIR asks for it.
    private static readonly string[] UnwelcomeEndings =
        [".xml", ".resx", ".config", ".xaml", ".bak", ".orig", ".rej", ".pem", ".pfx"];

    // This file and its tests spell out what they refuse.
    private static readonly string[] Exempt =
        ["tests/CpIs.Tidy.Tests/Rules/Leftovers.cs", "tests/CpIs.Tidy.Tests/Rules/LeftoversTests.cs"];

    public static IEnumerable<string> Faults(string path, string text)
    {
        if (Exempt.Contains(path))
        {
            yield break;
        }

        foreach (var match in Refused().Matches(text).Cast<Match>())
        {
            var line = text.AsSpan(0, match.Index).Count('\n') + 1;
            yield return $"{path}:{line}: '{match.Value.Trim()}' is left over";
        }
    }

    public static IEnumerable<string> PlaceFaults(string path)
    {
        if (!TopLevel.Contains(path.Split('/')[0]))
        {
            yield return $"{path}: nothing of that name stands in the root";
        }

        if (UnwelcomeEndings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            && !path.Begins("samples/") && !path.Begins("profiles/"))
        {
            yield return $"{path}: files of this kind are not kept";
        }
    }

    [GeneratedRegex(
        @"\b(TODO|FIXME|HACK|XXX|WIP)\b|^(<{7}|>{7}|={7})( |$)|NotImplementedException|(?i:lorem ipsum)"
        + @"|(?<![\w.])/(work|tmp|home/\w+|Users/\w+|root|mnt/\w+)/\w|[A-Z]:\\Users\\"
        + @"|(?i:(api\.)?nuget\.org|registry\.npmjs|npmjs\.(org|com)|yarnpkg|pypi\.org|artifactory|proxy\.golang)"
        + @"|(?i:co-authored-by|generated (with|by) \[)|-----BEGIN [A-Z ]*PRIVATE KEY-----",
        RegexOptions.Multiline)]
    private static partial Regex Refused();
}
