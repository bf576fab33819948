using System.Text.Json;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The compiled checker: FHIR R4's own shapes and those of our profiles, built once, asked from any thread.
/// </summary>
internal sealed class Checker
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";

    private const string OwnStart = "https://fhir.cpis.example/StructureDefinition/CpIs-";

    private readonly R4Types types = new(R4Table.Load());
    private readonly Dictionary<string, Shape> profiles = new(StringComparer.Ordinal);

    private readonly Dictionary<string, Shape> ofType = new(StringComparer.Ordinal);

    public Checker(IReadOnlyList<Definition> definitions)
    {
        var structures = Parsed(definitions, "StructureDefinition");
        var sets = Parsed(definitions, "ValueSet").ToDictionary(
            set => set.Key, set => new CodeSet(set.Key, Listed(set.Value)), StringComparer.Ordinal);
        var compiler = new ProfileCompiler(types, structures, sets);
        foreach (var canonical in structures.Keys)
        {
            var shape = compiler.Compile(canonical)!;
            profiles.Add(canonical, shape);
            if (canonical == OwnStart + shape.Type)
            {
                ofType.Add(shape.Type, shape);
            }
        }
    }

    public R4Types Types => types;

    public IEnumerable<Shape> Profiles => profiles.Values;

    /// <summary>The shape of a profile of ours, or of FHIR itself; null for anyone else's.</summary>
    public Shape? Find(string canonical) =>
        profiles.TryGetValue(canonical, out var ours) ? ours
        : canonical.StartsWith(R4Start, StringComparison.Ordinal) ? types.FindResource(canonical[R4Start.Length..])
        : null;

    /// <summary>
    /// The shape of our profile of a resource type, else of the type itself; null when R4 has no such type.
    /// </summary>
    public Shape? FindForType(string type) =>
        ofType.TryGetValue(type, out var ours) ? ours : types.FindResource(type);

    /// <summary>Checks one resource against one shape: one pass, every issue.</summary>
    public IReadOnlyList<Issue> Check(ReadOnlySpan<byte> json, Shape shape)
    {
        var run = Run.Rent();
        run.Begin(shape.Type, shape.Closed);
        if (run.Tape.Read(json) is { } problem)
        {
            run.Report(IssueSeverity.Fatal, "structure", "json", null, problem);
            return run.End();
        }

        var doc = new Doc(json, run.Tape.Tokens);
        if (!doc.IsText(doc.Get(0, "resourceType"u8), shape.TypeName))
        {
            run.Report(IssueSeverity.Fatal, "structure", "resource-type", null,
                $"A resource of type {shape.Type} is expected here.");
            return run.End();
        }

        new Walk(doc, run, types).Object(0, shape);
        return run.End();
    }

    private static Dictionary<string, JsonElement> Parsed(IReadOnlyList<Definition> definitions, string type) =>
        definitions
        .Where(definition => definition.ResourceType == type)
        .ToDictionary(definition => definition.Url, definition => Parse(definition.Json), StringComparer.Ordinal);

    private static JsonElement Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static IEnumerable<CodedTerm> Listed(JsonElement set) =>
        from include in set.GetProperty("compose").GetProperty("include").EnumerateArray()
        from concept in include.GetProperty("concept").EnumerateArray()
        select new CodedTerm(
            include.GetProperty("system").GetString()!, concept.GetProperty("code").GetString()!,
            concept.TryGetProperty("display", out var display) ? display.GetString() : null);
}
