using CpIs.Server.Access;

namespace CpIs.Server.Sandbox;

/// <summary>
/// What a client asks for, cut down to what it holds: RFC 6749 §3.3, SMART v2 letters and conditions, v1 names.
/// </summary>
internal static class ScopeRequest
{
    private const string AllLetters = "cruds";

    /// <summary>The granted scopes, in the order held; empty when nothing asked for is held.</summary>
    public static string Grant(string asked, string held)
    {
        var wanted = Parts(asked);
        return string.Join(' ', Parts(held).SelectMany(one => Narrow(one, wanted)));
    }

    private static IEnumerable<string> Narrow(Scope held, List<Scope> wanted)
    {
        var context = held.Type[..(held.Type.IndexOf('/', StringComparison.Ordinal) + 1)];
        return wanted.Where(one => one.Type == held.Type || one.Type == context + "*")
            .GroupBy(one => one.Condition)
            .Select(same => (Letters: string.Concat(AllLetters.Where(letter =>
                held.Letters.Contains(letter, StringComparison.Ordinal)
                && same.Any(one => one.Letters.Contains(letter, StringComparison.Ordinal)))), Condition: same.Key))
            .Where(granted => granted.Letters.Length > 0)
            .Select(granted => $"{held.Type}.{granted.Letters}{granted.Condition}");
    }

    private static List<Scope> Parts(string scopes) =>
    [
        .. from scope in scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           let mark = scope.IndexOf('?', StringComparison.Ordinal)
           let plain = mark < 0 ? scope : scope[..mark]
           let dot = plain.LastIndexOf('.')
           where dot > 0
           select new Scope(plain[..dot], Scopes.Letters(plain[(dot + 1)..]), mark < 0 ? "" : scope[mark..]),
    ];

    /// <summary>One scope in its parts; the condition with its question mark.</summary>
    private sealed record Scope(string Type, string Letters, string Condition);
}
