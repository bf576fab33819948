using System.Globalization;

namespace CpIs.Faults.Attacks;

/// <summary>
/// A clinic looks children up while somebody attacks: slow headers, slow bodies, HTTP/2 streams opened and reset, JSON
/// nested without end. It prints what each does to the clinic's waiting, beside the quiet just before it.
/// </summary>
internal static class AttackRun
{
    private const int WarmSecondsMax = 5;

    /// <summary>Quiet and attack in turn, so that what else the machine does meets both.</summary>
    private const int Rounds = 3;

    /// <summary>How long what an attack left behind may take to go.</summary>
    private const int SettleSeconds = 3;

    /// <summary>Open files that may be left when all is over.</summary>
    private const int FilesMoreMax = 128;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        await using var stage = await Stage.OpenAsync(servers: 1, stop, secure: true);
        var seat = stage.Seats[0];
        using var clinic = await Clinic.OpenAsync(seat, stop);
        var phase = TimeSpan.FromSeconds(options.Seconds);
        await clinic.AskAsync(Warming(phase), stop);
        var files = seat.Measure("before").Files;
        var wrong = new List<string>();
        foreach (var kind in Attack.Known.Select(known => known.Name)
            .Where(name => name.Contains(options.Only, StringComparison.Ordinal)))
        {
            await using var attackers = await Attackers.StartAsync(kind, seat.Start, stage.CertificateFile, stop);
            await attackers.BeginAsync();
            await clinic.AskAsync(Warming(phase), stop);
            await attackers.RestAsync(stop);
            var found = await TryAsync(kind, attackers, phase, clinic, output, stop);
            wrong.AddRange(found.Select(what => $"{kind}: {what}"));
        }

        var left = seat.Measure("after").Files;
        var verdict = new Verdict();
        verdict.Add("P7", string.Create(CultureInfo.InvariantCulture, $"open files {files} → {left}"),
            left <= files + FilesMoreMax ? [] : ["connections of attackers are still open"]);
        verdict.Add("P9", string.Create(CultureInfo.InvariantCulture, $"{clinic.Answers} look-ups answered"), wrong);
        return verdict;
    }

    /// <summary>The first of everything compiles, and that is no part of what is compared.</summary>
    private static TimeSpan Warming(TimeSpan phase) =>
        TimeSpan.FromSeconds(Math.Min(WarmSecondsMax, phase.TotalSeconds));

    private static async Task<List<string>> TryAsync(string kind, Attackers attackers, TimeSpan phase, Clinic clinic,
        TextWriter output, CancellationToken stop)
    {
        var (quiet, during) = (Waits.None, Waits.None);
        Fate fate;
        var round = 0;
        do
        {
            quiet += await clinic.AskAsync(phase, stop);
            await attackers.BeginAsync();
            during += await clinic.AskAsync(phase, stop);
            fate = await attackers.RestAsync(stop);
            await Task.Delay(TimeSpan.FromSeconds(SettleSeconds), stop);
        }
        while (++round < Rounds);

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"  {kind}: p50 {quiet.P50:0.0} → {during.P50:0.0} ms, p99 {quiet.P99:0.0} → {during.P99:0.0} ms, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"{during.P99 / quiet.P99:0.00} ×; {during.All.Count} look-ups; {fate.Words}"));
        return [.. fate.Wrong, .. during.Failed > 0 ? [$"{during.Failed} look-ups got no answer"] : (string[])[]];
    }
}
