using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// How much of each resource an answer shows: <c>_summary</c> and <c>_elements</c>, of searches and of reads.
/// </summary>
/// <param name="Type">The type searched or read, whose elements may be named.</param>
/// <param name="Summary">true, text or data; null for the whole.</param>
/// <param name="Elements">Elements named, or null.</param>
internal sealed record Narrowing(string Type, string? Summary, IReadOnlyList<string>? Elements)
{
    /// <summary>Elements that one request may name.</summary>
    private const int ElementsMax = 50;

    private static readonly object Wanted = new();

    /// <summary>Everything.</summary>
    public static readonly Narrowing None = new("", null, null);

    /// <summary>Reads both parameters; null where one was not sent.</summary>
    /// <exception cref="Refused">400 for a value that they do not take.</exception>
    public static Narrowing Read(string type, string? summary, string? elements)
    {
        if (summary is not (null or "true" or "text" or "data" or "count" or "false"))
        {
            throw Refused.BadSearch("_summary must be true, text, data, count or false.");
        }

        var part = summary is "true" or "text" or "data" ? summary : null;
        if (elements is null)
        {
            return part is null ? None : new(type, part, null);
        }

        var names = elements.Split(',', StringSplitOptions.TrimEntries);
        if (names.Length > ElementsMax || Array.Exists(names, name => !Subset.IsElement(type, name)))
        {
            throw Refused.BadSearch($"_elements takes names of elements at the root of {type}, divided by commas.");
        }

        return part is null ? new(type, null, names)
            : throw Refused.BadSearch("_summary and _elements cannot be asked for together.");
    }

    /// <summary>Settles what a read shows, before anything is read for it.</summary>
    /// <exception cref="Refused">400 for a value that the parameters do not take, and for a parameter that nobody would
    /// look at: whoever sends it counts on it.</exception>
    public static void Settle(Call call)
    {
        var query = call.Http.Request.Query;
        if (call.Route.Interaction is not ("read" or "vread"))
        {
            return;
        }

        // What is asked at an operation's address by the wrong method is no read: there is no such resource.
        var operation = call.Id[0] is '_' or '$';
        if (!operation && query.Keys.Any(name => name is not ("_summary" or "_elements" or "_format" or "_pretty")))
        {
            throw Refused.BadSearch("A read takes _summary, _elements, _format and _pretty, and no other parameter.");
        }

        if (!query.ContainsKey("_summary") && !query.ContainsKey("_elements"))
        {
            return;
        }

        call.Http.Items[Wanted] = Read(call.Route.Resource, Only(query["_summary"]), Only(query["_elements"])) switch
        {
            _ when query["_summary"] == "count" => throw Refused.BadSearch("_summary=count is for searches."),
            var narrowing => narrowing,
        };
    }

    /// <summary>The resource of a read as <see cref="Settle"/> left it to be shown.</summary>
    public static ReadOnlyMemory<byte> Shown(HttpContext http, ReadOnlyMemory<byte> body) =>
        http.Items.TryGetValue(Wanted, out var settled) && settled is Narrowing narrowing
            && narrowing.Of(narrowing.Type, match: true) is { } subset
                ? subset.Cut(body.Span) : body;

    /// <summary>
    /// What is cut out of a resource; null when it is shown whole. Named elements are the matches' own; a summary
    /// concerns everything in the answer.
    /// </summary>
    public Subset? Of(string resourceType, bool match) =>
        Summary is not null ? Subset.Summary(resourceType, Summary)
        : Elements is not null && match && resourceType == Type ? Subset.Elements(resourceType, Elements)
        : null;

    private static string? Only(Microsoft.Extensions.Primitives.StringValues values) => values.Count switch
    {
        0 => null,
        1 => values[0],
        _ => throw Refused.BadSearch("_summary and _elements may stand once each."),
    };
}
