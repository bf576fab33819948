using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CpIs.Server.Uploads;

/// <summary>
/// Where the time of uploads goes, step by step, for whoever watches a server: seconds of the histogram
/// <c>cpis.upload.step</c> of the meter <c>CpIs.Uploads</c>. It names no council and no person.
/// </summary>
internal static class UploadMeter
{
    public const string Name = "CpIs.Uploads";

    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Steps = Meter.CreateHistogram<double>(
        "cpis.upload.step", "s", "Time that a step of an upload took.");

    /// <summary>Measures a step until it is disposed of.</summary>
    public static Step Time(string step) => new(step, Stopwatch.GetTimestamp());

    /// <summary>Ticks of <see cref="Stopwatch"/> that a step took, summed up over rows.</summary>
    public static void Add(string step, long ticks) => Steps.Record((double)ticks / Stopwatch.Frequency, Tag(step));

    private static KeyValuePair<string, object?> Tag(string step) => new("step", step);

    /// <summary>A step that is going on.</summary>
    public readonly struct Step(string name, long since) : IDisposable
    {
        public void Dispose() =>
            Steps.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, Tag(name));
    }
}
