namespace CpIs.Server.Access;

/// <summary>
/// SMART App Launch v2 scopes of a token: letters c r u d s per resource type; v1 <c>.read</c>, <c>.write</c> accepted.
/// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
/// </summary>
internal sealed class Scopes
{
    private readonly Dictionary<string, string> letters = new(StringComparer.Ordinal);

    private Scopes()
    {
    }

    /// <summary>Reads a space-separated scope claim; what is no SMART resource scope is left out.</summary>
    public static Scopes Parse(string? claim)
    {
        var scopes = new Scopes();
        foreach (var scope in (claim ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var slash = scope.IndexOf('/', StringComparison.Ordinal);
            var dot = scope.LastIndexOf('.');
            if (slash < 0 || dot < slash || scope.Contains('?', StringComparison.Ordinal)
                || scope[..slash] is not ("user" or "system"))
            {
                continue;
            }

            var type = scope[(slash + 1)..dot];
            scopes.letters[type] = scopes.letters.GetValueOrDefault(type, "") + Letters(scope[(dot + 1)..]);
        }

        return scopes;
    }

    /// <summary>Whether a scope of the token holds a letter for a resource type.</summary>
    public bool Allow(string resourceType, char letter) =>
        letters.GetValueOrDefault(resourceType, "").Contains(letter, StringComparison.Ordinal)
        || letters.GetValueOrDefault("*", "").Contains(letter, StringComparison.Ordinal);

    private static string Letters(string permission) => permission switch
    {
        "read" => "rs",
        "write" => "cud",
        "*" => "cruds",
        _ => InOrder(permission) ? permission : "",
    };

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
