using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The literal of a Reference: its syntax, the contained resource it names, and the type it points to as far as the
/// text tells. Nothing is fetched. https://hl7.org/fhir/R4/references.html#literal
/// </summary>
internal static class References
{
    /// <summary>Contained resources looked through for one reference; what lies beyond is taken to be there.</summary>
    private const int ContainedMax = 1_000;

    private const string TargetRule = "reference-target";

    public static Problem? Problem(Doc doc, int token, R4Types types, int resource, Variant variant)
    {
        var targets = variant.Targets;
        var literal = doc.Text(doc.Get(token, "reference"u8));
        var named = doc.Text(doc.Get(token, "type"u8));
        if (named.IsEmpty && (literal.StartsWith("urn:uuid:"u8) || IsPlain(literal, variant.TargetStarts)))
        {
            return null;
        }

        if (!literal.IsEmpty && literal[0] == (byte)'#')
        {
            return Contained(doc, literal[1..], resource, targets);
        }

        var pointed = literal.IsEmpty ? default : PointedType(literal, types);
        if (!literal.IsEmpty && pointed.IsEmpty && !IsAbsolute(literal))
        {
            return new("reference-syntax",
                "The reference must be a resource type and an id (Patient/…), a full address, or urn:uuid:….",
                "reference");
        }

        if (!pointed.IsEmpty && !named.IsEmpty && !named.SequenceEqual(pointed))
        {
            return new("reference-type", "The type does not say what the reference points to.", "type");
        }

        if (!IsAllowed(pointed, targets) || (!IsAllowed(named, targets) && types.IsResourceName(named)))
        {
            return new(TargetRule, $"This must refer to {string.Join(" or ", targets)}.",
                IsAllowed(pointed, targets) ? "type" : "reference");
        }

        return null;
    }

    /// <summary>
    /// The resource type a literal names: of Type/id, Type/id/_history/version or Type?query; else empty.
    /// </summary>
    public static ReadOnlySpan<byte> PointedType(ReadOnlySpan<byte> literal, R4Types types)
    {
        var query = literal.IndexOf((byte)'?');
        if (query >= 0)
        {
            var conditional = literal[..query];
            return types.IsResourceName(conditional) ? conditional : default;
        }

        var history = literal.IndexOf("/_history/"u8);
        if (history >= 0)
        {
            if (!Primitives.IsId(literal[(history + "/_history/".Length)..]))
            {
                return default;
            }

            literal = literal[..history];
        }

        var slash = literal.LastIndexOf((byte)'/');
        if (slash <= 0 || !Primitives.IsId(literal[(slash + 1)..]))
        {
            return default;
        }

        var before = literal[..slash];
        var start = before.LastIndexOf((byte)'/') + 1;
        var type = before[start..];
        return types.IsResourceName(type) && (start == 0 || IsAbsolute(literal)) ? type : default;
    }

    /// <summary>Whether an address names its scheme, as urn:uuid:… and https://… do.</summary>
    public static bool IsAbsolute(ReadOnlySpan<byte> literal) =>
        literal.IndexOf((byte)':') is var colon and > 0 && literal.IndexOf((byte)'/') is var slash
            && (slash < 0 || slash > colon);

    /// <summary>One of the allowed types and an id: what nearly every reference is.</summary>
    private static bool IsPlain(ReadOnlySpan<byte> literal, byte[][] starts)
    {
        foreach (var start in starts)
        {
            if (literal.StartsWith(start))
            {
                return Primitives.IsId(literal[start.Length..]);
            }
        }

        return false;
    }

    private static bool IsAllowed(ReadOnlySpan<byte> type, string[] targets)
    {
        if (type.IsEmpty || targets.Length == 0)
        {
            return true;
        }

        foreach (var target in targets)
        {
            if (Ascii.Equals(type, target))
            {
                return true;
            }
        }

        return false;
    }

    private static Problem? Contained(Doc doc, ReadOnlySpan<byte> id, int resource, string[] targets)
    {
        var contained = doc.Get(resource, "contained"u8);
        var left = ContainedMax;
        for (var at = doc.First(contained); at != Doc.None; at = doc.Following(contained, at))
        {
            if (left-- == 0)
            {
                return null;
            }

            if (doc.IsText(at, "id"u8, id))
            {
                return IsAllowed(doc.Text(doc.Get(at, "resourceType"u8)), targets)
                    ? null
                    : new(TargetRule, $"This must refer to {string.Join(" or ", targets)}.", "reference");
            }
        }

        // A bare # means the resource that contains this one.
        return id.IsEmpty ? null : new("ref-1", "There is no contained resource of this id.");
    }
}
