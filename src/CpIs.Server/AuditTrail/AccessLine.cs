using CpIs.Audit;

namespace CpIs.Server.AuditTrail;

/// <summary>One unscheduled access that showed a plan, as the clinical history tells it (rules R14, R15).</summary>
/// <param name="NhsNumber">Ten digits of the person it concerned.</param>
/// <param name="EntryId">Id of its ledger entry; AuditEvent.id.</param>
/// <param name="Recorded">When, UTC.</param>
/// <param name="Author">The person who looked, whatever the role.</param>
/// <param name="Organisation">ODS code.</param>
/// <param name="Shown">What the line tells of it.</param>
internal sealed record AccessLine(
    string NhsNumber, Guid EntryId, DateTimeOffset Recorded, string Author, string Organisation, AccessShown Shown)
{
    /// <summary>The person is protected: which organisation looked is not told.</summary>
    public bool Withheld { get; init; }

    /// <summary>The line that an answer being given becomes.</summary>
    public static AccessLine Of(AuditEntry entry, string nhsNumber, Recorded recorded) => new(
        nhsNumber, recorded.EntryId, recorded.At, entry.Author(), entry.Organisation ?? "",
        new(entry.Interaction, entry.Action.ToString(), entry.AgentName, entry.AgentRole, entry.OrganisationName,
            entry.Setting));
}

/// <summary>What a line shows besides when and whom.</summary>
internal sealed record AccessShown(
    string? Interaction, string? Action, string? Name, string? Role, string? OrganisationName, string? Setting);
