using System.Globalization;
using CpIs.Fhir;
using CpIs.Server.Access;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Searching;

/// <summary>
/// A search as it was asked, by GET or by posted form: its criteria and the parameters that shape the answer.
/// http://hl7.org/fhir/R4/search.html
/// </summary>
internal sealed class SearchRequest
{
    /// <summary>Criteria in one request.</summary>
    private const int CriteriaMax = 50;

    private const int CountDefault = 50;
    private const int CountMax = 1000;

    private static readonly string[] Ignored = ["_format", "_pretty"];

    /// <summary>Criteria in the order asked.</summary>
    public List<Criterion> Criteria { get; } = [];

    public List<string> Includes { get; } = [];

    public List<string> RevIncludes { get; } = [];

    /// <summary>Entries a page holds at the most.</summary>
    public int Count { get; private set; } = CountDefault;

    /// <summary>True for <c>_summary=count</c> and <c>_count=0</c>: the number alone.</summary>
    public bool CountOnly { get; private set; }

    /// <summary>Ascending or descending name of <c>_sort</c>; null for the default order.</summary>
    public string? Sort { get; private set; }

    /// <summary>What <c>_total</c> asked for; null when it was not asked.</summary>
    public string? Total { get; private set; }

    /// <summary>Key of the last entry of the page before; null on the first page.</summary>
    public string? After { get; private set; }

    /// <summary>The whole search as one query string.</summary>
    public string Asked { get; private set; } = "";

    /// <summary>Parameters left out under <c>Prefer: handling=lenient</c>.</summary>
    public List<string> LeftOut { get; } = [];

    private bool lenient;

    /// <summary>Reads a search.</summary>
    /// <param name="call">The request.</param>
    /// <param name="known">Names of search parameters of the type.</param>
    /// <param name="pages">Opens the link of a later page.</param>
    /// <exception cref="Refused">400 for an unknown or malformed parameter.</exception>
    public static async Task<SearchRequest> ReadAsync(Call call, IReadOnlyCollection<string> known, PageTokens pages)
    {
        var request = call.Http.Request;
        var search = new SearchRequest { lenient = Lenient(request), Asked = request.QueryString.Value ?? "" };
        if (HttpMethods.IsPost(request.Method))
        {
            RequireForm(request);
            search.Asked += (search.Asked.Length > 0 ? "&" : "?") + await call.ReadFormAsync();
        }
        else if (request.Query["_page"] is [{ } token])
        {
            var place = pages.Open(call, token);
            search.Asked = place.Asked;
            search.After = place.After;
        }

        search.Add(QueryHelpers.ParseQuery(search.Asked), known);
        return search;
    }

    /// <summary>Reads a search that did not come as a request: the filter of an export.</summary>
    /// <exception cref="Refused">400 for an unknown or malformed parameter.</exception>
    public static SearchRequest Of(string query, IReadOnlyCollection<string> known)
    {
        var search = new SearchRequest { Asked = query };
        search.Add(QueryHelpers.ParseQuery(query), known);
        return search;
    }

    /// <summary>Reads the condition of a scope: criteria and nothing else.</summary>
    /// <exception cref="Refused">400 when it is something else.</exception>
    public static SearchRequest OfScope(string condition, IReadOnlyCollection<string> known)
    {
        var search = new SearchRequest { Asked = condition };
        foreach (var (name, values) in QueryHelpers.ParseQuery(condition))
        {
            if (name.StartsWith('_') && !known.Contains(name))
            {
                throw Refused.BadSearch("A scope's condition holds criteria alone.");
            }

            search.Add(new() { [name] = values }, known);
        }

        return search.Criteria.Count > 0 ? search : throw Refused.BadSearch("A scope's condition is empty.");
    }

    private static void RequireForm(HttpRequest request)
    {
        if (request.ContentLength is > 0
            && request.ContentType?.StartsWith("application/x-www-form-urlencoded",
                StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new Refused(415, [new("error", "not-supported", DetailCode.Unsupported,
                "A posted search is application/x-www-form-urlencoded.")]);
        }
    }

    private static bool Lenient(HttpRequest request) =>
        request.Headers["Prefer"].ToString().Contains("handling=lenient", StringComparison.OrdinalIgnoreCase);

    private void Add(
        Dictionary<string, Microsoft.Extensions.Primitives.StringValues> pairs, IReadOnlyCollection<string> known)
    {
        foreach (var (name, values) in pairs)
        {
            foreach (var value in values)
            {
                AddOne(name, value ?? "", known);
            }
        }
    }

    private void AddOne(string name, string value, IReadOnlyCollection<string> known)
    {
        if (value.Contains('\0', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
        {
            throw Refused.BadSearch("A search value holds a NUL character.");
        }

        if (Ignored.Contains(name) || AddShape(name, value))
        {
            return;
        }

        var (bare, modifier) = Split(name);
        if (!known.Contains(bare))
        {
            LeaveOut(name);
            return;
        }

        if (value.Length == 0)
        {
            throw Refused.BadSearch($"The search parameter {bare} is empty.");
        }

        Criteria.Add(new Criterion(bare, modifier, SplitValues(value)));
        if (Criteria.Count > CriteriaMax)
        {
            throw Refused.BadSearch($"More than {CriteriaMax} search criteria.");
        }
    }

    private void LeaveOut(string name)
    {
        if (!lenient)
        {
            throw Refused.BadSearch("Unknown search parameter, or a modifier it does not have.");
        }

        LeftOut.Add(name);
    }

    private bool AddShape(string name, string value)
    {
        switch (name)
        {
            case "_count":
                Count = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    ? Math.Min(count, CountMax)
                    : throw Refused.BadSearch("_count must be a whole number.");
                CountOnly |= Count == 0;
                return true;
            case "_summary":
                CountOnly |= value == "count";
                return value is "count" or "false" ? true
                    : throw Refused.BadSearch("_summary: count and false are served.");
            case "_total":
                Total = value is "none" or "accurate" or "estimate"
                    ? value : throw Refused.BadSearch("_total must be none, accurate or estimate.");
                return true;
            case "_include" or "_include:iterate":
                Includes.Add(value);
                return true;
            case "_revinclude":
                RevIncludes.Add(value);
                return true;
            case "_sort":
                Sort = value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Chains are written <c>patient.identifier</c>; they are served as the modifier <c>identifier</c>.
    /// </summary>
    private static (string Name, string? Modifier) Split(string name)
    {
        var at = name.IndexOfAny([':', '.']);
        return at < 0 ? (name, null) : (name[..at], name[(at + 1)..]);
    }

    /// <summary>Alternatives of a value: commas divide, <c>\,</c> does not.</summary>
    private static List<string> SplitValues(string value)
    {
        var values = new List<string>();
        var one = new System.Text.StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length && value[i + 1] is ',' or '\\' or '$' or '|')
            {
                one.Append(value[++i]);
            }
            else if (value[i] == ',')
            {
                values.Add(one.ToString());
                one.Clear();
            }
            else
            {
                one.Append(value[i]);
            }
        }

        values.Add(one.ToString());
        return values;
    }
}

/// <summary>One search parameter as asked: alternatives are any-of, several criteria are all-of.</summary>
internal sealed record Criterion(string Name, string? Modifier, IReadOnlyList<string> Values);
