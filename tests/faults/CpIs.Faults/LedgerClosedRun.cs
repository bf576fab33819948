namespace CpIs.Faults;

/// <summary>
/// The ledger refuses, holds up or loses the place of its entries while the data could still be read. Look-ups and
/// writes must be refused, and be answered again when it ends.
/// </summary>
internal static class LedgerClosedRun
{
    private static readonly (string Name, int Seconds, Func<string, CancellationToken, Task<ClosedLedger>> Begin)[]
        Faults =
        [
            ("insert revoked", 4, ClosedLedger.RevokedAsync),
            ("entry table locked", 8, ClosedLedger.LockedAsync),
            ("partition missing", 4, ClosedLedger.WithoutPartitionAsync),
            ("insert slowed by 1 s", 6, (superuser, stop) => ClosedLedger.SlowAsync(superuser, 1, stop)),
            ("insert slowed by 5 s", 20, (superuser, stop) => ClosedLedger.SlowAsync(superuser, 5, stop)),
            ("insert slowed by 30 s", 75, (superuser, stop) => ClosedLedger.SlowAsync(superuser, 30, stop)),
        ];

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 1, stop);
        await using var traffic = Traffic.Start(stage, options);
        var faults = Faults.Where(one => one.Name.Contains(options.Only, StringComparison.Ordinal)).ToList();
        foreach (var (name, seconds, begin) in faults)
        {
            await moments.WaitAsync(stage, stop);
            if (name == faults[0].Name)
            {
                stage.Measure("under load, before the first fault");
            }

            var before = stage.Witness.Tally;
            await using (await begin(stage.Superuser, stop))
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
            }

            var during = stage.Witness.Tally;
            var healed = await Health.WaitAsync(stage, name, stop);
            await output.WriteLineAsync(
                $"  {name} for {seconds} s: {during.Succeeded - before.Succeeded} answered, "
                + $"{during.Refused - before.Refused} refused; answers again in {healed:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        stage.Measure("under load, after the last");
        await traffic.EndAsync();
        return await stage.JudgeAsync(stop);
    }
}
