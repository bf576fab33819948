using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>
/// What is shown beside the plans of a search. A plan has one of each: its other half, its person, its council; so what
/// the includes of a search lead to is a matter of types. http://hl7.org/fhir/R4/search.html#include
/// </summary>
/// <param name="Patients">The people.</param>
/// <param name="Organizations">The councils.</param>
/// <param name="OtherHalf">Of Flags the episodes, of episodes the Flags.</param>
internal sealed record PlanIncludes(bool Patients, bool Organizations, bool OtherHalf)
{
    /// <summary>Values of <c>_include</c>, and what each leads to.</summary>
    public static readonly IReadOnlyDictionary<string, string> Forward = new OrderedDictionary<string, string>
    {
        ["Flag:patient"] = "Patient",
        ["Flag:subject"] = "Patient",
        ["Flag:author"] = "Organization",
        ["Flag:detail"] = "EpisodeOfCare",
        ["EpisodeOfCare:organization"] = "Organization",
        ["EpisodeOfCare:patient"] = "Patient",
    };

    /// <summary>Values of <c>_revinclude</c>: Flags that refer to what is shown.</summary>
    public static readonly IReadOnlyDictionary<string, string> Backward = new OrderedDictionary<string, string>
    {
        ["Flag:detail"] = "EpisodeOfCare",
    };

    /// <summary>
    /// From the matches, and with <c>:iterate</c> from whatever that led to, until nothing new comes.
    /// </summary>
    public static PlanIncludes Of(SearchRequest search, PlanView view)
    {
        var shown = new HashSet<string> { view.ResourceType };
        for (var before = 0; before < shown.Count;)
        {
            before = shown.Count;
            foreach (var one in search.Inclusions)
            {
                var (from, to) = one.Reverse ? (Backward[one.Path], Source(one)) : (Source(one), Forward[one.Path]);
                if (from == view.ResourceType || (one.Iterate && shown.Contains(from)))
                {
                    shown.Add(to);
                }
            }
        }

        return new(shown.Contains("Patient"), shown.Contains("Organization"),
            shown.Contains("Flag") && shown.Contains("EpisodeOfCare"));
    }

    /// <summary>The types that come beside those of a view.</summary>
    public IEnumerable<string> Types(PlanView view)
    {
        if (Patients)
        {
            yield return "Patient";
        }

        if (Organizations)
        {
            yield return "Organization";
        }

        if (OtherHalf)
        {
            yield return view == PlanView.Flag ? "EpisodeOfCare" : "Flag";
        }
    }

    private static string Source(Inclusion one) => one.Path[..one.Path.IndexOf(':', StringComparison.Ordinal)];
}
