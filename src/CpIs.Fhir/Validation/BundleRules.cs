using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>The invariants of Bundle. https://hl7.org/fhir/R4/bundle.html#invs</summary>
internal static class BundleRules
{
    private static readonly string[] Requests = ["batch", "transaction", "history"];
    private static readonly string[] Responses = ["batch-response", "transaction-response", "history"];

    public static readonly Invariant[] All =
    [
        new("bdl-1", "Only a searchset or a history has a total.",
            (d, t, _) => !d.HasElement(t, "total"u8) || IsOf(d, t, "searchset", "history")),
        new("bdl-2", "Only entries of a searchset say how they were found.",
            (d, t, _) => IsOf(d, t, "searchset") || Every(d, t, static (d, e) => !d.Has(e, "search"u8))),
        new("bdl-3", "Entries have a request in a batch, transaction or history, and only there.",
            (d, t, _) => IsOf(d, t, Requests) is var wanted && Every(d, t, (d, e) => d.Has(e, "request"u8) == wanted)),
        new("bdl-4", "Entries have a response in a batch response, transaction response or history, and only there.",
            (d, t, _) => IsOf(d, t, Responses) is var wanted
                && Every(d, t, (d, e) => d.Has(e, "response"u8) == wanted)),
        new("bdl-5", "An entry has a resource, a request or a response.",
            (d, t, _) => d.Has(t, "resource"u8) || d.Has(t, "request"u8) || d.Has(t, "response"u8)),
        new("bdl-7", "Two entries have the same fullUrl: it must be unique, or their versions must differ.",
            (d, t, _) => IsOf(d, t, "history") || FullUrlsDiffer(d, t)),
        new("bdl-8", "A fullUrl may not name a version.",
            (d, t, _) => d.Text(d.Get(t, "fullUrl"u8)).IndexOf("/_history/"u8) < 0),
        new("bdl-9", "A document has an identifier with system and value.",
            (d, t, _) => !IsOf(d, t, "document") || (d.Get(t, "identifier"u8) is var i
                && d.HasElement(i, "system"u8) && d.HasElement(i, "value"u8))),
        new("bdl-10", "A document has a timestamp.",
            (d, t, _) => !IsOf(d, t, "document") || d.Has(t, "timestamp"u8)),
        new("bdl-11", "A document begins with a Composition.",
            (d, t, _) => !IsOf(d, t, "document") || FirstIs(d, t, "Composition"u8)),
        new("bdl-12", "A message begins with a MessageHeader.",
            (d, t, _) => !IsOf(d, t, "message") || FirstIs(d, t, "MessageHeader"u8)),
    ];

    private delegate bool Suits(Doc doc, int entry);

    private static bool IsOf(Doc doc, int bundle, params string[] types)
    {
        var type = doc.Text(doc.Get(bundle, "type"u8));
        foreach (var one in types)
        {
            if (Ascii.Equals(type, one))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Every(Doc doc, int bundle, Suits suits)
    {
        var entries = doc.Get(bundle, "entry"u8);
        for (var at = doc.First(entries); at != Doc.None; at = doc.Following(entries, at))
        {
            if (!suits(doc, at))
            {
                return false;
            }
        }

        return true;
    }

    private static bool FirstIs(Doc doc, int bundle, ReadOnlySpan<byte> type)
    {
        var first = doc.First(doc.Get(bundle, "entry"u8));
        return first == Doc.None || doc.IsText(doc.Get(first, "resource"u8), "resourceType"u8, type);
    }

    private static bool FullUrlsDiffer(Doc doc, int bundle)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var entries = doc.Get(bundle, "entry"u8);
        for (var at = doc.First(entries); at != Doc.None; at = doc.Following(entries, at))
        {
            var url = doc.Text(doc.Get(at, "fullUrl"u8));
            var version = doc.Text(doc.Get(doc.Get(doc.Get(at, "resource"u8), "meta"u8), "versionId"u8));
            if (!url.IsEmpty && !known.Add($"{Encoding.UTF8.GetString(url)} {Encoding.UTF8.GetString(version)}"))
            {
                return false;
            }
        }

        return true;
    }
}
