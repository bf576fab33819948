using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>One search parameter of a resource type: its name, its FHIR type, and what it asks of a row.</summary>
/// <param name="Name">Name on the wire.</param>
/// <param name="Type">FHIR search parameter type.</param>
/// <param name="Build">From modifier and value to a condition; throws <see cref="Refused"/> on a bad one.</param>
internal sealed record SearchParameter<T>(string Name, string Type, Func<string?, string, Predicate<T>> Build);

/// <summary>Turns criteria into one condition, and reads the values that several parameters share.</summary>
internal static class SearchConditions
{
    /// <summary>All criteria at once: alternatives any-of, criteria all-of.</summary>
    public static Predicate<T> All<T>(SearchRequest search, IReadOnlyList<SearchParameter<T>> parameters)
    {
        var all = search.Criteria.Select(c => Any(c, parameters.First(p => p.Name == c.Name))).ToArray();
        return row => Array.TrueForAll(all, one => one(row));
    }

    /// <summary>
    /// What the token's scopes let the caller see; a condition that cannot be read lets nothing be seen.
    /// </summary>
    /// <exception cref="Refused">403 when no condition can be read.</exception>
    public static Predicate<T> Within<T>(Call call, IReadOnlyList<SearchParameter<T>> parameters)
    {
        if (call.Within is not { } conditions)
        {
            return _ => true;
        }

        var any = conditions.Select(c => Condition(c, parameters)).OfType<Predicate<T>>().ToArray();
        return any.Length > 0 ? row => Array.Exists(any, one => one(row))
            : throw Refused.Denied("The token's scopes have conditions that this server does not know.");
    }

    private static Predicate<T>? Condition<T>(string condition, IReadOnlyList<SearchParameter<T>> parameters)
    {
        try
        {
            return All(SearchRequest.OfScope(condition, [.. parameters.Select(p => p.Name)]), parameters);
        }
        catch (Refused)
        {
            return null;
        }
    }

    /// <summary>A token value against one system and a set of codes of the row.</summary>
    public static Func<string?, string,
        Predicate<T>> Token<T>(Func<T, IEnumerable<(string? System, string Code)>> codes) =>
        (modifier, value) =>
        {
            var (system, code) = SplitToken(value);
            bool Has(T row) => codes(row).Any(c =>
                (system is null || system == (c.System ?? "")) && (code.Length == 0 || code == c.Code));
            return modifier switch
            {
                null => Has,
                "not" => row => !Has(row),
                "missing" => Missing<T>(value, row => codes(row).Any()),
                _ => throw BadModifier(),
            };
        };

    /// <summary>A date value against a period of the row.</summary>
    public static Func<string?, string, Predicate<T>> Date<T>(
        Func<T, (DateTimeOffset From, DateTimeOffset Until)> period) =>
        (modifier, value) =>
        {
            if (modifier == "missing")
            {
                return Missing<T>(value, _ => true);
            }

            if (modifier is not null)
            {
                throw BadModifier();
            }

            var range = DateRange.Parse(value);
            return row => period(row) is var (from, until) && range.Matches(from, until);
        };

    /// <summary>A reference to an organisation, by id or by ODS code, which are the same here.</summary>
    public static Func<string?, string, Predicate<T>> Organization<T>(Func<T, string> ods) =>
        (modifier, value) =>
        {
            if (modifier == "identifier")
            {
                var (system, code) = SplitToken(value);
                return row => system == Systems.Ods && ods(row) == code;
            }

            if (modifier is not (null or "Organization"))
            {
                throw BadModifier();
            }

            var id = value[(value.LastIndexOf('/') + 1)..];
            return row => ods(row) == id;
        };

    /// <summary>The span of an instant that is kept to the millisecond.</summary>
    public static (DateTimeOffset From, DateTimeOffset Until) Moment(DateTimeOffset at) => (at, at.AddMilliseconds(1));

    /// <summary>A reference to a patient in any of its four forms, as an NHS number.</summary>
    /// <exception cref="Refused">400 when it is no reference to a patient, or the number is not valid.</exception>
    public static NhsNumber Patient(string? modifier, string value)
    {
        var text = value;
        if (modifier == "identifier")
        {
            var (system, code) = SplitToken(value);
            if (system != Systems.NhsNumber)
            {
                throw Refused.BadSearch($"A patient is found by the identifier system {Systems.NhsNumber}.");
            }

            text = code;
        }
        else if (modifier is not (null or "Patient"))
        {
            throw BadModifier();
        }
        else
        {
            text = value[(value.LastIndexOf("Patient/", StringComparison.Ordinal) is var at and >= 0 ? at + 8 : 0)..];
        }

        return NhsNumber.TryParse(text, out var number)
            ? number
            : throw Refused.BadNumber("Invalid NHS number. " + NhsNumber.Fault(text));
    }

    /// <summary>
    /// <c>system|code</c>, <c>|code</c> (no system), <c>code</c> (any system), <c>system|</c> (any code).
    /// </summary>
    public static (string? System, string Code) SplitToken(string value)
    {
        var bar = value.IndexOf('|', StringComparison.Ordinal);
        return bar < 0 ? (null, value) : (value[..bar], value[(bar + 1)..]);
    }

    public static Refused BadModifier() => Refused.BadSearch("This search parameter does not have that modifier.");

    private static Predicate<T> Missing<T>(string value, Predicate<T> present) => value switch
    {
        "true" => row => !present(row),
        "false" => present,
        _ => throw Refused.BadSearch("The modifier missing takes true or false."),
    };

    private static Predicate<T> Any<T>(Criterion criterion, SearchParameter<T> parameter)
    {
        var any = criterion.Values.Select(v => parameter.Build(criterion.Modifier, v)).ToArray();
        return criterion.Modifier == "not"
            ? row => Array.TrueForAll(any, one => one(row))
            : row => Array.Exists(any, one => one(row));
    }
}
