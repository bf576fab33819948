namespace CpIs.Audit;

/// <summary>
/// One line of the ledger before it has a position: who did what to whose data, with what outcome. Texts that the
/// database could not hold are made storable when the entry enters the log, so no caller can spoil a neighbour's batch.
/// </summary>
public sealed record AuditEntry
{
    /// <summary>rest, operation, security, system, upload, notification or alert.</summary>
    public required string Kind { get; init; }

    /// <summary>FHIR restful-interaction code (<c>read</c>, <c>search-type</c>, …) or operation name.</summary>
    public required string Interaction { get; init; }

    /// <summary>HTTP status answered; 0 where there is none.</summary>
    public int Status { get; init; }

    /// <summary>AuditEvent.action: C R U D E.</summary>
    public required char Action { get; init; }

    /// <summary>AuditEvent.outcome: 0 success, 4 minor, 8 serious, 12 major failure.</summary>
    public int Outcome { get; init; }

    /// <summary>Why it was refused or failed; never personal data.</summary>
    public string? Reason { get; init; }

    /// <summary>Ten digits of the person concerned.</summary>
    public string? NhsNumber { get; init; }

    /// <summary>Versioned references shown or written, such as <c>Flag/x/_history/1</c>.</summary>
    public IReadOnlyList<string> Disclosed { get; init; } = [];

    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public int? ResourceVersion { get; init; }

    /// <summary>UTF-8 of the exact request target, then for a POST search a line feed and its body.</summary>
    public byte[]? Query { get; init; }

    /// <summary>Number of matches.</summary>
    public int? Found { get; init; }

    public string? AgentIssuer { get; init; }

    /// <summary>Subject of the token at its issuer.</summary>
    public string? AgentSubject { get; init; }

    /// <summary>SDS user id of a person; AuditEvent.agent.altId.</summary>
    public string? AgentUserId { get; init; }

    public string? AgentName { get; init; }

    public string? AgentRole { get; init; }

    /// <summary>National RBAC activity code in force, such as B0107.</summary>
    public string? ActivityCode { get; init; }

    /// <summary>ODS code of the caller's organisation.</summary>
    public string? Organisation { get; init; }

    public string? OrganisationName { get; init; }

    public string? ClientId { get; init; }

    public string? TokenId { get; init; }

    /// <summary>v3-PurposeOfUse code.</summary>
    public string? PurposeOfUse { get; init; }

    /// <summary>Reason given with break-glass; entity.detail of type <c>reason</c>.</summary>
    public string? PurposeReason { get; init; }

    /// <summary>Network address of the client.</summary>
    public string? Address { get; init; }

    /// <summary>Care setting as the caller declared it.</summary>
    public string? Setting { get; init; }

    /// <summary>Rule R10: true when the access counts as unscheduled; null where the question does not arise.</summary>
    public bool? Unscheduled { get; init; }

    /// <summary>True when the answer showed a visible plan or that one exists; null where nobody asks.</summary>
    public bool? PlanFound { get; init; }

    /// <summary>Rule R14: true when this line enters the clinical access history.</summary>
    public bool? InHistory { get; init; }

    public string? RequestId { get; init; }

    public string? CorrelationId { get; init; }

    /// <summary>Name of the server process that answered.</summary>
    public string? Instance { get; init; }

    /// <summary>The person behind it, whatever the role: repeats of one person are folded (rule R15).</summary>
    public string Author() => AgentUserId ?? AgentSubject ?? ClientId ?? "";
}
