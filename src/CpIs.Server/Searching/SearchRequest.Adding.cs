using System.Globalization;
using CpIs.Server.Access;
using Microsoft.Extensions.Primitives;

namespace CpIs.Server.Searching;

/// <summary>How each parameter that was sent becomes part of the search, or is refused.</summary>
internal sealed partial class SearchRequest
{
    /// <summary>Criteria, includes and sort keys in one request, of each.</summary>
    private const int CriteriaMax = 50;

    /// <summary>Entries of a page that a caller may ask for.</summary>
    private const int CountMax = 1000;

    /// <summary>Characters of a parameter's name that is told back.</summary>
    private const int NameMax = 40;

    private void Add(Dictionary<string, StringValues> pairs)
    {
        foreach (var (name, values) in pairs)
        {
            foreach (var value in values)
            {
                if (value!.Contains('\0', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
                {
                    throw Refused.BadSearch("A search value holds a NUL character.");
                }

                if (!OfTheWire.Contains(name) && !AddShape(name, value, values.Count) && !AddInclusion(name, value))
                {
                    AddCriterion(name, value);
                }
            }
        }

        Shown = Narrowing.Read(Type, Summary, Elements);
        if (Summary == "text" && Inclusions.Count > 0)
        {
            throw Refused.BadSearch("_summary=text includes nothing else.");
        }

        if (Math.Max(Criteria.Count, Math.Max(Inclusions.Count, Sort.Count)) > CriteriaMax)
        {
            throw Refused.BadSearch($"More than {CriteriaMax} search criteria.");
        }
    }

    private void AddCriterion(string name, string value)
    {
        var at = name.IndexOfAny([':', '.']);
        var bare = at < 0 ? name : name[..at];
        if (!terms.Parameters.Contains(bare))
        {
            LeaveOut(name, terms.Whole ? $"This search of {Type} is by the patient alone, without {Told(name)}."
                : $"{Told(name)} is not a search parameter of {Type}.");
            return;
        }

        if (value.Length == 0)
        {
            throw Refused.BadSearch($"The search parameter {bare} is empty.");
        }

        Criteria.Add(new Criterion(bare, Modifier(name, at), SearchValue.Alternatives(value)) { Asked = name });
    }

    /// <summary>
    /// Chains are written <c>patient.identifier</c>; they are served as the modifier <c>identifier</c>.
    /// </summary>
    private static string? Modifier(string name, int at) =>
        at < 0 ? null
        : name[at] == '.' && name[(at + 1)..] != "identifier" ? "." + name[(at + 1)..]
        : name.EndsWith(".identifier", StringComparison.Ordinal) && name[at] == ':'
            ? name[(at + 1)..] switch
            {
                "Patient.identifier" or "Organization.identifier" => "identifier",
                var other => other,
            }
        : name[(at + 1)..];

    /// <exception cref="Refused">400, unless the caller wants it left out.</exception>
    private void LeaveOut(string name, string why)
    {
        if (!lenient)
        {
            throw Refused.BadSearch(why);
        }

        LeftOut.Add(Told(name));
    }

    /// <summary>A name that may be told back; a client may have put anything there.</summary>
    private static string Told(string name) =>
        name.Length <= NameMax && name.All(c => char.IsAsciiLetter(c) || c is '_' or '-' or '.' or ':')
            ? name : "A parameter";

    private bool AddShape(string name, string value, int times)
    {
        if (name is not ("_count" or "_summary" or "_elements" or "_total" or "_sort"))
        {
            return false;
        }

        if (times > 1)
        {
            throw Refused.BadSearch($"{name} may stand once.");
        }

        switch (name)
        {
            case "_count":
                Count = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    ? Math.Min(count, CountMax)
                    : throw Refused.BadSearch("_count must be a whole number.");
                CountOnly |= Count == 0;
                break;
            case "_summary":
                Summary = value;
                CountOnly |= value == "count";
                break;
            case "_elements":
                Elements = value;
                break;
            case "_total":
                Total = value is "none" or "accurate" or "estimate"
                    ? value : throw Refused.BadSearch("_total must be none, accurate or estimate.");
                break;
            default:
                AddSort(value);
                break;
        }

        return true;
    }

    private void AddSort(string value)
    {
        var keys = value.Split(',', StringSplitOptions.TrimEntries)
            .Select(key => key.StartsWith('-') ? new SortKey(key[1..], true) : new(key, false)).ToList();
        if (keys.Exists(key => !terms.Sorts.Contains(key.Name)))
        {
            LeaveOut("_sort", terms.Sorts.Count == 0 ? $"{Type} is not sorted."
                : $"{Type} is sorted by {string.Join(", ", terms.Sorts)}, each with a minus for descending.");
            return;
        }

        Sort = [.. keys.DistinctBy(key => key.Name)];
    }

    private bool AddInclusion(string name, string value)
    {
        if (name is not ("_include" or "_include:iterate" or "_revinclude" or "_revinclude:iterate"))
        {
            return false;
        }

        var reverse = name.StartsWith("_rev", StringComparison.Ordinal);
        if (!reverse && terms.MalformedInclude is { } start && value.StartsWith(start, StringComparison.Ordinal))
        {
            return true;
        }

        var served = reverse ? terms.RevIncludes : terms.Includes;
        var path = string.Join(':', value.Split(':').Take(2));
        if (served.TryGetValue(path, out var target) && (value == path || value == $"{path}:{target}"))
        {
            Inclusions.Add(new(path, reverse, name.EndsWith(":iterate", StringComparison.Ordinal), value));
            return true;
        }

        LeaveOut(reverse ? "_revinclude" : "_include", served.Count == 0
            ? $"{Type} is served without this." : $"Only {string.Join(", ", served.Keys)} are served.");
        return true;
    }
}
