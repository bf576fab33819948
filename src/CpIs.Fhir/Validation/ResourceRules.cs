using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>The invariants of FHIR's resources that this service receives or renders, but for Bundle's.</summary>
internal static class ResourceRules
{
    public static readonly Invariant[] All =
    [
        new("dom-2", "A contained resource may not contain others.",
            (d, t, _) => !Contained(d, t, static (d, c) => d.Has(c, "contained"u8))) { OnlyWith = "contained" },
        new("dom-3", "A contained resource must be referred to from the resource, or refer to it.",
            (d, t, _) => AreReferredTo(d, t)) { OnlyWith = "contained" },
        new("dom-4", "A contained resource has no version and no last update of its own.",
            (d, t, _) => !Contained(d, t, static (d, c) => d.Get(c, "meta"u8) is var meta
                && (d.HasElement(meta, "versionId"u8) || d.HasElement(meta, "lastUpdated"u8))))
                    { OnlyWith = "contained" },
        new("dom-5", "A contained resource has no security label of its own.",
            (d, t, _) => !Contained(d, t, static (d, c) => d.Has(d.Get(c, "meta"u8), "security"u8)))
                { OnlyWith = "contained" },
        new("dom-6", "A resource should have a narrative for people to read.",
            (d, t, _) => d.Has(d.Get(t, "text"u8), "div"u8)) { Severity = IssueSeverity.Warning },
        new("pat-1", "A contact has a name, a telecom, an address or an organization.",
            (d, t, _) => d.Has(t, "name"u8) || d.Has(t, "telecom"u8) || d.Has(t, "address"u8)
                || d.Has(t, "organization"u8)),
        new("org-1", "An organization has a name or an identifier.",
            (d, t, _) => d.Has(t, "identifier"u8) || d.HasElement(t, "name"u8)),
        new("org-2", "The address of an organization is not a home address.",
            (d, t, _) => !d.IsText(t, "use"u8, "home"u8)),
        new("org-3", "The telephone of an organization is not a home telephone.",
            (d, t, _) => !d.IsText(t, "use"u8, "home"u8)),
        new("sev-1", "An entity has a name or a query, not both.",
            (d, t, _) => !d.HasElement(t, "name"u8) || !d.HasElement(t, "query"u8)),
        new("ctm-1", "Only a practitioner acts on behalf of an organization.", (d, t, r) =>
            OnBehalfOfPractitioner(d, t, r)),
        new("inv-1", "A parameter has a value, or a resource, or parts.",
            (d, t, _) => d.Has(t, "part"u8)
                ? !d.HasChoice(t, "value"u8) && !d.Has(t, "resource"u8)
                : d.HasChoice(t, "value"u8) != d.Has(t, "resource"u8)),
        new("obs-3", "A reference range has a low, a high or a text.",
            (d, t, _) => d.Has(t, "low"u8) || d.Has(t, "high"u8) || d.HasElement(t, "text"u8)),
        new("obs-6", "An observation has a value or the reason why there is none, not both.",
            (d, t, _) => !d.Has(t, "dataAbsentReason"u8) || !d.HasChoice(t, "value"u8)),
        new("obs-7", "A component may not repeat the observation's own code when that has a value.",
            (d, t, _) => !d.HasChoice(t, "value"u8) || !ComponentRepeatsCode(d, t)),
        .. BundleRules.All,
    ];

    /// <summary>Codings compared for one observation; nobody means to send more.</summary>
    private const int ComparisonsMax = 100_000;

    private delegate bool Offends(Doc doc, int contained);

    private static bool Contained(Doc doc, int resource, Offends offends)
    {
        var contained = doc.Get(resource, "contained"u8);
        for (var at = doc.First(contained); at != Doc.None; at = doc.Following(contained, at))
        {
            if (doc.Is(at, TokenKind.Object) && offends(doc, at))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One pass for the names, one for the contained: many of both must not multiply.</summary>
    private static bool AreReferredTo(Doc doc, int resource)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        for (var at = resource; at < doc[resource].Next; at++)
        {
            if (doc.Text(at) is [(byte)'#', _, ..] and var literal)
            {
                named.Add(Encoding.UTF8.GetString(literal[1..]));
            }
        }

        return !Contained(doc, resource, (d, c) =>
            !named.Contains(Encoding.UTF8.GetString(d.Text(d.Get(c, "id"u8)))) && !RefersToContainer(d, c));
    }

    private static bool RefersToContainer(Doc doc, int contained)
    {
        for (var at = contained; at < doc[contained].Next; at++)
        {
            if (doc.IsText(at, "#"u8))
            {
                return true;
            }
        }

        return false;
    }

    private static bool OnBehalfOfPractitioner(Doc doc, int participant, int resource)
    {
        if (!doc.Has(participant, "onBehalfOf"u8))
        {
            return true;
        }

        var literal = doc.Text(doc.Get(doc.Get(participant, "member"u8), "reference"u8));
        if (literal is not [(byte)'#', .. var id])
        {
            return true;
        }

        var contained = doc.Get(resource, "contained"u8);
        for (var at = doc.First(contained); at != Doc.None; at = doc.Following(contained, at))
        {
            if (doc.IsText(at, "id"u8, id))
            {
                return doc.IsText(at, "resourceType"u8, "Practitioner"u8);
            }
        }

        return true;
    }

    private static bool ComponentRepeatsCode(Doc doc, int observation)
    {
        var compared = 0;
        var codings = doc.Get(doc.Get(observation, "code"u8), "coding"u8);
        var components = doc.Get(observation, "component"u8);
        for (var part = doc.First(components); part != Doc.None; part = doc.Following(components, part))
        {
            var own = doc.Get(doc.Get(part, "code"u8), "coding"u8);
            for (var at = doc.First(own); at != Doc.None; at = doc.Following(own, at))
            {
                for (var other = doc.First(codings); other != Doc.None; other = doc.Following(codings, other))
                {
                    if (compared++ > ComparisonsMax || IsSameCoding(doc, at, other))
                    {
                        return compared <= ComparisonsMax;
                    }
                }
            }
        }

        return false;
    }

    private static bool IsSameCoding(Doc doc, int one, int other) =>
        doc.Has(one, "code"u8)
            && doc.Text(doc.Get(one, "code"u8)).SequenceEqual(doc.Text(doc.Get(other, "code"u8)))
            && doc.Text(doc.Get(one, "system"u8)).SequenceEqual(doc.Text(doc.Get(other, "system"u8)));
}
