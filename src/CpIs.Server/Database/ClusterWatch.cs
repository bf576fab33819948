using System.ComponentModel;

namespace CpIs.Server.Database;

/// <summary>
/// Looks after the running cluster, since no service manager does: starts it again when its postmaster died, and
/// keeps its log bounded. A cluster that a person stopped stays down until that person starts it.
/// </summary>
internal sealed class ClusterWatch(ClusterFolders folders, ClusterCommands commands, Action<string> tell)
{
    public const long LogBytesMax = 10L * 1024 * 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken end)
    {
        using var timer = new PeriodicTimer(LookEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                BoundLog();
                if (Postmaster.HasCrashed(folders))
                {
                    await RestartAsync(end);
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The server ends; it stops the cluster itself.
        }
    }

    private async Task RestartAsync(CancellationToken end)
    {
        tell("PostgreSQL died; starting it again.");
        try
        {
            await commands.RunningAsync(end);
        }
        catch (Exception notNow) when (notNow is StartRefusedException or TimeoutException or IOException
            or UnauthorizedAccessException or Win32Exception)
        {
            // A full disk or an exhausted machine may pass: the next look tries again.
            tell(notNow.Message);
        }
    }

    /// <summary>PostgreSQL appends to its log, so emptying it in place is safe; one older log is kept.</summary>
    internal void BoundLog()
    {
        try
        {
            if (new FileInfo(folders.Log) is not { Exists: true, Length: > LogBytesMax })
            {
                return;
            }
            File.Copy(folders.Log, folders.Log + ".1", overwrite: true);
            using var emptied = new FileStream(folders.Log, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception notNow) when (notNow is IOException or UnauthorizedAccessException)
        {
            // Losing log lines is better than losing the watch.
            tell(notNow.Message);
        }
    }
}
