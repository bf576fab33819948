using System.Globalization;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// The order of an answer whose rows are at hand, and the page of it that begins after a place: sort keys first, then
/// the id, so that every row has one place. http://hl7.org/fhir/R4/search.html#sort
/// </summary>
/// <param name="Id">Logical id of a row.</param>
/// <param name="Updated">What <c>_lastUpdated</c> sorts by.</param>
/// <param name="Date">What <c>date</c> sorts by; null where rows have none.</param>
internal sealed record Keyset<T>(Func<T, string> Id, Func<T, DateTimeOffset> Updated, Func<T, DateTimeOffset>? Date)
{
    /// <summary>The page of a search, and the place of its last row when another follows.</summary>
    public (List<T> Page, string? Next) Cut(IEnumerable<T> rows, SearchRequest search) =>
        search.CountOnly ? ([], null) : Cut(rows, search.Sort, search.After, search.Count);

    /// <summary>A page, and the place of its last row when another follows.</summary>
    /// <param name="rows">All that match.</param>
    /// <param name="sort">Keys asked for.</param>
    /// <param name="after">Place after which the page begins; null for the first.</param>
    /// <param name="limit">Rows of the page at the most.</param>
    public (List<T> Page, string? Next) Cut(
        IEnumerable<T> rows, IReadOnlyList<SortKey> sort, string? after, int limit)
    {
        var order = Order(sort);
        var placed = rows.Select(row => (Row: row, Keys: Keys(row, order))).ToList();
        placed.Sort((one, other) => Compare(one.Keys, other.Keys, order));
        if (after is not null)
        {
            var place = Places.Read(after, order);
            placed.RemoveAll(one => Compare(one.Keys, place, order) <= 0);
        }

        var page = placed.Take(limit).ToList();
        return (page.ConvertAll(one => one.Row), placed.Count > page.Count ? Places.Write(page[^1].Keys) : null);
    }

    /// <summary>Where a row stands in an order.</summary>
    public string PlaceOf(T row, IReadOnlyList<SortKey> sort) => Places.Write(Keys(row, Order(sort)));

    /// <summary>The keys of an order, the id last: what stands behind the id decides nothing.</summary>
    public static IReadOnlyList<SortKey> Order(IReadOnlyList<SortKey> sort)
    {
        var keys = sort.TakeWhile(key => key.Name != "_id").ToList();
        keys.Add(sort.FirstOrDefault(key => key.Name == "_id") ?? new("_id", false));
        return keys;
    }

    private string[] Keys(T row, IReadOnlyList<SortKey> order) => [.. order.Select(key => key.Name switch
    {
        "_id" => Id(row),
        "_lastUpdated" => Places.Text(Updated(row)),
        _ => Places.Text(Date!(row)),
    })];

    private static int Compare(string[] one, string[] other, IReadOnlyList<SortKey> order)
    {
        for (var i = 0; i < order.Count; i++)
        {
            if (string.CompareOrdinal(one[i], other[i]) is var difference and not 0)
            {
                return order[i].Descending ? -difference : difference;
            }
        }

        return 0;
    }
}

/// <summary>How sort keys stand in a place: as texts that compare as they do.</summary>
internal static class Places
{
    private const char Separator = '/';

    public static string Write(IEnumerable<string> keys) => string.Join(Separator, keys);

    /// <exception cref="Refused">400 when it is no place in this order.</exception>
    public static string[] Read(string place, IReadOnlyList<SortKey> order) =>
        place.Split(Separator) is var keys && keys.Length == order.Count ? keys : throw Broken();

    public static string Text(DateTimeOffset at) => at.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);

    public static DateTimeOffset Instant(string text) =>
        new(long.Parse(text, CultureInfo.InvariantCulture), TimeSpan.Zero);

    /// <summary>A link that an older version of the server made.</summary>
    private static Refused Broken() => Refused.BadSearch("This page link has expired: search again.");
}
