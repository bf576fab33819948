namespace CpIs.Server.Demographics;

/// <summary>
/// A deployment without demographics: the council is believed about every number, and its people are marked as present
/// but not traced (verification status 02).
/// </summary>
internal sealed class CouncilsWord : IDemographics
{
    public string? LinksFrom => null;

    public Task<IReadOnlyList<PersonAnswer>> AskAsync(IReadOnlyList<PersonQuestion> people, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(people.Count, IDemographics.PeopleMax, nameof(people));
        return Task.FromResult<IReadOnlyList<PersonAnswer>>(
            [.. people.Select(_ => new PersonAnswer(PersonVerdict.Trusted))]);
    }
}
