using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// Makes the ledger's months before they begin. A month that is missing would put its entries in the default
/// partition: nothing is lost then, but somebody must hear of it.
/// </summary>
internal sealed class MonthsAhead(AuditLogOptions options, NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>This month and three more.</summary>
    private const int Months = 4;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private const string MakeSql = "select ledger.make_partitions($1, $2)";
    private const string StrayedSql = "select exists (select 1 from ledger.entry_default)";

    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Pause.ForAsync(await TryAsync(stop) ? Every : AfterFailure, clock, stop);
        }
    }

    private async Task<bool> TryAsync(CancellationToken stop)
    {
        try
        {
            await using var make = database.CreateCommand(MakeSql);
            make.Parameters.Add(new() { Value = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime) });
            make.Parameters.Add(new() { Value = Months });
            await make.ExecuteNonQueryAsync(stop);
            await using var strayed = database.CreateCommand(StrayedSql);
            if (await strayed.ExecuteScalarAsync(stop) is true)
            {
                options.Alarm?.Invoke("Entries stand in the default partition: their month was not made in time.");
            }

            return true;
        }
        catch (Exception cause) when (cause is NpgsqlException or OperationCanceledException)
        {
            if (!stop.IsCancellationRequested)
            {
                options.Alarm?.Invoke("The ledger's months ahead could not be made: " + Failure.Name(cause));
            }

            return false;
        }
    }
}
