namespace CpIs.Server.Demographics;

/// <summary>
/// Demographics out of the register that this deployment keeps itself, filled by its registrar. It is asked the same
/// way as the national service, so an upload does not know which of them answered.
/// </summary>
/// <param name="store">The register.</param>
/// <param name="trustInvented">In the sandbox a council is believed about invented numbers that nobody
/// registered.</param>
internal sealed class LocalRegister(PersonStore store, bool trustInvented) : IDemographics
{
    private const string Invented = "999";

    public string? LinksFrom => null;

    public async Task<IReadOnlyList<PersonAnswer>> AskAsync(
        IReadOnlyList<PersonQuestion> people, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(people.Count, IDemographics.PeopleMax, nameof(people));
        string[] numbers = [.. people.Select(p => p.Number.Digits()).Distinct()];
        var known = (await store.FindAsync(numbers, stop)).Value;
        return [.. people.Select(asked => Answer(asked, known[asked.Number.Digits()]))];
    }

    private PersonAnswer Answer(PersonQuestion asked, RegisteredPerson found)
    {
        var answer = found.Answer(asked);
        return answer.Verdict == PersonVerdict.NoSuchNumber && trustInvented
            && asked.Number.Digits().StartsWith(Invented, StringComparison.Ordinal)
            ? new(PersonVerdict.Trusted)
            : answer;
    }
}
