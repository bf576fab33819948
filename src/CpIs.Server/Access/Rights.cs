namespace CpIs.Server.Access;

/// <summary>
/// The route table in words: who may do what, under which scope. The CapabilityStatement and docs/access.md say it with
/// these, so that neither can promise what the <see cref="Door"/> does not keep.
/// </summary>
internal static class Rights
{
    private static readonly Who[] Kinds =
        [Who.Health, Who.Council, Who.Auditor, Who.Archive, Who.Registrar, Who.Feed];

    /// <summary>Rows of a Markdown table: what, how, who, scope. One row for requests with the same rights.</summary>
    public static IEnumerable<string> Rows() => Routes.Table.Concat(Routes.Log)
        .GroupBy(r => (r.Resource, r.Prefix, What: What(r), r.Who, r.Letter, r.Narrows))
        .Select(g => $"| {Place(g.First())} | {g.Key.What} | {string.Join(", ", Names(g.Key.Who))} "
            + $"| {(g.Key.Letter is null ? "" : $"`{g.Key.Resource}.{g.Key.Letter}{(g.Key.Narrows ? "[?…]"
                : "")}`")} |");

    /// <summary>The rights to one type, for its entry in the CapabilityStatement.</summary>
    public static string Of(string resource) => string.Join(" ", Routes.Table.Where(r => r.Resource == resource)
        .GroupBy(r => r.Who)
        .Select(g => $"{string.Join(", ", Names(g.Key))}: {string.Join(", ", g.Select(What).Distinct())}."));

    /// <summary>Kinds of caller by name.</summary>
    public static IEnumerable<string> Names(Who who) => who.HasFlag(Who.Public) ? ["anybody, without a token"]
        : who == Who.Anyone ? ["everybody with a token"]
        : Kinds.Where(k => who.HasFlag(k)).Select(k => k.ToString().ToLowerInvariant());

    private static string Place(Route route) =>
        route.Resource.Length > 0 ? route.Resource : route.Prefix == Routes.Prefix ? "base" : route.Prefix;

    private static string What(Route route) => route.Interaction == "operation"
        ? route.Path.Length == 0 ? "list"
            : route.Path[(route.Path.IndexOf(Operation(route), StringComparison.Ordinal))..]
        : route.Interaction == "search-type" ? "search"
        : route.Also is { } also ? $"{route.Interaction}, {also}" : route.Interaction;

    /// <summary>Where the operation's own part of the path begins.</summary>
    private static string Operation(Route route) =>
        route.Path.Contains('$', StringComparison.Ordinal) ? "$" : route.Path;
}
