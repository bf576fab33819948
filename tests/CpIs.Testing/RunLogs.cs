using System.Diagnostics;
using System.Globalization;

namespace CpIs.Testing;

/// <summary>
/// Keeps whatever the servers and databases of a whole test run log, in the folder that <c>./cpis test</c> names: it
/// looks afterwards whether a child, a clinician or a token stands in it. Without that folder nothing is kept.
/// </summary>
public static class RunLogs
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("CPIS_TEST_LOGS");

    private static readonly Lazy<StreamWriter?> Written = new(Open);

    private static int _databases;

    /// <summary>Sends the console of this process there, where the servers that it runs itself log.</summary>
    public static void TakeConsole() => _ = Written.Value;

    /// <summary>A line that a server in a process of its own printed.</summary>
    public static void Add(string line)
    {
        if (Written.Value is { } file)
        {
            lock (file)
            {
                file.WriteLine(line);
            }
        }
    }

    /// <summary>Gives a log of PostgreSQL a second name there, which stays when its folder is removed.</summary>
    public static async Task KeepAsync(string databaseLog)
    {
        if (Folder is null)
        {
            return;
        }
        var name = string.Create(CultureInfo.InvariantCulture,
            $"postgres-{Environment.ProcessId}-{Interlocked.Increment(ref _databases)}.log");
        using var link = Process.Start("ln", ["--", databaseLog, Path.Combine(Folder, name)]);
        await link.WaitForExitAsync();
        if (link.ExitCode != 0)
        {
            throw new IOException("The database's log cannot be kept beside the others.");
        }
    }

    private static StreamWriter? Open()
    {
        if (Folder is null)
        {
            return null;
        }
        var name = string.Create(CultureInfo.InvariantCulture, $"servers-{Environment.ProcessId}.log");
        var file = new StreamWriter(Path.Combine(Folder, name), append: true) { AutoFlush = true };
        Console.SetOut(TextWriter.Synchronized(file));
        return file;
    }
}
