using CpIs.Server.AuditTrail;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Notices;

/// <summary>An entry of the ledger that a council may have to hear of.</summary>
internal sealed record LedgerLine
{
    public required Guid EntryId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required bool InHistory { get; init; }

    public required string ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public int ResourceVersion { get; init; }

    public string? Reason { get; init; }

    public required string[] Disclosed { get; init; }

    /// <summary>The look, or the report, as the history would tell it.</summary>
    public required AccessLine Access { get; init; }

    /// <summary>A person did it, and not a system.</summary>
    public required bool ByPerson { get; init; }

    public string NhsNumber => Access.NhsNumber;
}

/// <summary>All that must be known to tell councils of some entries, read in one transaction.</summary>
internal sealed record Followed
{
    public required IReadOnlyList<LedgerLine> Lines { get; init; }

    public required IReadOnlyList<SubscriptionRow> Subscriptions { get; init; }

    public required IReadOnlyList<LinkedNumber> Links { get; init; }

    /// <summary>Plans under the entries' numbers and all linked ones, of every council, none removed.</summary>
    public required IReadOnlyList<PlanRow> Plans { get; init; }

    public required IReadOnlyList<PatientRow> Patients { get; init; }

    /// <summary>Entries that are a repeat within a listed line (R15).</summary>
    public required IReadOnlySet<Guid> Folded { get; init; }

    /// <summary>Encounters by id and version.</summary>
    public required IReadOnlyDictionary<(Guid Id, int Version), byte[]> Encounters { get; init; }
}

/// <summary>A notice that has no number yet.</summary>
/// <param name="Subscription">Whom it is for.</param>
/// <param name="Council">Whose that is.</param>
/// <param name="Made">When what it tells of happened.</param>
/// <param name="Source">What it tells of; the same is told once.</param>
/// <param name="NhsNumber">Whom it concerns.</param>
/// <param name="Resources">Focus, then what belongs to it.</param>
internal sealed record NewNotice(
    Guid Subscription, string Council, DateTimeOffset Made, string Source, string NhsNumber,
    IReadOnlyList<Told> Resources);
