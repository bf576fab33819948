using System.Buffers.Text;

namespace CpIs.Fhir.Validation;

/// <summary>The invariants of FHIR's datatypes. https://hl7.org/fhir/R4/datatypes.html</summary>
internal static class DataTypeRules
{
    private static ReadOnlySpan<byte> Ucum => "http://unitsofmeasure.org"u8;

    public static readonly Invariant[] All =
    [
        new("ext-1", "An extension has either a value or extensions of its own, not both and not neither.",
            (d, t, _) => d.HasChoice(t, "value"u8) != d.Has(t, "extension"u8)),
        new("per-1", "The end is before the start: correct one of the two dates.", (d, t, _) => !EndsBeforeStart(d, t))
        {
            OnlyWith = "end",
        },
        new("cpt-2", "A contact point with a value needs its system (phone, email …).", Needs("value", "system"))
            { OnlyWith = "value" },
        new("att-1", "An attachment with data needs its contentType.", Needs("data", "contentType"))
            { OnlyWith = "data" },
        new("qty-3", "A quantity with a code for its unit needs the code's system.", Needs("code", "system"))
            { OnlyWith = "code" },
        new("sqty-1", "A comparator is not allowed here.", (d, t, _) => !d.HasElement(t, "comparator"u8)),
        new("age-1", "An age is positive, has a unit code, and uses UCUM.",
            (d, t, _) => IsUcumWithCode(d, t) && !(Number(d, t, "value"u8) <= 0)),
        new("cnt-3", "A count is a whole number with the unit 1 of UCUM.",
            (d, t, _) => IsUcumWithCode(d, t)
                && (!d.Has(t, "code"u8) || d.IsText(t, "code"u8, "1"u8))
                && !(d.Get(t, "value"u8) is var value and not Doc.None && d.Raw(value).Contains((byte)'.'))),
        new("dis-1", "A distance has a unit code and uses UCUM.", (d, t, _) => IsUcumWithCode(d, t)),
        new("drt-1", "A duration with a unit has a value and uses UCUM.",
            (d, t, _) => !d.HasElement(t, "code"u8) || (d.IsText(t, "system"u8, Ucum) && d.HasElement(t, "value"u8))),
        new("rat-1", "A ratio has both a numerator and a denominator, or an extension instead.",
            (d, t, _) => d.Has(t, "numerator"u8) == d.Has(t, "denominator"u8)
                && (d.Has(t, "numerator"u8) || d.Has(t, "extension"u8))),
        new("rng-2", "The low of a range is above its high.", (d, t, _) => !LowAboveHigh(d, t)),
        new("exp-1", "An expression has a text or a reference.",
            (d, t, _) => d.HasElement(t, "expression"u8) || d.HasElement(t, "reference"u8)),
        new("drq-1", "A code filter names either a path or a search parameter.", Either("path", "searchParam")),
        new("drq-2", "A date filter names either a path or a search parameter.", Either("path", "searchParam")),
        new("trd-1", "A trigger has either data or a timing, not both.",
            (d, t, _) => !d.HasElement(t, "data"u8) || !d.HasChoice(t, "timing"u8)),
        new("trd-2", "A trigger with a condition needs its data.", Needs("condition", "data"))
            { OnlyWith = "condition" },
        new("trd-3", "A named event needs a name, a periodic one a timing, a data event its data.",
            (d, t, _) => TriggerIsComplete(d, t)),
        new("tim-1", "A duration needs its unit.", Needs("duration", "durationUnit")) { OnlyWith = "duration" },
        new("tim-2", "A period needs its unit.", Needs("period", "periodUnit")) { OnlyWith = "period" },
        new("tim-4", "A duration is not negative.", (d, t, _) => !(Number(d, t, "duration"u8) < 0)),
        new("tim-5", "A period is not negative.", (d, t, _) => !(Number(d, t, "period"u8) < 0)),
        new("tim-6", "A largest period needs a period.", Needs("periodMax", "period")) { OnlyWith = "periodMax" },
        new("tim-7", "A largest duration needs a duration.", Needs("durationMax", "duration"))
            { OnlyWith = "durationMax" },
        new("tim-8", "A largest count needs a count.", Needs("countMax", "count")) { OnlyWith = "countMax" },
        new("tim-9", "An offset needs an event that is not a meal.", (d, t, _) => OffsetHasEvent(d, t)),
        new("tim-10", "Times of day and events do not go together.",
            (d, t, _) => !d.HasElement(t, "timeOfDay"u8) || !d.HasElement(t, "when"u8)),
    ];

    /// <summary>A number as far as it is one; null compares with nothing.</summary>
    internal static decimal? Number(Doc doc, int token, ReadOnlySpan<byte> name)
    {
        var value = doc.Get(token, name);
        return doc.Is(value, TokenKind.Number) && Utf8Parser.TryParse(doc.Raw(value), out decimal number, out _)
            ? number
            : null;
    }

    internal static Holds Needs(string element, string other)
    {
        var (mine, its) = (System.Text.Encoding.UTF8.GetBytes(element), System.Text.Encoding.UTF8.GetBytes(other));
        return (doc, token, _) => !doc.HasElement(token, mine) || doc.HasElement(token, its);
    }

    private static Holds Either(string element, string other)
    {
        var (mine, its) = (System.Text.Encoding.UTF8.GetBytes(element), System.Text.Encoding.UTF8.GetBytes(other));
        return (doc, token, _) => doc.HasElement(token, mine) != doc.HasElement(token, its);
    }

    private static bool EndsBeforeStart(Doc doc, int token) =>
        DateTimes.TryRead(doc.Text(doc.Get(token, "start"u8)), out var start)
            && DateTimes.TryRead(doc.Text(doc.Get(token, "end"u8)), out var end) && start.IsAfter(end);

    private static bool IsUcumWithCode(Doc doc, int token) =>
        (doc.HasElement(token, "code"u8) || !doc.HasElement(token, "value"u8))
            && (!doc.HasElement(token, "system"u8) || doc.IsText(token, "system"u8, Ucum));

    private static bool LowAboveHigh(Doc doc, int token)
    {
        int low = doc.Get(token, "low"u8), high = doc.Get(token, "high"u8);
        var sameUnit = doc.Text(doc.Get(low, "code"u8)).SequenceEqual(doc.Text(doc.Get(high, "code"u8)));
        return sameUnit && Number(doc, low, "value"u8) > Number(doc, high, "value"u8);
    }

    private static bool TriggerIsComplete(Doc doc, int token)
    {
        var type = doc.Text(doc.Get(token, "type"u8));
        return (!type.SequenceEqual("named-event"u8) || doc.HasElement(token, "name"u8))
            && (!type.SequenceEqual("periodic"u8) || doc.HasChoice(token, "timing"u8))
            && (!type.StartsWith("data-"u8) || doc.HasElement(token, "data"u8));
    }

    private static bool OffsetHasEvent(Doc doc, int token)
    {
        if (!doc.HasElement(token, "offset"u8))
        {
            return true;
        }

        var events = doc.Get(token, "when"u8);
        var meal = false;
        for (var at = doc.First(events); at != Doc.None; at = doc.Following(events, at))
        {
            meal |= doc.Text(at) is [(byte)'C'] or [(byte)'C', (byte)'M' or (byte)'D' or (byte)'V'];
        }

        return doc.HasElement(token, "when"u8) && !meal;
    }
}
