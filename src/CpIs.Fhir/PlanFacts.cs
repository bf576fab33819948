namespace CpIs.Fhir;

/// <summary>
/// All that is shared of one plan. Flag and EpisodeOfCare are both written from these facts, so the two can never
/// say different things, and nothing a council sends beside them can reach a clinician.
/// </summary>
/// <param name="Council">ODS code of the responsible council.</param>
/// <param name="RowId">The council's own plan id.</param>
/// <param name="NhsNumber">Whose plan (unborn: the mother's number).</param>
/// <param name="Kind">Kind of plan.</param>
/// <param name="Start">First day.</param>
/// <param name="End">Day it ended, or null.</param>
/// <param name="Due">Expected due date, unborn only.</param>
/// <param name="FollowsRowId">The unborn plan of the same council that this plan follows, or null.</param>
/// <param name="Removed">Why it is hidden (R5), or null.</param>
public sealed record PlanFacts(
    string Council,
    string RowId,
    NhsNumber NhsNumber,
    PlanKind Kind,
    DateOnly Start,
    DateOnly? End,
    DateOnly? Due,
    string? FollowsRowId,
    string? Removed)
{
    /// <summary>The days that decide status and visibility.</summary>
    /// <param name="birthDate">Birth date the council holds for the person.</param>
    public Visibility Days(DateOnly birthDate) => new(Kind, Start, End, Due, birthDate, Removed is not null);
}
