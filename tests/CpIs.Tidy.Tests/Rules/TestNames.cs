using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// A test's name is a sentence a clinician could read, and a test stands in the room it tests, so that what is promised
/// can be read from the list of tests and found from the code.
/// </summary>
internal static class TestNames
{
    private const int WordsMin = 4;

    // Tests of the whole house: what breaks, and what a newcomer does first, cut across the rooms.
    private static readonly string[] AcrossRooms = ["tests/CpIs.Server.Tests/Faults", "tests/CpIs.Server.Tests/Walk"];

    public static IEnumerable<string> Faults(SourceFile file) =>
        file.Nodes<MethodDeclarationSyntax>().Where(IsTest)
            .Where(method => method.Identifier.ValueText.Split('_').Length < WordsMin)
            .Select(method => file.Fault(method, $"{method.Identifier} is not a sentence"));

    /// <summary>Folders of a test project without a room of that name in the project it tests.</summary>
    public static IEnumerable<string> StrayFolders(IEnumerable<string> files)
    {
        var all = files.ToList();
        var rooms = all.Where(path => path.Begins("src/")).Select(FolderOf).ToHashSet();
        return all.Where(path => path.Begins("tests/") && path.Finishes("Tests.cs"))
            .Select(FolderOf).Distinct()
            .Where(folder => folder.Holds(".Tests/")
                && !folder.Begins("tests/CpIs.Tidy.Tests/") && !AcrossRooms.Contains(folder)
                && !rooms.Any(room => IsOrHolds(room, Mirror(folder))))
            .Select(folder => $"{folder}: no room {Mirror(folder)}");
    }

    private static string Mirror(string folder) =>
        "src" + folder["tests".Length..].Replace(".Tests/", "/", StringComparison.Ordinal);

    private static bool IsOrHolds(string room, string folder) =>
        room == folder || room.Begins(folder + "/");

    private static string FolderOf(string path) => path[..path.LastIndexOf('/')];

    private static bool IsTest(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes).Any(one => one.Name.ToString() is "Fact" or "Theory");
}
