namespace CpIs.Tidy.Tests;

/// <summary>
/// The checkout these tests stand in: found by walking up to the solution, read without what .gitignore names.
/// </summary>
internal static class Checkout
{
    // Written by a tool from sources that stand beside it; the sources are held to the rules instead.
    private const string GeneratedProfiles = "fsh-generated";

    public static string Root { get; } = Find();

    /// <summary>Every file of the project, by its path from the root with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    /// <summary>Every C# file under src and tests.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } =
        [.. Files.Where(path => path.Finishes(".cs")).Select(path => SourceFile.Of(path))];

    /// <summary>The C# files that make the product.</summary>
    public static IEnumerable<SourceFile> Product => Sources.Where(file => file.InProduct);

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CpIs.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("No CpIs.sln above the test binaries.");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
        {
            if (!IsIgnored(Path.GetFileName(file)))
            {
                yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
            }
        }

        foreach (var inner in Directory.GetDirectories(folder))
        {
            if (IsIgnored(Path.GetFileName(inner) + "/") || Path.GetFileName(inner) == GeneratedProfiles)
            {
                continue;
            }

            foreach (var file in Walk(inner))
            {
                yield return file;
            }
        }
    }

    private static bool IsIgnored(string name) =>
        name is ".git" or ".git/" || Ignored.Lines.Any(line =>
            line.StartsWith('*') ? name.Finishes(line[1..]) : name == line);

    /// <summary>The lines of .gitignore, read before the first walk; they are names and endings only.</summary>
    private static class Ignored
    {
        public static readonly string[] Lines =
            [.. File.ReadAllLines(Path.Combine(Find(), ".gitignore")).Select(line => line.Trim().TrimStart('/'))
                .Where(line => line.Length > 0 && line[0] != '#')];
    }
}
