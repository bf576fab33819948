using System.Text;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// The search as it was applied: no parameter that was left out, none that only shapes the wire.
/// http://hl7.org/fhir/R4/search.html#conformance
/// </summary>
internal static class SelfLink
{
    public static string Of(Call call, SearchRequest search)
    {
        var link = new StringBuilder(call.Base).Append('/').Append(search.Type);
        var mark = '?';
        void Add(string name, string value)
        {
            link.Append(mark).Append(name).Append('=').Append(value);
            mark = '&';
        }

        foreach (var criterion in search.Criteria)
        {
            Add(criterion.Asked, string.Join(',', criterion.Values.Select(v => Uri.EscapeDataString(v.Raw))));
        }

        search.Inclusions.ForEach(i => Add(i.Name, Uri.EscapeDataString(i.Asked)));
        if (search.Sort.Count > 0)
        {
            Add("_sort", string.Join(',', search.Sort));
        }

        if (search.Total is { } total)
        {
            Add("_total", total);
        }

        if (search.Elements is { } elements)
        {
            Add("_elements", Uri.EscapeDataString(elements));
        }

        if (search.Summary is { } summary)
        {
            Add("_summary", summary);
        }

        if (search.Summary != "count" && (search.Count == 0 || !search.Whole))
        {
            Add("_count", search.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return link.ToString();
    }
}
