namespace CpIs.Server.Access;

/// <summary>
/// SMART App Launch v2 scopes of a token: letters c r u d s per resource type; v1 <c>.read</c>, <c>.write</c> accepted.
/// A scope with a condition, such as <c>user/Flag.rs?code=system|code</c>, reads and finds what meets it.
/// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
/// </summary>
internal sealed class Scopes
{
    /// <summary>Conditions are searches, and a search has no say over what is written.</summary>
    private const string Conditional = "rs";

    private readonly Dictionary<string, string> letters = new(StringComparer.Ordinal);
    private readonly List<(string Type, string Letters, string Condition)> narrowed = [];

    private Scopes()
    {
    }

    /// <summary>Reads a space-separated scope claim; what is no SMART resource scope is left out.</summary>
    public static Scopes Parse(string? claim)
    {
        var scopes = new Scopes();
        foreach (var scope in (claim ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            scopes.Add(scope);
        }

        return scopes;
    }

    /// <summary>Whether a scope of the token holds a letter for a resource type, without a condition.</summary>
    public bool Allow(string resourceType, char letter) =>
        letters.GetValueOrDefault(resourceType, "").Contains(letter, StringComparison.Ordinal)
        || letters.GetValueOrDefault("*", "").Contains(letter, StringComparison.Ordinal);

    /// <summary>
    /// The conditions under which a letter is held for a resource type: to meet one of them is enough.
    /// </summary>
    public IReadOnlyList<string> Conditions(string resourceType, char letter) =>
        [.. narrowed.Where(n => n.Type == resourceType && n.Letters.Contains(letter, StringComparison.Ordinal))
            .Select(n => n.Condition)];

    /// <summary>A permission in its letters: v1 names spelt out; what is none grants nothing.</summary>
    public static string Letters(string permission) => permission switch
    {
        "read" => "rs",
        "write" => "cud",
        "*" => "cruds",
        _ => InOrder(permission) ? permission : "",
    };

    private void Add(string scope)
    {
        var mark = scope.IndexOf('?', StringComparison.Ordinal);
        var plain = mark < 0 ? scope : scope[..mark];
        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        var dot = plain.LastIndexOf('.');
        if (slash < 0 || dot < slash || plain[..slash] is not ("user" or "system"))
        {
            return;
        }

        var type = plain[(slash + 1)..dot];
        var permission = Letters(plain[(dot + 1)..]);
        if (mark < 0)
        {
            letters[type] = letters.GetValueOrDefault(type, "") + permission;
            return;
        }

        narrowed.Add((type, string.Concat(permission.Where(Conditional.Contains)), scope[(mark + 1)..]));
    }

    /// <summary>Letters stand in the order c r u d s, each at most once; anything else grants nothing.</summary>
    private static bool InOrder(string permission)
    {
        var last = -1;
        foreach (var letter in permission)
        {
            var at = "cruds".IndexOf(letter, StringComparison.Ordinal);
            if (at <= last)
            {
                return false;
            }

            last = at;
        }

        return permission.Length > 0;
    }
}
