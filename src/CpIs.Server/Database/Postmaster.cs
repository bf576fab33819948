using System.Globalization;

namespace CpIs.Server.Database;

/// <summary>
/// The running PostgreSQL of one data folder, as its pid file tells. The file outlives a killed postmaster and its pid
/// may by then be somebody else's, so a pid counts only when that process works in this very folder.
/// </summary>
internal sealed record Postmaster(int Pid, string SocketFolder)
{
    // https://www.postgresql.org/docs/15/storage-file-layout.html: pid, data folder, start, port, socket folder.
    private const int PidLine = 0;
    private const int SocketLine = 4;
    private const int StateAt = 16;
    private const int ShutDown = 1;

    public static Postmaster? FindLive(ClusterFolders folders)
    {
        var lines = ReadLines(folders.PidFile);
        if (lines.Length <= PidLine
            || !int.TryParse(lines[PidLine], NumberStyles.Integer, CultureInfo.InvariantCulture, out var pid)
            || !WorksIn(pid, folders.PgData))
        {
            return null;
        }
        var socket = lines.Length > SocketLine ? lines[SocketLine].Trim() : "";
        return new Postmaster(pid, socket.Length == 0 ? folders.Socket : socket);
    }

    /// <summary>
    /// No postmaster, and none that a person stopped. A killed one leaves its pid file; one that gave up by itself, as
    /// on a full disk, removes the file, but its control file does not say that it was shut down.
    /// </summary>
    public static bool HasCrashed(ClusterFolders folders) =>
        FindLive(folders) is null && (File.Exists(folders.PidFile) || !WasShutDown(folders));

    // src/include/catalog/pg_control.h: two versions and an identifier, then the state; 1 is DB_SHUTDOWNED.
    private static bool WasShutDown(ClusterFolders folders)
    {
        try
        {
            using var control = File.OpenRead(Path.Combine(folders.PgData, "global", "pg_control"));
            Span<byte> head = stackalloc byte[StateAt + sizeof(int)];
            control.ReadExactly(head);
            return BitConverter.ToInt32(head[StateAt..]) == ShutDown;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Nothing that could be started, or not ours to start.
            return true;
        }
    }

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool WorksIn(int pid, string folder)
    {
        try
        {
            var place = File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: false);
            return place is not null && SameFolder(place.FullName, folder);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool SameFolder(string left, string right) =>
        Resolved(left) == Resolved(right);

    // The data folder may have been named through symbolic links; the kernel reports the place without them.
    private static string Resolved(string folder)
    {
        var whole = Path.GetPathRoot(folder)!;
        foreach (var part in folder.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            whole = Path.Combine(whole, part);
            var target = new DirectoryInfo(whole).ResolveLinkTarget(returnFinalTarget: true);
            whole = target?.FullName ?? whole;
        }
        return whole;
    }
}
