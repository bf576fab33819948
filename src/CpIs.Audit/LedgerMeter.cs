using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CpIs.Audit;

/// <summary>
/// What the ledger costs those who wait for it, for whoever watches a server: the meter <c>CpIs.Ledger</c>. It counts
/// and times; it names nobody.
/// </summary>
public sealed class LedgerMeter : IDisposable
{
    public const string Name = "CpIs.Ledger";

    /// <summary>Bounds in seconds: from well below one commit to what callers are made to wait at the most.</summary>
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    };

    private readonly Meter meter = new(Name);
    private readonly Histogram<double> commits;
    private readonly Histogram<double> rents;

    /// <param name="queued">Entries that wait for a commit.</param>
    /// <param name="held">Lanes held, by kind.</param>
    internal LedgerMeter(Func<int> queued, Func<IEnumerable<(string Kind, int Held)>> held)
    {
        commits = meter.CreateHistogram("cpis.ledger.commit.wait", "s",
            "Time an answer waited until its record was durable.", null, Seconds);
        rents = meter.CreateHistogram("cpis.ledger.lane.wait", "s",
            "Time a change waited for a lane to write in.", null, Seconds);
        meter.CreateObservableGauge("cpis.ledger.queue", queued, "{entry}", "Entries that wait for a commit.");
        meter.CreateObservableGauge("cpis.ledger.lanes",
            () => held().Select(one => new Measurement<int>(one.Held, Kind(one.Kind))), "{lane}",
            "Lanes this process writes.");
    }

    public void Dispose() => meter.Dispose();

    internal void Committed(long since) => commits.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);

    internal void Rented(string kind, long since) =>
        rents.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, Kind(kind));

    private static KeyValuePair<string, object?> Kind(string kind) => new("kind", kind);
}
