using System.Collections.Concurrent;

namespace CpIs.Faults;

/// <summary>
/// Children that councils hold, as others may have heard of them: a council asks for what another holds, or writes to
/// it, by its very id, and must be told that there is nothing.
/// </summary>
internal sealed class Trespass
{
    private readonly ConcurrentDictionary<string, Child> known = new(StringComparer.Ordinal);

    /// <summary>The newest plan of each council is the one that is tried.</summary>
    public void Show(Child child)
    {
        if (child is { EpisodeId: not null, FlagId: not null })
        {
            known[child.Council] = child;
        }
    }

    /// <summary>A child that another council holds; null while none is known.</summary>
    public Child? Of(string council, Random random)
    {
        var others = known.Values.Where(child => child.Council != council).ToList();
        return others.Count == 0 ? null : others[random.Next(others.Count)];
    }

    /// <summary>One of the ways to reach for it.</summary>
    public static (HttpMethod Method, string Route, string? Body) Try(Child child, string council, Random random)
    {
        var (episode, flag) = ("EpisodeOfCare/" + child.EpisodeId, "Flag/" + child.FlagId);
        return random.Next(7) switch
        {
            0 => (HttpMethod.Get, episode, null),
            1 => (HttpMethod.Get, flag + "/_history/1", null),
            2 => (HttpMethod.Get, $"Patient/{child.NhsNumber}/_history/1", null),
            3 => (HttpMethod.Get, "EpisodeOfCare?patient=" + child.NhsNumber, null),
            4 => (HttpMethod.Get, flag + "/_history", null),
            5 => (HttpMethod.Put, episode, new Child(child.NhsNumber, council, "").Episode(child.EpisodeId)),
            _ => (HttpMethod.Delete, flag, null),
        };
    }

    /// <summary>Promise P4 on one answer; null when it kept to it.</summary>
    public static string? Fault(HttpMethod method, Answer answer) => answer switch
    {
        { Succeeded: true, Shown: [], Put: [] } when method == HttpMethod.Get => null,
        { Succeeded: true } => $"another council's: answered {answer.Status}",
        { Status: 404 } => answer.Leak(),
        _ => answer.Fault(),
    };
}
