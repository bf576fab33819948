using System.Diagnostics;
using CpIs.Testing;

namespace CpIs.Faults;

/// <summary>
/// The place of one server: its port, its settings, its log. Whatever dies here is started again on the same port, as
/// a service manager would do it.
/// </summary>
internal sealed class ServerSeat(ServerStart start) : IAsyncDisposable
{
    /// <summary>Seconds within which a server that was started again must be ready.</summary>
    public const int ReadySecondsMax = 120;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private ServerProcess? process;

    public Uri Address => start.Address;

    public ServerStart Start => start;

    public string Log => start.LogFile!;

    public int Pid => Process.Pid;

    public bool HasEnded => Process.HasEnded;

    public ServerProcess Process => process ?? throw new InvalidOperationException("The server was never started.");

    public void Launch() => process = ServerProcess.Launch(start);

    /// <summary>Starts it, again if it gives up, until it is ready; answers the seconds that took.</summary>
    public async Task<double> ReadyAsync(CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        while (process is null || process.HasEnded || !await process.IsReadyAsync())
        {
            if (since.Elapsed.TotalSeconds > ReadySecondsMax)
            {
                throw new InvalidOperationException("The server did not become ready:\n" + process?.Printed);
            }

            if (process is null || process.HasEnded)
            {
                Launch();
            }

            await Task.Delay(LookEvery, stop);
        }

        return since.Elapsed.TotalSeconds;
    }

    public Task KillAsync() => Process.KillAsync();

    /// <summary>Threads, open files and resident memory, as the kernel counts them.</summary>
    public Seen Measure(string what)
    {
        var status = File.ReadAllLines($"/proc/{Pid}/status");
        long Of(string name) => long.Parse(
            status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(
                (char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture);
        return new Seen("process", TimeProvider.System.GetUtcNow())
        {
            What = what,
            Threads = Of("Threads:"),
            Files = Directory.GetFiles($"/proc/{Pid}/fd").Length,
            Megabytes = Of("VmRSS:") / 1024,
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }
    }
}
