using System.Globalization;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>One search parameter of a resource type: its name, its FHIR type, and what it asks of a row.</summary>
/// <param name="Name">Name on the wire.</param>
/// <param name="Type">FHIR search parameter type.</param>
/// <param name="Build">From modifier and value to a condition; throws <see cref="Refused"/> on a bad one.</param>
/// <param name="Present">Whether a row has what the parameter looks at, for <c>:missing</c>.</param>
internal sealed record SearchParameter<T>(
    string Name, string Type, Func<string?, SearchValue, Predicate<T>> Build, Predicate<T> Present)
{
    /// <summary>Codes of the row, each in its system or in none.</summary>
    public static SearchParameter<T> Token(string name, Func<T, IEnumerable<(string? System, string Code)>> codes) =>
        new(name, "token", (modifier, value) => SearchConditions.Token(codes, modifier, value),
            row => codes(row).Any());

    /// <summary>A period of the row, or an instant as the period it is shown to.</summary>
    public static SearchParameter<T> Date(string name, Func<T, (DateTimeOffset From, DateTimeOffset Until)> period) =>
        new(name, "date", (modifier, value) => SearchConditions.Date(period, modifier, value), _ => true);

    /// <summary>When the version of the row was made.</summary>
    public static SearchParameter<T> Updated(Func<T, DateTimeOffset> at) =>
        Date("_lastUpdated", row => SearchConditions.Moment(at(row)));

    /// <summary>The organisation a row refers to, by id or by ODS code, which are the same here.</summary>
    public static SearchParameter<T> Organization(string name, Func<T, string> ods) =>
        new(name, "reference", (modifier, value) => SearchConditions.Organization(ods, modifier, value), _ => true);

    /// <summary>The person a row refers to, under any number that was asked for.</summary>
    public static SearchParameter<T> Patient(string name, Func<T, NhsNumber, bool> isAbout) =>
        new(name, "reference", (modifier, value) =>
        {
            var number = SearchConditions.Patient(modifier, value);
            return modifier == "not" ? row => !isAbout(row, number) : row => isAbout(row, number);
        }, _ => true);

    /// <summary>A text of the row; null where it has none.</summary>
    public static SearchParameter<T> String(string name, Func<T, string?> text) =>
        new(name, "string", (modifier, value) => SearchConditions.String(text, modifier, value),
            row => text(row) is not null);
}

/// <summary>Turns criteria into one condition, and reads the values that several parameters share.</summary>
internal static class SearchConditions
{
    private const CompareOptions Loosely = CompareOptions.IgnoreCase | CompareOptions.IgnoreNonSpace;

    /// <summary>All criteria at once: alternatives any-of, criteria all-of.</summary>
    public static Predicate<T> All<T>(SearchRequest search, IReadOnlyList<SearchParameter<T>> parameters) =>
        All(search.Criteria, parameters);

