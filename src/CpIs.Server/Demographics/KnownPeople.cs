using System.Collections.Concurrent;
using CpIs.Fhir;

namespace CpIs.Server.Demographics;

/// <summary>
/// What the national service said lately: a council that sends the same caseload every hour is no load on it. It
/// holds two generations, so that its size has a bound and forgetting costs nothing.
/// </summary>
internal sealed class KnownPeople(TimeProvider clock)
{
    /// <summary>Numbers of one generation; there are two.</summary>
    private const int GenerationPeopleMax = 50_000;

    /// <summary>How long an answer counts; a number superseded meanwhile is found out at the next upload.</summary>
    private const int KeptMinutes = 60;

    private ConcurrentDictionary<NhsNumber, Known> newer = new();
    private ConcurrentDictionary<NhsNumber, Known> older = new();

    public RegisteredPerson? Find(NhsNumber number) =>
        (newer.TryGetValue(number, out var known) || older.TryGetValue(number, out known))
            && clock.GetUtcNow() < known.Until ? known.Person : null;

    public void Keep(RegisteredPerson person)
    {
        if (newer.Count >= GenerationPeopleMax)
        {
            older = Interlocked.Exchange(ref newer, new());
        }

        newer[person.Number] = new(person, clock.GetUtcNow().AddMinutes(KeptMinutes));
    }

    private sealed record Known(RegisteredPerson Person, DateTimeOffset Until);
}
