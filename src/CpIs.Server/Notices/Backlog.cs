using System.Diagnostics.Metrics;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// Looks from time to time at what councils have not been told yet, for whoever watches a server: the meter
/// <c>CpIs.Notices</c>. The database is asked by this clock and not by whoever reads the metrics.
/// </summary>
internal sealed class Backlog : BackgroundService
{
    public const string MeterName = "CpIs.Notices";

    private const int LookEverySeconds = 15;

    private readonly BacklogStore store;
    private readonly Meter meter = new(MeterName);
    private BacklogNow? now;

    public Backlog(BacklogStore store)
    {
        this.store = store;
        Gauge("cpis.notices.waiting", "{notice}", "Notices made and not taken by their receivers.", n => n.Notices);
        Gauge("cpis.notices.parked", "{receiver}", "Receivers that were given up; their notices wait.", n => n.Parked);
        Gauge("cpis.notices.behind", "{entry}", "Entries of the ledger not yet looked at.", n => n.Entries);
    }

    public override void Dispose()
    {
        meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(LookEverySeconds));
        try
        {
            do
            {
                now = await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>An old number would hide that the database is away: then there is none.</summary>
    private async Task<BacklogNow?> LookAsync(CancellationToken stop)
    {
        try
        {
            return (await store.AskAsync(stop)).Value;
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            return null;
        }
    }

    private void Gauge(string name, string unit, string description, Func<BacklogNow, long> value) =>
        meter.CreateObservableGauge(name,
            () => now is { } seen ? new[] { new Measurement<long>(value(seen)) } : [], unit, description);
}
