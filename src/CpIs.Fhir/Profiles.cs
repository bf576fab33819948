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

    private readonly Checker checker;

    private Profiles(IReadOnlyList<Definition> definitions)
    {
        Definitions = definitions;
        checker = new(definitions);
    }

    /// <summary>All conformance resources of ours, in order of type and id.</summary>
    public IReadOnlyList<Definition> Definitions { get; }

    internal Checker Checker => checker;

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

    /// <summary>Checks a resource against FHIR, and against our profile of that type where we have one.</summary>
    public IReadOnlyList<Issue> Check(ReadOnlyMemory<byte> json, string resourceType) =>
        Check(json.Span, checker.FindForType(resourceType), resourceType);

    /// <summary>Checks a resource against FHIR and against one profile, ours or FHIR's own of a type.</summary>
    public IReadOnlyList<Issue> CheckProfile(ReadOnlyMemory<byte> json, string canonical) =>
        Check(json.Span, checker.Find(canonical.Split('|')[0]), canonical);

    private IReadOnlyList<Issue> Check(ReadOnlySpan<byte> json, Shape? shape, string asked) => shape == null
        ? [new(IssueSeverity.Error, "not-found", "", $"{asked} is not known here.", "profile", null)]
        : checker.Check(json, shape);

    private static Definition Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        using var document = JsonDocument.Parse(json);
        string? Text(string property) =>
            document.RootElement.TryGetProperty(property, out var value) ? value.GetString() : null;
        var (type, id) = (Text("resourceType")!, Text("id")!);

        // R4's NamingSystem has no canonical URL of its own: it goes by where it is served.
        return new(type, id, Text("url") ?? $"{Systems.Base}/{type}/{id}", json);
    }
}
