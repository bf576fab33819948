using System.Collections.Concurrent;
using CpIs.Audit;

namespace CpIs.Server.Access;

/// <summary>A person at an organisation: what is too much is counted for each by itself.</summary>
internal readonly record struct Looker(string UserId, string Organisation);

/// <summary>
/// Who of the health callers has looked at how many people, in memory, so that a look-up is marked without a
/// question to the database. It is told of every answer this server shows; what it cannot know, looks on other servers
/// and before a start, is put in from the ledger by <see cref="AuditTrail.Alerts"/>.
/// </summary>
internal sealed class Browsing(ServerOptions options, TimeProvider clock)
{
    /// <summary>What the entry of a look beyond the threshold says.</summary>
    public const string Mark = "BROWSING";

    /// <summary>Persons remembered; when there are more all begin anew, from the ledger.</summary>
    private const int PeopleMax = 50_000;

    private readonly ConcurrentDictionary<Looker, Looks> people = new();

    /// <summary>
    /// The looks of a clinician who is about to read or search; null where nothing is counted. Reporting an attendance
    /// and checking a resource look at nobody.
    /// </summary>
    public Looks? Of(Call call) =>
        options.Browsing.PatientsMax > 0 && call.Route.Letter is 'r' or 's'
        && call.Caller is { Kind: Who.Health, UserId: { } person }
            ? Of(new Looker(person, call.Caller.Organisation)) : null;

    /// <summary>Counts what an answer is about to show.</summary>
    public void Count(AuditEntry shown)
    {
        if (options.Browsing.PatientsMax > 0
            && shown is { Unscheduled: not null, AgentUserId: { } person, Organisation: { } organisation,
                NhsNumber: { } number })
        {
            Of(new Looker(person, organisation)).Add(number, clock.GetUtcNow());
        }
    }

    /// <summary>Those who asked since this was asked last; who has not for a window is forgotten.</summary>
    public IReadOnlyList<(Looker Who, Looks Looks)> Stirred()
    {
        var stirred = new List<(Looker, Looks)>();
        foreach (var (who, looks) in people)
        {
            if (looks.Rest())
            {
                stirred.Add((who, looks));
            }
            else if (looks.AreOver)
            {
                people.TryRemove(who, out _);
            }
        }

        return stirred;
    }

    private Looks Of(Looker who)
    {
        if (people.Count >= PeopleMax && !people.ContainsKey(who))
        {
            people.Clear();
        }

        var looks = people.GetOrAdd(who, _ => new Looks(options.Browsing, clock));
        looks.Stir();
        return looks;
    }
}
