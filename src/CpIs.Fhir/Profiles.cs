using System.Reflection;
using System.Text.Json;
using CpIs.Fhir.Validation;

namespace CpIs.Fhir;

/// <summary>One conformance resource as it is served over HTTP: its type, id, canonical URL and JSON.</summary>
public sealed record Definition(string ResourceType, string Id, string Url, ReadOnlyMemory<byte> Json);

/// <summary>
/// Our profiles, and the one door to validation: every way in (create, update, Bundle, upload, $validate) asks here.
/// </summary>
public sealed class Profiles
{
    private const string EmbeddedFolder = "profiles/";
    private const string ProfileStart = "https://fhir.cpis.example/StructureDefinition/CpIs-";

    private Profiles(IReadOnlyList<Definition> definitions) => Definitions = definitions;

    /// <summary>All conformance resources of ours, in order of type and id.</summary>
    public IReadOnlyList<Definition> Definitions { get; }

    /// <summary>Reads the definitions that are part of this assembly.</summary>
    public static Profiles Load()
    {
        var assembly = typeof(Profiles).Assembly;
        var definitions = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(EmbeddedFolder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(assembly, name));
        return new([.. definitions]);
    }

    /// <summary>Checks a resource against FHIR and against our profile of that type.</summary>
    public IReadOnlyList<Issue> Check(ReadOnlyMemory<byte> json, string resourceType) =>
        CheckProfile(json, ProfileStart + resourceType);

    /// <summary>Checks a resource against FHIR and against one profile.</summary>
    public IReadOnlyList<Issue> CheckProfile(ReadOnlyMemory<byte> json, string canonical)
    {
        if (Definitions.All(known => known.Url != canonical))
        {
            return
            [
                new(IssueSeverity.Error, "not-found", "", $"The profile {canonical} is not known here.", "profile", null),
            ];
        }

        return FirstCut.Check(json, canonical[ProfileStart.Length..], canonical);
    }

    private static Definition Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        using var document = JsonDocument.Parse(json);
        string Text(string property) => document.RootElement.GetProperty(property).GetString()!;
        return new(Text("resourceType"), Text("id"), Text("url"), json);
    }
}
