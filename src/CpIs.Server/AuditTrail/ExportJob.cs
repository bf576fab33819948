namespace CpIs.Server.AuditTrail;

/// <summary>An export as it was asked for, and how far it has come.</summary>
internal sealed record ExportJob
{
    public required Guid Id { get; init; }

    public required string Client { get; init; }

    public required string Organisation { get; init; }

    /// <summary>Absolute URL of the kick-off, as the manifest repeats it.</summary>
    public required string Request { get; init; }

    /// <summary>The manifest's transactionTime.</summary>
    public required DateTime KickedOff { get; init; }

    public DateTime? Since { get; init; }

    public required DateTime Until { get; init; }

    /// <summary>Search of AuditEvent that entries must match; empty for all.</summary>
    public required string Filter { get; init; }

    /// <summary>Organisation whose callers' entries it holds; null for all.</summary>
    public string? Own { get; init; }

    /// <summary>Where each lane stood, by lane number; null until everything before the kick-off was in.</summary>
    public long[]? Lasts { get; init; }

    /// <summary>Where the export ended that this one continues; null when it continues none.</summary>
    public long[]? Before { get; init; }

    /// <summary>First days of the months it covers.</summary>
    public DateTime[]? Months { get; init; }
}

/// <summary>A month of an export: so many entries, and so many of a format this server cannot render.</summary>
internal sealed record ExportFile
{
    public required DateTime Month { get; init; }

    public required long Entries { get; init; }

    public required long Unread { get; init; }
}

/// <summary>A job with the months counted so far; it is done when all are.</summary>
internal sealed record ExportState(ExportJob Job, IReadOnlyList<ExportFile> Files)
{
    public bool Done => Job.Months is { } months && Files.Count >= months.Length;
}
