using System.Diagnostics;
using CpIs.Server.Database;

namespace CpIs.Faults.Uploads;

/// <summary>
/// Server and PostgreSQL are killed in turn while councils send their caseloads: first while files come in, then while
/// they are judged and applied. Nobody helps but a service manager; then P3 is judged.
/// </summary>
internal static class KillUploadRun
{
    /// <summary>Of so many points one comes while a file is being received.</summary>
    private const int ReceivingEvery = 5;

    private const int AheadMsMax = 400;
    private const int LookMs = 20;
    private const int ProgressSecondsMax = 120;

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var stage = await Stage.OpenAsync(servers: 1, stop);
        await using var councils = Councils.Start(stage, options, stop);
        for (var point = 1; point <= options.Points; point++)
        {
            var receiving = point <= Math.Max(2, options.Points / ReceivingEvery);
            var (states, seconds) = await BusyAsync(stage, councils, moments, receiving, stop);
            var what = point % 2 == 1 ? "server" : "postmaster";
            if (point % 2 == 1)
            {
                await stage.Seats[0].KillAsync();
                stage.Seats[0].Launch();
            }
            else
            {
                Process.GetProcessById(Postmaster.FindLive(stage.Cluster)!.Pid).Kill();
            }

            var healed = await Health.WaitAsync(stage, what + " killed during an upload", stop);
            await output.WriteLineAsync($"  {what} {point} of {options.Points} killed after {seconds:0.0} s of work "
                + $"({states}); answers again in {healed:0.0} s");
        }

        await JudgeableAsync(stage, councils, output, stop);
        return await stage.JudgeAsync(stop);
    }

    /// <summary>Lets the files end, and sends each council's newest once more: that must change nothing.</summary>
    public static async Task JudgeableAsync(
        Stage stage, Councils councils, TextWriter output, CancellationToken stop)
    {
        await councils.EndAsync();
        var before = await UploadBooks.AmountAsync(stage.Superuser, stop);
        var wrong = (await councils.SendAgainAsync()).ToList();
        if (await UploadBooks.AmountAsync(stage.Superuser, stop) != before)
        {
            wrong.Add("a file that was sent again changed something");
        }

        wrong.ForEach(one => stage.Witness.Write(new Seen("upload", TimeProvider.System.GetUtcNow())
        {
            Promise = "P3", Wrong = one,
        }));
        var (done, again) = councils.Tally;
        await output.WriteLineAsync($"  {done} files done; {again} requests had to be made again; "
            + "each newest file sent once more");
    }

    /// <summary>Waits until work is certainly being done since the last fault, and then a random moment more.</summary>
    /// <returns>The states of the files at that moment, and the seconds it took to come.</returns>
    public static async Task<(string States, double Seconds)> BusyAsync(
        Stage stage, Councils councils, Moments moments, bool receiving, CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        var first = await UploadBooks.ProgressAsync(stage.Superuser, stop);
        while (true)
        {
            await councils.HaveNotFailedAsync();
            var now = await UploadBooks.ProgressAsync(stage.Superuser, stop);
            if (receiving ? now.Received > first.Received : now.Applied > first.Applied && now.Open > 0)
            {
                await Task.Delay(moments.Next(AheadMsMax), stop);
                return ((await UploadBooks.ProgressAsync(stage.Superuser, stop)).States, since.Elapsed.TotalSeconds);
            }

            if (since.Elapsed.TotalSeconds > ProgressSecondsMax)
            {
                throw new InvalidOperationException($"Uploads do not go on ({now.States}).");
            }

            await Task.Delay(LookMs, stop);
        }
    }
}
