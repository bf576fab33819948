using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// Answers what became of a commit whose connection broke: ends the old backend, then looks whether the lane's batch
/// row is ours, then proves that what it saw is durable on the standby too.
/// </summary>
internal static class AmbiguousCommit
{
    private const int RetryMsMin = 50;
    private const int RetryMsMax = 500;

    private const string RootSql = "select root from ledger.batch where lane = $1 and first = $2";

    /// <summary>
    /// A later commit that waits for the standby proves the earlier one arrived there. It must write something to the
    /// log of the database, or it would not wait; a message does so without touching a table.
    /// </summary>
    private const string ProofSql =
        "select set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'cpis', 'proof')";

    /// <summary>True: committed and durable. False: certainly not. Throws when there was no answer in time.</summary>
    internal static async Task<bool> FindOutAsync(AuditLogOptions options, Lane lane, PlacedBatch placed)
    {
        using var patience = new CancellationTokenSource(options.CommitWaitMs);
        Exception? last = null;
        while (!patience.IsCancellationRequested)
        {
            try
            {
                return await AskAsync(options, lane, placed, patience.Token);
            }
            catch (Exception cause) when (cause is NpgsqlException or OperationCanceledException or IOException)
            {
                last = cause;
                await Pause.JitterAsync(RetryMsMin, RetryMsMax, patience.Token);
            }
        }

        throw new LedgerUnavailable("It could not be found out whether the change was made.", last!);
    }

    private static async Task<bool> AskAsync(
        AuditLogOptions options, Lane lane, PlacedBatch placed, CancellationToken stop)
    {
        var text = LaneLease.ConnectionString(options, "cpis-commit-" + Guid.NewGuid().ToString("N"));
        await using var connection = new NpgsqlConnection(text);
        await connection.OpenAsync(stop);
        if (!await LaneLease.TerminateAsync(connection, lane.ApplicationName, stop))
        {
            throw new LedgerUnavailable("The old connection does not end, so it may still commit.");
        }

        await using var command = new NpgsqlCommand(RootSql, connection)
        {
            Parameters = { new() { Value = placed.Lane }, new() { Value = placed.First } },
        };
        if (await command.ExecuteScalarAsync(stop) is not byte[] root || !root.AsSpan().SequenceEqual(placed.Root))
        {
            return false;
        }

        await ProveAsync(connection, stop);
        return true;
    }

    private static async Task ProveAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var replicated = true;
        connection.Notice += (_, heard) => replicated &= heard.Notice.SqlState != "01000";
        await using var command = new NpgsqlCommand(ProofSql, connection);
        await command.ExecuteNonQueryAsync(stop);
        if (!replicated || stop.IsCancellationRequested)
        {
            throw new LedgerUnavailable("The change is not on the standby.");
        }
    }
}
