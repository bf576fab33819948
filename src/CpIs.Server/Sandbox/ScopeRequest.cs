namespace CpIs.Server.Sandbox;

/// <summary>What a client asks for, cut down to what it holds: RFC 6749 §3.3, SMART v2 letters, v1 names.</summary>
internal static class ScopeRequest
{
    private const string AllLetters = "cruds";

    /// <summary>The granted scopes, in the order held; empty when nothing asked for is held.</summary>
    public static string Grant(string asked, string held)
    {
        var wanted = Parts(asked);
        return string.Join(' ', Parts(held).Select(one => Narrow(one, wanted)).OfType<string>());
    }

    private static string? Narrow((string Type, string Letters) held, List<(string Type, string Letters)> wanted)
    {
        var context = held.Type[..(held.Type.IndexOf('/', StringComparison.Ordinal) + 1)];
        var letters = string.Concat(AllLetters.Where(letter => held.Letters.Contains(letter, StringComparison.Ordinal)
            && wanted.Any(one => (one.Type == held.Type || one.Type == context + "*")
                && one.Letters.Contains(letter, StringComparison.Ordinal))));
        return letters.Length > 0 ? $"{held.Type}.{letters}" : null;
    }

    private static List<(string Type, string Letters)> Parts(string scopes) =>
    [
        .. from scope in scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           let dot = scope.LastIndexOf('.')
           where dot > 0
           select (scope[..dot], Letters(scope[(dot + 1)..])),
    ];

    private static string Letters(string permission) => permission switch
    {
        "read" => "rs",
        "write" => "cud",
        "*" => AllLetters,
        _ => permission,
    };
}
