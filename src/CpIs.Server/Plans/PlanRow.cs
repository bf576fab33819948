using CpIs.Fhir;

namespace CpIs.Server.Plans;

/// <summary>A plan as it stands in the table: facts, and the state of its two resources.</summary>
internal sealed record PlanRow
{
    public required PlanFacts Facts { get; init; }

    /// <summary>Birth date the council holds; of the mother for an unborn plan.</summary>
    public required DateOnly BirthDate { get; init; }

    public required ResourceState Episode { get; init; }

    public required ResourceState Flag { get; init; }

    /// <summary>Deleted by its council: gone for the owner, absent for everybody else.</summary>
    public bool Deleted { get; init; }

    /// <summary>
    /// R9: 0 for the plan that stands under its identifier; one that was closed because its NHS number was superseded
    /// is counted.
    /// </summary>
    public int Closed { get; init; }

    /// <summary>
    /// The council's latest row about it was refused: what stands is shown, and said to be unconfirmed.
    /// </summary>
    public bool Unconfirmed { get; init; }

    /// <summary>The day on which the stored statuses stop being true.</summary>
    public DateOnly? StatusUntil { get; init; }

    /// <summary>R9: numbers asked for that led here, other than its own.</summary>
    public IReadOnlyList<string> AskedAs { get; init; } = [];

    /// <summary>The end that its resources show.</summary>
    public DateOnly? EndShown => Days.EndShown(Episode.Status);

    public Visibility Days => Facts.Days(BirthDate);

    /// <summary>Both resources in their versions, as the ledger names them.</summary>
    public IReadOnlyList<string> References =>
    [
        $"EpisodeOfCare/{Episode.Id}/_history/{Episode.Version}",
        $"Flag/{Flag.Id}/_history/{Flag.Version}",
    ];

    /// <summary>The half that a view shows.</summary>
    public ResourceState State(PlanView view) => view == PlanView.Flag ? Flag : Episode;

    /// <summary>
    /// R0: a row read past the day until which its status is true is written anew from its facts, never served stale.
    /// </summary>
    public PlanRow AsOf(DateOnly today, string councilName)
    {
        if (StatusUntil is null || today < StatusUntil)
        {
            return this;
        }

        var status = Days.EpisodeStatus(today);
        return PlanWriter.Write(this, status, Days.EndShown(status), councilName)
            with { StatusUntil = Days.StatusUntil(today) };
    }
}

/// <summary>One of the two resources of a plan, in its current version.</summary>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Version.</param>
/// <param name="Updated">When that version was made.</param>
/// <param name="Status">FHIR status.</param>
/// <param name="Body">UTF-8 JSON as served.</param>
internal sealed record ResourceState(Guid Id, int Version, DateTimeOffset Updated, string Status, byte[] Body);

/// <summary>Which of a plan's two resources a route speaks of.</summary>
internal sealed class PlanView
{
    public static readonly PlanView Flag = new("Flag", "subject", "author");
    public static readonly PlanView Episode = new("EpisodeOfCare", "patient", "managingOrganization");

    private PlanView(string resourceType, string patientElement, string councilElement)
    {
        ResourceType = resourceType;
        PatientElement = patientElement;
        CouncilElement = councilElement;
    }

    public string ResourceType { get; }

    /// <summary>Element that refers to the person.</summary>
    public string PatientElement { get; }

    /// <summary>Element that refers to the council.</summary>
    public string CouncilElement { get; }
}
