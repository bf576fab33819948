using Npgsql;

namespace CpIs.Audit;

/// <summary>What an exception from the database means for the ledger, and its name without any personal data.</summary>
internal static class Failure
{
    private const string LedgerSchema = "ledger";

    /// <summary>The transaction is certainly undone: PostgreSQL said so and the connection is still there.</summary>
    internal static bool IsCertain(Exception cause) => cause is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>Something in the entries: data (22) or integrity (23), but not the lane's own head.</summary>
    internal static bool IsBadEntry(Exception cause) =>
        cause is PostgresException refused && IsCertain(refused) && !IsLostHead(refused)
        && (refused.SqlState.StartsWith("22", StringComparison.Ordinal)
            || refused.SqlState.StartsWith("23", StringComparison.Ordinal));

    /// <summary>Another writer stands where this lane thought it was.</summary>
    internal static bool IsLostHead(Exception cause) =>
        cause is PostgresException { SchemaName: LedgerSchema, TableName: "batch" or "tile" };

    /// <summary>Serialisation, deadlock, lock time-out: the same work may succeed when run again.</summary>
    internal static bool IsRetryable(Exception cause) =>
        cause is PostgresException { SqlState: "40001" or "40P01" or "55P03" } && IsCertain(cause);

    internal static string Name(Exception cause) => cause switch
    {
        PostgresException refused => "SQLSTATE " + refused.SqlState,
        LedgerUnavailable own => own.Message,
        _ => cause.InnerException is { } inner ? cause.GetType().Name + " / " + inner.GetType().Name
            : cause.GetType().Name,
    };
}
