using CpIs.Faults.Attacks;
using CpIs.Faults.Commits;
using CpIs.Faults.Uploads;

namespace CpIs.Faults;

/// <summary>The runs by their names, and the order in which all are done when none is named.</summary>
internal static class FaultRuns
{
    private static readonly (string Name, Func<FaultOptions, TextWriter, CancellationToken,
        Task<Verdict>> Run)[] Known =
    [
        ("kill-server", KillServerRun.RunAsync),
        ("kill-database", KillDatabaseRun.RunAsync),
        ("two-servers", TwoServersRun.RunAsync),
        ("ledger-closed", LedgerClosedRun.RunAsync),
        ("disk-full", DiskFullRun.RunAsync),
        ("cut-commit", CutCommitRun.RunAsync),
        ("kill-commit", KillCommitRun.RunAsync),
        ("kill-upload", KillUploadRun.RunAsync),
        ("upload-servers", UploadServersRun.RunAsync),
        ("upload-disk", UploadDiskRun.RunAsync),
        ("upload-memory", UploadMemoryRun.RunAsync),
        ("attack", AttackRun.RunAsync),
    ];

    public static string Usage => "./cpis faults [" + string.Join('|', Known.Select(run => run.Name))
        + "] [--seed N] [--points N] [--rows N] [--megabytes N] [--seconds N]\n./cpis faults verify --data FOLDER";

    /// <summary>1 when a promise is broken.</summary>
    public static async Task<int> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        if (options.Names is ["verify"])
        {
            var folder = options.Folder ?? throw new ArgumentException("verify needs --data FOLDER of a kept run.");
            await using var stage = await Stage.ReopenAsync(folder, stop);
            return Tell(await Verification.OfAsync(stage, stop), output);
        }

        if (options.Names.Except(Known.Select(run => run.Name)).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"There is no run named {unknown}.");
        }

        var code = 0;
        foreach (var (name, run) in Known.Where(run => options.Names.Count == 0 || options.Names.Contains(run.Name)))
        {
            await output.WriteLineAsync(
                $"{name}: seed {options.Seed}, {options.Points} points, {options.Connections} connections");
            code |= Tell(await run(options, output, stop), output);
        }

        return code;
    }

    private static int Tell(Verdict verdict, TextWriter output)
    {
        verdict.Print(output);
        return verdict.Broken.Count > 0 ? 1 : 0;
    }
}
