using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>
/// What is asked of the plan table: by whom, about whom, under which further conditions, to show what.
/// </summary>
internal sealed record PlanQuestion
{
    public required PlanView View { get; init; }

    /// <summary>ODS code of the asking council; null for health, which sees what is visible of every council.</summary>
    public required string? Council { get; init; }

    public required DateOnly Today { get; init; }

    /// <summary>The people asked about; null for all of the council's.</summary>
    public IReadOnlyList<string>? Numbers { get; init; }

    public required Predicate<PlanRow> Condition { get; init; }

    /// <summary>What the token's scopes let the asker see at all.</summary>
    public Predicate<PlanRow> Within { get; init; } = _ => true;

    /// <summary>Names of the councils by ODS code: those whose plans health may see, and how they are called.</summary>
    public required IReadOnlyDictionary<string, string> CouncilNames { get; init; }

    /// <summary>Adds the people's Patient resources.</summary>
    public bool WithPatients { get; init; }

    /// <summary>Adds the other half of each plan.</summary>
    public bool WithOtherHalf { get; init; }

    /// <summary>Whether the answer shows this half of each plan.</summary>
    public bool Shows(PlanView half) => (half == View || WithOtherHalf) && !CountOnly;

    /// <summary>Learns the number only.</summary>
    public bool CountOnly { get; init; }

    /// <summary>Rows of a page.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Keys of the order asked for; empty for the default one.</summary>
    public IReadOnlyList<SortKey> Sort { get; init; } = [];

    /// <summary>Place after which the page begins.</summary>
    public string? After { get; init; }

    /// <summary>Whether anything narrows what is asked beside whose plans they are.</summary>
    public bool Narrowed { get; init; }

    /// <summary>Ids one of which is asked for; null for any.</summary>
    public Guid[]? Ids { get; init; }

    /// <summary>The council's own plan numbers, one of which is asked for; null for any.</summary>
    public string[]? RowIds { get; init; }

    /// <summary>Wants the number of matches, whatever it costs.</summary>
    public bool Counted { get; init; }

    /// <summary>What a clinician asks of one person: all that is visible.</summary>
    public static PlanQuestion Health(PlanView view, string number, DateOnly today, Councils councils) => new()
    {
        View = view,
        Council = null,
        Today = today,
        Numbers = [number],
        Condition = _ => true,
        CouncilNames = councils.LiveNames,
    };

    /// <summary>Whether the asker may see a row at all; the condition narrows further.</summary>
    public bool MaySee(PlanRow row) => Within(row)
        && (Council is not null
            ? row.Facts.Council == Council && !row.Deleted
            : row.Days.VisibleOn(Today) && !row.Deleted && CouncilNames.ContainsKey(row.Facts.Council));
}

/// <summary>The rows of an answer, and how many there are beyond the page.</summary>
/// <param name="Rows">Plans of the page.</param>
/// <param name="Patients">Their people, where asked for.</param>
/// <param name="Linked">R9: other numbers of the people asked about.</param>
/// <param name="Total">Matches.</param>
/// <param name="Next">Place of the last row, when a page follows.</param>
internal sealed record PlanPage(
    IReadOnlyList<PlanRow> Rows,
    IReadOnlyList<PatientRow> Patients,
    IReadOnlyList<LinkedNumber> Linked,
    int Total,
    string? Next)
{
    /// <summary>Every match of people who were named, whatever page of them is shown.</summary>
    public IReadOnlyList<PlanRow> Matches { get; init; } = Rows;

    /// <summary>False where there may be more matches than were counted.</summary>
    public bool Counted { get; init; } = true;

    /// <summary>There are plans that the question's further conditions leave out, and none that meets them.</summary>
    public bool LeftOut { get; init; }
}

/// <summary>Records of people, and other numbers of theirs.</summary>
internal sealed record PatientsFound(IReadOnlyList<PatientRow> Rows, IReadOnlyList<LinkedNumber> Linked);

/// <summary>An answer not yet sealed, and what it would disclose.</summary>
internal sealed record PlansFound(PlanPage Page, IReadOnlyList<CpIs.Audit.Disclosed> Disclosed);

/// <summary>One council's record of a person.</summary>
internal sealed record PatientRow(
    string Council,
    string NhsNumber,
    int Version,
    DateTimeOffset Updated,
    DateOnly BirthDate,
    string Family,
    byte[] ContentHash,
    byte[] Body);
