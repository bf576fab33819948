using CpIs.Fhir;
using CpIs.Server.Access;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Searching;

/// <summary>
/// A search as it was asked, by GET or by posted form: its criteria and the parameters that shape the answer.
/// http://hl7.org/fhir/R4/search.html
/// </summary>
internal sealed partial class SearchRequest
{
    private const int CountDefault = 50;

    private static readonly string[] OfTheWire = ["_format", "_pretty"];

    private readonly SearchTerms terms;
    private bool lenient;

    private SearchRequest(SearchTerms terms) => this.terms = terms;

    public string Type => terms.Type;

    /// <summary>The answer is never cut into pages, so that a page's size is not applied.</summary>
    public bool Whole => terms.Whole;

    /// <summary>Criteria in the order asked.</summary>
    public List<Criterion> Criteria { get; } = [];

    /// <summary>What is to be included, in the order asked.</summary>
    public List<Inclusion> Inclusions { get; } = [];

    /// <summary>Entries a page holds at the most.</summary>
    public int Count { get; private set; } = CountDefault;

    /// <summary>True for <c>_summary=count</c> and <c>_count=0</c>: the number alone.</summary>
    public bool CountOnly { get; private set; }

    /// <summary>Keys of <c>_sort</c>; empty for the default order.</summary>
    public IReadOnlyList<SortKey> Sort { get; private set; } = [];

    /// <summary>What <c>_total</c> asked for; null when it was not asked.</summary>
    public string? Total { get; private set; }

    /// <summary>How much of each resource is shown.</summary>
    public Narrowing Shown { get; private set; } = Narrowing.None;

    /// <summary><c>_summary</c> as asked; null when it was not.</summary>
    public string? Summary { get; private set; }

    /// <summary><c>_elements</c> as asked; null when it was not.</summary>
    public string? Elements { get; private set; }

    /// <summary>Place of the last entry of the page before; null on the first page.</summary>
    public string? After { get; private set; }

    /// <summary>The whole search as one query string.</summary>
    public string Asked { get; private set; } = "";

    /// <summary>Names of what was left out under <c>Prefer: handling=lenient</c>.</summary>
    public List<string> LeftOut { get; } = [];

    /// <summary>What the answer says of that.</summary>
    public IEnumerable<OutcomeIssue> Warnings => LeftOut.Select(name => new OutcomeIssue("warning", "not-supported",
        DetailCode.ParameterIgnored, $"{name} is not known here and was left out."));

    /// <summary>Reads a search.</summary>
    /// <param name="call">The request.</param>
    /// <param name="terms">What the type's search understands.</param>
    /// <param name="pages">Opens the link of a later page.</param>
    /// <exception cref="Refused">400 for an unknown or malformed parameter.</exception>
    public static async Task<SearchRequest> ReadAsync(Call call, SearchTerms terms, PageTokens pages)
    {
        var request = call.Http.Request;
        var search = new SearchRequest(terms)
        {
            lenient = request.Headers["Prefer"].ToString().Contains(
                "handling=lenient", StringComparison.OrdinalIgnoreCase),
            Asked = request.QueryString.Value ?? "",
        };
        if (HttpMethods.IsPost(request.Method))
        {
            RequireForm(request);
            var form = await call.ReadFormAsync();
            search.Asked += (search.Asked.Length > 0 ? "&" : "?") + form;
            Formats.Negotiate(call.Http, QueryHelpers.ParseQuery(form));
        }
        else if (request.Query["_page"] is [{ } token])
        {
            RequireNothingElse(request.Query.Keys);
            var place = pages.Open(call, token);
            search.Asked = place.Asked;
            search.After = place.After;
            search.lenient = place.Lenient;
        }

        search.Add(QueryHelpers.ParseQuery(search.Asked));
        return search;
    }

    /// <summary>Reads a search that did not come as a request: the filter of an export.</summary>
    /// <exception cref="Refused">400 for an unknown or malformed parameter.</exception>
    public static SearchRequest Of(string query, SearchTerms terms)
    {
        var search = new SearchRequest(terms) { Asked = query };
        search.Add(QueryHelpers.ParseQuery(query));
        return search;
    }

    /// <summary>Reads the condition of a scope: criteria and nothing else.</summary>
    /// <exception cref="Refused">400 when it is something else.</exception>
    public static SearchRequest OfScope(string condition, SearchTerms terms)
    {
        var search = new SearchRequest(terms) { Asked = condition };
        var pairs = QueryHelpers.ParseQuery(condition);
        if (pairs.Keys.Any(name => name.StartsWith('_') && !terms.Parameters.Contains(name)))
        {
            throw Refused.BadSearch("A scope's condition holds criteria alone.");
        }

        search.Add(pairs);
        return search.Criteria.Count > 0 ? search : throw Refused.BadSearch("A scope's condition is empty.");
    }

    /// <summary>Whether what it does not know was left out rather than refused.</summary>
    public bool Lenient => lenient;

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

    private static void RequireNothingElse(IEnumerable<string> names)
    {
        if (names.Any(name => name != "_page" && !OfTheWire.Contains(name)))
        {
            throw Refused.BadSearch("A page link holds its search: nothing is added to it.");
        }
    }
}