    /// <summary>Some criteria at once.</summary>
    public static Predicate<T> All<T>(IEnumerable<Criterion> criteria, IReadOnlyList<SearchParameter<T>> parameters)
    {
        var all = criteria.Select(c => Any(c, parameters.First(p => p.Name == c.Name))).ToArray();
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
            var terms = new SearchTerms("", [.. parameters.Select(p => p.Name)]);
            return All(SearchRequest.OfScope(condition, terms), parameters);
        }
        catch (Refused)
        {
            return null;
        }
    }

    /// <summary>A token value against the codes of the row.</summary>
    public static Predicate<T> Token<T>(
        Func<T, IEnumerable<(string? System, string Code)>> codes, string? modifier, SearchValue value)
    {
        var (system, code) = value.Token;
        if (string.IsNullOrEmpty(system) && code.Length == 0)
        {
            throw Refused.BadSearch("A token names a code, a system, or both.");
        }

        bool Has(T row) => codes(row).Any(c =>
            (system is null || system == (c.System ?? "")) && (code.Length == 0 || code == c.Code));
        return modifier switch
        {
            null => Has,
            "not" => row => !Has(row),
            _ => throw BadModifier(),
        };
    }

    /// <summary>A date value against a period of the row.</summary>
    public static Predicate<T> Date<T>(
        Func<T, (DateTimeOffset From, DateTimeOffset Until)> period, string? modifier, SearchValue value)
    {
        if (modifier is not null)
        {
            throw BadModifier();
        }

        var range = DateRange.Parse(value.Text);
        return row => period(row) is var (from, until) && range.Matches(from, until);
    }

    /// <summary>A reference to an organisation, by id or by ODS code, which are the same here.</summary>
    public static Predicate<T> Organization<T>(Func<T, string> ods, string? modifier, SearchValue value)
    {
        if (modifier == "identifier")
        {
            var (system, code) = value.Token;
            return row => system is null or Systems.Ods && ods(row) == code;
        }

        return Reference(ods, "Organization", modifier, value);
    }

    /// <summary>A reference to a resource of one type, by id: alone, with its type, or as a URL of ours.</summary>
    public static Predicate<T> Reference<T>(Func<T, string> id, string type, string? modifier, SearchValue value)
    {
        if (modifier is not (null or "not") && modifier != type)
        {
            throw BadModifier();
        }

        var wanted = Local(value.Text, type);
        return modifier == "not" ? row => id(row) != wanted : row => id(row) == wanted;
    }

    /// <summary>A text against a text: how it begins, whatever its case and accents.</summary>
    public static Predicate<T> String<T>(Func<T, string?> text, string? modifier, SearchValue value)
    {
        var wanted = value.Text;
        var compare = CultureInfo.InvariantCulture.CompareInfo;
        return modifier switch
        {
            null => row => text(row) is { } held && (compare.IsPrefix(held, wanted, Loosely)
                || compare.IndexOf(held, " " + wanted, Loosely) >= 0),
            "exact" => row => text(row) == wanted,
            "contains" => row => text(row) is { } held && compare.IndexOf(held, wanted, Loosely) >= 0,
            _ => throw BadModifier(),
        };
    }

    /// <summary>The span of an instant that is shown to the millisecond.</summary>
    public static (DateTimeOffset From, DateTimeOffset Until) Moment(DateTimeOffset at)
    {
        var shown = at.AddTicks(-(at.UtcTicks % TimeSpan.TicksPerMillisecond));
        return (shown, shown.AddMilliseconds(1));
    }

    /// <summary>A reference to a patient in any of its four forms, as an NHS number.</summary>
    /// <exception cref="Refused">400 when it is no reference to a patient, or the number is not valid.</exception>
    public static NhsNumber Patient(string? modifier, SearchValue value)
    {
        if (modifier is not (null or "Patient" or "identifier" or "not"))
        {
            throw BadModifier();
        }

        var (system, code) = value.Token;
        if (modifier == "identifier" && system is not (null or Systems.NhsNumber))
        {
            throw Refused.BadSearch($"A patient is found by the identifier system {Systems.NhsNumber}.");
        }

        var text = modifier == "identifier" ? code : Local(value.Text, "Patient");
        return NhsNumber.TryParse(text, out var number)
            ? number
            : throw Refused.BadNumber("Invalid NHS number. " + NhsNumber.Fault(text));
    }

    public static Refused BadModifier() => Refused.BadSearch("This search parameter does not have that modifier.");

    /// <summary>What <c>:missing</c> was given.</summary>
    public static bool Missing(Criterion criterion) => criterion.Values is [{ Raw: "true" or "false" }]
        ? criterion.Values[0].Raw == "true"
        : throw Refused.BadSearch("The modifier missing takes true or false.");

    private static Predicate<T> Any<T>(Criterion criterion, SearchParameter<T> parameter)
    {
        if (criterion.Modifier == "missing")
        {
            return Missing(criterion) ? row => !parameter.Present(row) : parameter.Present;
        }

        var any = criterion.Values.Select(v => parameter.Build(criterion.Modifier, v)).ToArray();
        return criterion.Modifier == "not"
            ? row => Array.TrueForAll(any, one => one(row))
            : row => Array.Exists(any, one => one(row));
    }

    /// <summary>The id a reference names: <c>id</c>, <c>Type/id</c>, or an address under our base.</summary>
    private static string Local(string reference, string type)
    {
        var at = reference.LastIndexOf(Routes.Prefix + "/", StringComparison.Ordinal);
        var text = at < 0 ? reference : reference[(at + Routes.Prefix.Length + 1)..];
        return text.StartsWith(type + "/", StringComparison.Ordinal) ? text[(type.Length + 1)..] : text;
    }
}
