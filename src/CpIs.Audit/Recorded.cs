namespace CpIs.Audit;

/// <summary>
/// The entry that a disclosure became, once it is durable; of several the first that entered the history.
/// </summary>
/// <param name="EntryId">Id of the entry; AuditEvent.id.</param>
/// <param name="At">Its time, UTC, to the microsecond.</param>
public readonly record struct Recorded(Guid EntryId, DateTimeOffset At);
