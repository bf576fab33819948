namespace CpIs.Audit;

/// <summary>Where the ledger is and how much it may hold back. Every limit carries its unit in its name.</summary>
public sealed record AuditLogOptions
{
    /// <summary>Of the server's role on the primary. Lanes open their own unpooled connections with it.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Name of this server process; written into entries that do not carry one.</summary>
    public required string Instance { get; init; }

    /// <summary>Lanes that look-ups and refusals share: while one waits for the disk another reads.</summary>
    public int ReadLanes { get; init; } = 2;

    /// <summary>Submissions that may run at once; each rents a lane of its own.</summary>
    public int WriteLanes { get; init; } = 8;

    /// <summary>Uploads that may run at once, apart from all else.</summary>
    public int UploadLanes { get; init; } = 1;

    /// <summary>Deliveries that may be recorded at once, apart from all else.</summary>
    public int NoticeLanes { get; init; } = 1;

    /// <summary>Entries that may wait for the read lanes; the next caller is refused at once.</summary>
    public int QueueEntriesMax { get; init; } = 8192;

    /// <summary>How long a caller waits for its commit, or a submission for a lane, before it is refused.</summary>
    public int CommitWaitMs { get; init; } = 5000;

    /// <summary>Entries per commit of a read lane.</summary>
    public int BatchEntriesMax { get; init; } = 1024;

    /// <summary>Longest statement on a lane; after it the lane is given up and taken anew.</summary>
    public int StatementSeconds { get; init; } = 30;

    /// <summary>Names the deployment in every checkpoint: letters, digits, hyphens.</summary>
    public string Deployment { get; init; } = "local";

    /// <summary>File of the signing key, made when it is not there. Without it no checkpoint is signed.</summary>
    public string? CheckpointKeyFile { get; init; }

    /// <summary>Public keys that signed before, one a line; without it a lane's past under them is not known.</summary>
    public string? EarlierKeysFile { get; init; }

    /// <summary>Append-only file outside the database that keeps every checkpoint.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>Told in a sentence, without personal data, that a lane was lost, parked, or refused an entry.</summary>
    public Action<string>? Alarm { get; init; }

    /// <summary>
    /// Told of each entry of an answer whose record is durable, before it is shown; it must not wait.
    /// </summary>
    public Action<AuditEntry>? Shown { get; init; }
}
