using System.Globalization;
using System.Text.Json;
using CpIs.Server.Access;
using CpIs.Server.Searching;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Versions;

/// <summary>
/// The parameters of a history: <c>_count</c>, <c>_since</c>, <c>_at</c>, or the link of a later page.
/// http://hl7.org/fhir/R4/http.html#history
/// </summary>
/// <param name="Question">What is asked.</param>
/// <param name="Asked">The same as a query string.</param>
internal sealed record VersionRequest(VersionQuestion Question, string Asked)
{
    private const int CountDefault = 50;
    private const int CountMax = 1000;

    /// <summary>Reads the request.</summary>
    /// <param name="call">The request.</param>
    /// <param name="id">The resource; null for all of its type.</param>
    /// <param name="pages">Opens the link of a later page.</param>
    /// <exception cref="Refused">400 for an unknown or malformed parameter.</exception>
    public static VersionRequest Read(Call call, string? id, PageTokens pages)
    {
        var asked = call.Http.Request.QueryString.Value ?? "";
        VersionKey? after = null;
        if (call.Http.Request.Query["_page"] is [{ } token])
        {
            var place = pages.Open(call, token, Path(call, id));
            (asked, after) = (place.Asked, JsonSerializer.Deserialize<VersionKey>(place.After));
        }

        var question = new VersionQuestion(id) { Limit = CountDefault, After = after };
        foreach (var (name, values) in QueryHelpers.ParseQuery(asked))
        {
            question = values is [{ } value] ? With(question, name, value)
                : throw Refused.BadSearch("A history takes each parameter once.");
        }

        return new(question, asked);
    }

    /// <summary>Link to the page after this one; null when there is none.</summary>
    public string? Next(Call call, VersionPage page, PageTokens pages) => !page.More ? null
        : pages.Link(call, Path(call, Question.Id), Asked, JsonSerializer.Serialize(VersionKey.Of(page.Rows[^1])));

    /// <summary>The history's own address, under the base.</summary>
    public static string Path(Call call, string? id) =>
        call.Route.Resource + (id is null ? "" : "/" + id) + "/_history";

    private static VersionQuestion With(VersionQuestion question, string name, string value)
    {
        switch (name)
        {
            case "_count":
                return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    ? question with { Limit = Math.Min(count, CountMax) }
                    : throw Refused.BadSearch("_count must be a whole number.");
            case "_since":
                return question with { Since = Date(value).From };
            case "_at":
                var at = Date(value);
                return question with { AtFrom = at.From, AtUntil = at.Until };
            case "_format" or "_pretty":
                return question;
            default:
                throw Refused.BadSearch("A history takes _count, _since and _at.");
        }
    }

    private static DateRange Date(string value) => value.Length > 0 && char.IsAsciiDigit(value[0])
        ? DateRange.Parse(value) : throw Refused.BadSearch("_since and _at take a date or an instant.");
}
