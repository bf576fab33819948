using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CpIs.Server.Uploads;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// Where an upload's time goes: what the server's own meter says of its steps, and what PostgreSQL says of its
/// statements (module pg_stat_statements of Debian's package), both in microseconds a row.
/// </summary>
internal sealed class UploadSteps : IDisposable
{
    public const string Module = "pg_stat_statements";

    /// <summary>Of PostgreSQL's time; whatever bears none of these words is left out.</summary>
    private const string Statements = """
        select case
            when query like '%ledger.batch%' or query like '%ledger.access%' or query like '%ledger.tile%' then 'ledger'
            when query like '%cpis.upload_row%' then 'staging and judging'
            when query like '%cpis.upload_outcome%' or query like 'update cpis.upload %' then 'outcomes'
            when query like '%insert into cpis.%' then 'merge'
            when query like '%cpis.person%' then 'demographics'
            else 'locks' end, sum(total_exec_time) * 1000
        from pg_stat_statements
        where query like '%cpis.%' or query like '%ledger.%' or query like '%advisory%' group by 1
        """;

    private readonly ConcurrentDictionary<string, double> seconds = new();
    private readonly MeterListener listener = new();

    public UploadSteps()
    {
        listener.InstrumentPublished = (instrument, all) =>
        {
            if (instrument.Meter.Name == UploadMeter.Name)
            {
                all.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
            seconds.AddOrUpdate((string)tags[0].Value!, value, (_, was) => was + value));
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    /// <summary>Begins anew.</summary>
    public async Task ClearAsync(string owner)
    {
        seconds.Clear();
        await using var connection = new NpgsqlConnection(owner);
        await connection.OpenAsync();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("create extension if not exists pg_stat_statements"), new("select pg_stat_statements_reset()"),
            },
        };
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Microseconds a row since the last <see cref="ClearAsync"/>, by what was done.</summary>
    public async Task<IReadOnlyDictionary<string, double>> ReadAsync(string owner, int rows)
    {
        var steps = seconds.ToDictionary(s => "server: " + s.Key, s => s.Value * 1e6 / rows);
        await using var connection = new NpgsqlConnection(owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Statements, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            steps.Add("PostgreSQL: " + reader.GetString(0), reader.GetDouble(1) / rows);
        }

        return steps;
    }
}
