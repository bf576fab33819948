using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Replays;

/// <summary>
/// What a write is answered: decided before it is committed, so that it can be remembered with the change.
/// </summary>
internal sealed record WriteAnswer(int Status)
{
    public string? ETag { get; init; }

    public string? LastModified { get; init; }

    public string? Location { get; init; }

    public string? ContentLocation { get; init; }

    /// <summary>UTF-8 FHIR JSON; null when there is none.</summary>
    public byte[]? Body { get; init; }

    /// <summary>It is the first answer to this request, given again.</summary>
    public bool Replayed { get; init; }
}

/// <summary>A decided write: what it is answered, what is recorded, what is put.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Entries">Entries of the record, those of what the answer shows first.</param>
/// <param name="Shown">How many of them are about what the answer shows.</param>
/// <param name="Commands">What puts the change.</param>
internal sealed record Written(
    WriteAnswer Answer, IReadOnlyList<AuditEntry> Entries, int Shown, params NpgsqlBatchCommand[] Commands);

/// <summary>An answer as it is kept, and what the record of its replay names.</summary>
/// <param name="Answer">The answer, its body kept apart.</param>
/// <param name="Shown">What it shows.</param>
internal sealed record RememberedAnswer(WriteAnswer Answer, IReadOnlyList<RememberedEntry> Shown);

/// <summary>One resource that a remembered answer is about, as the record names it.</summary>
internal sealed record RememberedEntry(string Interaction, char Action, int Status, string? NhsNumber)
{
    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public int? ResourceVersion { get; init; }

    public IReadOnlyList<string> Disclosed { get; init; } = [];

    public static RememberedEntry Of(AuditEntry entry) =>
        new(entry.Interaction, entry.Action, entry.Status, entry.NhsNumber)
        {
            ResourceType = entry.ResourceType,
            ResourceId = entry.ResourceId,
            ResourceVersion = entry.ResourceVersion,
            Disclosed = entry.Disclosed,
        };

    /// <summary>The entry of a replay: no notice follows from it, and nothing was changed by it.</summary>
    public AuditEntry Again(AuditEntry call) => call with
    {
        Interaction = Interaction,
        Action = Action,
        Status = Status,
        Reason = "replayed",
        NhsNumber = NhsNumber,
        ResourceType = ResourceType,
        ResourceId = ResourceId,
        ResourceVersion = ResourceVersion,
        Disclosed = Disclosed,
    };
}
