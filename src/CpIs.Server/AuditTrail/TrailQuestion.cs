using CpIs.Server.Searching;

namespace CpIs.Server.AuditTrail;

/// <summary>What an auditor asks of the trail: every list is any-of, all that are set must hold.</summary>
internal sealed record TrailQuestion
{
    /// <summary>Set for a trust's auditor: its own organisation's callers only.</summary>
    public string? OwnOrganisation { get; init; }

    public IReadOnlyList<DateRange> Dates { get; init; } = [];

    public string[]? Ids { get; init; }

    public string[]? Numbers { get; init; }

    /// <summary>Subjects of tokens or SDS user ids.</summary>
    public string[]? Agents { get; init; }

    public string[]? Entities { get; init; }

    public string[]? Organisations { get; init; }

    public string[]? Actions { get; init; }

    public int[]? Outcomes { get; init; }

    public string[]? Interactions { get; init; }

    public bool? Unscheduled { get; init; }

    public bool? PlanFound { get; init; }

    public string[]? Purposes { get; init; }

    /// <summary>Entries after this one in the order newest first; null for the first page.</summary>
    public (DateTimeOffset Recorded, Guid Id)? After { get; init; }

    public int Limit { get; init; }

    public bool CountOnly { get; init; }
}

/// <summary>One line of the ledger as it is read back.</summary>
internal sealed record TrailEntry
{
    public required Guid EntryId { get; init; }

    public required DateTime Recorded { get; init; }

    public required int Lane { get; init; }

    public required long Position { get; init; }

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

    public bool? Unscheduled { get; init; }

    public bool? PlanFound { get; init; }

    public string? RequestId { get; init; }

    public string? Instance { get; init; }
}
