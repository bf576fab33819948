namespace CpIs.Server.AuditTrail;

/// <summary>One line of the ledger as it is read back.</summary>
internal sealed record TrailEntry
{
    public required Guid EntryId { get; init; }

    public required DateTime Recorded { get; init; }

    public required int Lane { get; init; }

    public required long Position { get; init; }

    /// <summary>Position of the first entry of one answer about several people; null when it stands alone.</summary>
    public long? GroupPosition { get; init; }

    public required string Kind { get; init; }

    public required string Interaction { get; init; }

    public required int Status { get; init; }

    public required string Action { get; init; }

    public required int Outcome { get; init; }

    public string? Reason { get; init; }

    public string? NhsNumber { get; init; }

    public required string[] Disclosed { get; init; }

    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public int? ResourceVersion { get; init; }

    public byte[]? Query { get; init; }

    public int? Found { get; init; }

    public string? AgentIssuer { get; init; }

    public string? AgentSubject { get; init; }

    public string? AgentUserId { get; init; }

    public string? AgentName { get; init; }

    public string? AgentRole { get; init; }

    public string? ActivityCode { get; init; }

    public string? Organisation { get; init; }

    public string? OrganisationName { get; init; }

    public string? ClientId { get; init; }

    public string? TokenId { get; init; }

    public string? PurposeOfUse { get; init; }

    public string? PurposeReason { get; init; }

    public string? Address { get; init; }

    public string? Setting { get; init; }

    public bool? Unscheduled { get; init; }

    public bool? PlanFound { get; init; }

    public string? RequestId { get; init; }

    public string? Instance { get; init; }
}
