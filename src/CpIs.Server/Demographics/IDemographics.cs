using CpIs.Fhir;

namespace CpIs.Server.Demographics;

/// <summary>
/// Who knows people by their NHS number: the national service, or the register this deployment keeps itself. An upload
/// asks it about every row, so that no plan stands on another child's number.
/// </summary>
internal interface IDemographics
{
    /// <summary>People asked about at one time.</summary>
    const int PeopleMax = 500;

    /// <summary>
    /// Under which name the links between numbers that it tells are kept; null when they stand where it reads them.
    /// </summary>
    string? LinksFrom { get; }

    /// <summary>An answer for each person, in order. It is never silent: who cannot be asked is unavailable.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="PeopleMax"/> were asked about.</exception>
    Task<IReadOnlyList<PersonAnswer>> AskAsync(IReadOnlyList<PersonQuestion> people, CancellationToken stop);
}

/// <summary>A person as a council describes them.</summary>
/// <param name="Number">NHS number.</param>
/// <param name="Family">Family name.</param>
/// <param name="Given">Given names, the first first.</param>
/// <param name="BirthDate">Date of birth.</param>
internal sealed record PersonQuestion(
    NhsNumber Number, string Family, IReadOnlyList<string> Given, DateOnly BirthDate);

/// <summary>What became of one question.</summary>
/// <param name="Verdict">What is known of the number.</param>
/// <param name="NewNumber">The number in force, when the asked one is superseded.</param>
/// <param name="Differing">Elements that do not verify: <c>family</c>, <c>given</c>, <c>birthDate</c>.</param>
internal sealed record PersonAnswer(
    PersonVerdict Verdict, NhsNumber? NewNumber = null, IReadOnlyList<string>? Differing = null)
{
    public IReadOnlyList<string> Differing { get; } = Differing ?? [];

    /// <summary>Somebody has this number, and it is the person the council named: verification status 01.</summary>
    public bool Verified =>
        Verdict is PersonVerdict.Verified or PersonVerdict.Deceased or PersonVerdict.Sensitive && Differing.Count == 0;
}

/// <summary>What demographics say of a number and the person a council put on it; CPR codes as councils know.</summary>
internal enum PersonVerdict
{
    /// <summary>Name and birth date are those of the number: verification status 01.</summary>
    Verified,

    /// <summary>Not known here, and the council is trusted: verification status 02.</summary>
    Trusted,

    /// <summary>CPR01: nobody has this number.</summary>
    NoSuchNumber,

    /// <summary>CPR05: another number replaced it.</summary>
    Superseded,

    /// <summary>CPR02: the person's whereabouts are protected.</summary>
    Sensitive,

    /// <summary>CPR03: the person on this number has another name or birth date.</summary>
    Differs,

    /// <summary>Verified, and recorded as dead.</summary>
    Deceased,

    /// <summary>The number was made invalid and none replaced it.</summary>
    Invalid,

    /// <summary>CPF05: it could not be asked; ask again.</summary>
    Unavailable,
}
