using System.Text;
using System.Text.Json;
using FluentAssertions;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// Our verdict on FHIR's own rules beside the Firely SDK's strict parse, on thousands of seeded damages to every
/// example. Where the two differ, the difference falls in a class of this table, with its reason; anything else fails.
/// </summary>
public sealed class Disagreements
{
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";
    private const int MutationsPerExample = 200;
    private const int FewestMutations = 5_000;

    private static readonly BaseFhirJsonDeserializer Strict =
        new(ModelInfo.ModelInspector, new DeserializerSettings().UsingMode(DeserializationMode.Strict));

    /// <summary>
    /// Rules of ours that the parse does not have: a case is explained when all our issues are of these.
    /// </summary>
    private static readonly Dictionary<string, string> OnlyOurs = new()
    {
        ["dom-3"] = "invariants are not evaluated by the parse: an unreferenced contained resource",
        ["ext-1"] = "invariants: an extension with neither value nor extensions",
        ["ele-1"] = "invariants: an element with an id and nothing else",
        ["inv-1"] = "invariants: a parameter without value, resource or parts",
        ["cpt-2"] = "invariants: a telecom without system",
        ["per-1"] = "invariants: a period that ends before it starts",
        ["pat-1"] = "invariants: a contact without details",
        ["att-1"] = "invariants: an attachment without content type",
        ["qty-3"] = "invariants: a unit code without its system",
        ["drt-1"] = "invariants: a duration outside UCUM",
        ["age-1"] = "invariants: an age without its unit",
        ["rat-1"] = "invariants: half a ratio",
        ["rng-2"] = "invariants: a range upside down",
        ["tim-2"] = "invariants: a timing period without its unit",
        ["org-1"] = "invariants: an organization without name and identifier",
        ["org-3"] = "invariants: a home telephone of an organization",
        ["obs-3"] = "invariants: an empty reference range",
        ["obs-6"] = "invariants: a value and the reason for its absence",
        ["sev-1"] = "invariants: an entity with name and query",
        ["bdl-1"] = "invariants: a total where none belongs",
        ["bdl-2"] = "invariants: a search entry outside a searchset",
        ["bdl-3"] = "invariants: an entry without its request, or with one where none belongs",
        ["bdl-4"] = "invariants: an entry without its response, or with one where none belongs",
        ["bdl-5"] = "invariants: an entry without content",
        ["bdl-7"] = "invariants: one fullUrl twice",
        ["bdl-9"] = "invariants: a document without identifier",
        ["bdl-10"] = "invariants: a document without timestamp",
        ["bdl-11"] = "invariants: a document that does not begin with a Composition",
        ["bdl-12"] = "invariants: a message that does not begin with a MessageHeader",
        ["ref-1"] = "invariants: a reference to a contained resource that is not there",
        ["reference-syntax"] = "the parse does not read the text of a reference",
        ["reference-type"] = "the parse does not compare a reference with its type",
        ["reference-target"] = "the parse does not know what a reference may point to",
        ["duplicate"] = "the parse takes the last of two resourceType properties; we refuse both",
        ["format"] = "R4's regular expressions allow no control characters in text and no spaces in an address",
    };

    /// <summary>Codes of the parse that we do not share, with a sign in the text and the reason.</summary>
    private static readonly (string Code, string Sign, string Reason)[] OnlyTheirs =
    [
        ("PVAL124", ":60Z", "R4 allows the leap second 23:59:60; the parse does not"),
        ("JSON120", "{\"resourceType\":\"P", "a resource with nothing in it is valid R4; the parse wants a property"),
        ("PVAL129", "{\"resourceType\":\"P", "the same, said again"),
        ("PVAL116", "currency", "the definitions do not enumerate ISO 4217, the parse does"),
    ];

    /// <summary>Differences of a single shape, told by a sign in the text.</summary>
    private static readonly (string Rule, string Sign, string Reason)[] OnlyOursWithSign =
    [
        ("json-type", "1e400", "the parse takes a number too large for a decimal where text is due"),
        ("json-array", "\":[]", "the parse lets an underscore sibling be an array where its value is single"),
        ("json-array", "\":[", "the same, with something in it"),
        ("choice", "_value", "the parse lets _valueString stand beside valueDate"),
        ("unknown-element", "\"_url\"", "the parse lets an extension's url carry extensions; it is an attribute"),
        ("unknown-element", "\"_id\"", "the parse lets an element's id carry extensions; it is an attribute"),
    ];

    public static TheoryData<string, string> All()
    {
        var all = new TheoryData<string, string>();
        foreach (var kind in new[] { "valid", "r4" })
        {
            foreach (var name in Examples.Names(kind))
            {
                all.Add(kind, name);
            }
        }

        return all;
    }

    [Fact]
    public void There_are_enough_damages() =>
        (All().Count * MutationsPerExample).Should().BeGreaterThanOrEqualTo(FewestMutations);

    [Theory]
    [MemberData(nameof(All))]
    public void Every_disagreement_with_the_strict_parse_is_explained(string kind, string name)
    {
        var json = Examples.Read(kind, name);
        var type = Examples.TypeOf(json);
        for (var seed = 0; seed < MutationsPerExample; seed++)
        {
            var text = Mutation.Apply(Encoding.UTF8.GetString(json), seed);
            var bytes = Encoding.UTF8.GetBytes(text);
            var ours = Examples.Ours.CheckProfile(bytes, R4Start + type)
                .Where(issue => issue.Severity <= IssueSeverity.Error).Select(issue => issue.Rule).ToHashSet();
            var theirs = Theirs(bytes, type);
            if ((ours.Count > 0) != (theirs.Count > 0))
            {
                IsExplained(ours, theirs, text).Should().BeTrue(
                    $"{name} {seed}: ours {string.Join(',', ours)}, theirs {string.Join(',', theirs)}: {text}");
            }
        }
    }

    private static bool IsExplained(HashSet<string> ours, HashSet<string> theirs, string text) => ours.Count > 0
        ? ours.All(rule => OnlyOurs.ContainsKey(rule) || OnlyOursWithSign.Any(known =>
            known.Rule == rule && text.Contains(known.Sign, StringComparison.Ordinal)))
        : theirs.All(code => OnlyTheirs.Any(known =>
            known.Code == code && text.Contains(known.Sign, StringComparison.Ordinal)));

    private static HashSet<string> Theirs(byte[] json, string type)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!Strict.TryDeserializeResource(ref reader, out var resource, out var problems))
            {
                return [.. problems.OfType<ExtendedCodedException>().Select(problem => problem.ErrorCode)];
            }

            return resource!.TypeName == type ? [] : ["another type"];
        }
        catch (Exception problem) when (problem is InvalidOperationException or JsonException or CodedException)
        {
            // The parse gives up on an underscore beside what is no primitive, and on a list that is none.
            return ["gave up"];
        }
    }
}
