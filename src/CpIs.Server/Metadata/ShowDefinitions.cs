using System.Text;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.Metadata;

/// <summary>
/// Read and search of what defines our resources: profiles, codes, parameters, operations, identifier systems. They
/// say nothing about anybody, so everyone may have and keep them. http://hl7.org/fhir/R4/conformance-module.html
/// </summary>
internal sealed class ShowDefinitions
{
    /// <summary>Types served; a CapabilityStatement is what <c>/metadata</c> answers.</summary>
    public static readonly IReadOnlyList<string> Types =
        ["StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "OperationDefinition", "NamingSystem"];

    /// <summary>Seconds for which an answer may be kept: definitions change with a release.</summary>
    private const int KeepSeconds = 3600;

    private static readonly IReadOnlyList<SearchParameter<Published>> Parameters =
    [
        SearchParameter<Published>.Token("_id", d => [(null, d.Id)]),
        new("url", "uri", (modifier, value) => modifier is null
            ? d => d.Urls.Contains(value.Text) : throw SearchConditions.BadModifier(), d => d.Urls.Count > 0),
        SearchParameter<Published>.String("name", d => d.Name),
        SearchParameter<Published>.Token("version", d => d.Version is { } v ? [(null, v)] : []),
    ];

    private static readonly Keyset<Published> Keyset = new(d => d.Id, _ => DateTimeOffset.MinValue, null);

    private readonly PageTokens pages;
    private readonly TimeProvider clock;
    private readonly ILookup<string, Published> all;

    public ShowDefinitions(Profiles profiles, PageTokens pages, TimeProvider clock)
    {
        this.pages = pages;
        this.clock = clock;
        all = profiles.Definitions.OrderBy(d => d.Id, StringComparer.Ordinal)
            .ToLookup(d => d.ResourceType, Published.Of);
    }

    /// <summary>Search parameters of one of these types, by name and kind.</summary>
    public static IEnumerable<(string Name, string Type)> Searchable(string type) =>
        Of(type).Select(p => (p.Name, p.Type));

    public Task ReadAsync(Call call)
    {
        var one = all[call.Route.Resource].FirstOrDefault(d => d.Id == call.Id) ?? throw Refused.NotFound();
        var shown = Narrowing.Shown(call.Http, one.Json);
        return Answers.PublicAsync(
            call.Http, shown, shown.Equals(one.Json) ? one.Tag : Answers.Tag(shown.Span), KeepSeconds);
    }

    public async Task SearchAsync(Call call)
    {
        var type = call.Route.Resource;
        var search = await SearchRequest.ReadAsync(call, Terms(type), pages);
        var condition = SearchConditions.All(search, Of(type));
        var matches = all[type].Where(d => condition(d)).ToList();
        var (page, next) = Keyset.Cut(matches, search);
        var self = SelfLink.Of(call, search);
        using var bundle = new SearchBundle(call, clock.GetUtcNow(),
            search.Total == "none" && !search.CountOnly ? null : matches.Count,
            next is null ? null : pages.Link(call, search, next), self, page.Sum(d => d.Json.Length))
        {
            Shown = search.Shown,
        };
        foreach (var one in page)
        {
            bundle.Add($"{type}/{one.Id}", one.Json.Span, "match");
        }

        if (search.LeftOut.Count > 0)
        {
            bundle.AddOutcome([.. search.Warnings]);
        }

        // The moment of the answer and the link to the next page differ each time; what is shown does not.
        var tag = Answers.Tag(Encoding.UTF8.GetBytes(self + string.Concat(page.Select(d => d.Tag))));
        await Answers.PublicAsync(call.Http, bundle.Finish(), tag, KeepSeconds);
    }

    /// <summary>R4's NamingSystem has no version.</summary>
    private static List<SearchParameter<Published>> Of(string type) =>
        [.. Parameters.Where(p => type != "NamingSystem" || p.Name != "version")];

    private static SearchTerms Terms(string type) =>
        new(type, [.. Of(type).Select(p => p.Name)]) { Sorts = ["_id"] };

    /// <summary>A definition as it is served, and what it is found by.</summary>
    private sealed record Published(
        string Id, string Name, string? Version, IReadOnlyList<string> Urls, ReadOnlyMemory<byte> Json, string Tag)
    {
        public static Published Of(Definition definition)
        {
            using var document = JsonDocument.Parse(definition.Json);
            var root = document.RootElement;

            // Without the blanks that the files have for their readers.
            var json = Formats.Dense(definition.Json);
            return new(definition.Id, Plans.Incoming.Text(root, "name") ?? "", Plans.Incoming.Text(root, "version"),
                [definition.Url, .. UniqueIds(root)], json, Answers.Tag(json.Span));
        }

        /// <summary>R4's NamingSystem has no URL of its own: it is also found by the systems it names.</summary>
        private static IEnumerable<string> UniqueIds(JsonElement root) => root.TryGetProperty("uniqueId", out var ids)
            ? ids.EnumerateArray().Select(i => Plans.Incoming.Text(i, "value")).OfType<string>() : [];
    }
}
