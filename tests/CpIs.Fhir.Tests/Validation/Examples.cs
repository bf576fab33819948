using System.Text.Json;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>The example resources beside the profiles, found from wherever the tests run.</summary>
internal static class Examples
{
    public static readonly Profiles Ours = Profiles.Load();

    public static readonly string Folder = Find();

    public static IEnumerable<string> Names(string kind) => Directory.GetFiles(Path.Combine(Folder, kind), "*.json")
        .Select(Path.GetFileNameWithoutExtension)
        .Where(name => !name!.EndsWith(".outcome", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)!;

    public static byte[] Read(string kind, string name) =>
        File.ReadAllBytes(Path.Combine(Folder, kind, name + ".json"));

    public static string[] Lines(string name) => File.ReadAllLines(Path.Combine(Folder, name));

    public static IReadOnlyList<Issue> Check(byte[] json, string name) =>
        Ours.CheckProfile(json, Systems.Profile(ProfileOf(json, name)));

    /// <summary>The profile an example is about: most go by their type, a few have a name of their own.</summary>
    public static string ProfileOf(byte[] json, string name) =>
        name.StartsWith("caseload", StringComparison.Ordinal) ? "CaseloadRow"
        : name.StartsWith("attendance-count", StringComparison.Ordinal) ? "AttendanceCount"
        : TypeOf(json);

    public static string TypeOf(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("resourceType").GetString()!;
    }

    private static string Find()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "CpIs.sln")))
        {
            at = at.Parent ?? throw new DirectoryNotFoundException("The examples are not beside the solution.");
        }

        return Path.Combine(at.FullName, "profiles", "examples");
    }
}
