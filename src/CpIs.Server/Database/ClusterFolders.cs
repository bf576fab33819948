using System.Security.Cryptography;
using System.Text;

namespace CpIs.Server.Database;

/// <summary>
/// Where the private cluster lives. Data and socket depend only on the checkout (or on the folder asked for), so that
/// the next start finds what the last one left, whatever folder it is called from.
/// </summary>
internal sealed record ClusterFolders(string Data, string Cluster, string Socket)
{
    public const int Port = 5432;

    // sun_path holds 108 bytes with its closing zero: https://man7.org/linux/man-pages/man7/unix.7.html
    private const int SocketPathBytesMax = 107;
    private const int HashDigits = 16;
    private const string UnfinishedPrefix = "data.unfinished-";
    private const string RootData = "/var/lib/cpis";
    private const string RootSocket = "/run/cpis";

    private const UnixFileMode Enterable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string PgData => Path.Combine(Cluster, "data");

    /// <summary>What initdb never finished: each attempt has a folder of its own.</summary>
    public IEnumerable<string> Unfinished => Directory.EnumerateDirectories(Cluster, UnfinishedPrefix + "*");

    public string PidFile => Path.Combine(PgData, "postmaster.pid");

    public string Log => Path.Combine(Cluster, "postgres.log");

    public string ServerLock => Path.Combine(Data, "server.lock");

    /// <summary>
    /// Where the next initdb works; renamed when complete, so a killed one leaves no half cluster. Never the same
    /// twice: the initdb of a killed server may still be at work in its own.
    /// </summary>
    public string NewUnfinished() => Path.Combine(Cluster, UnfinishedPrefix + Guid.NewGuid().ToString("N"));

    public static async Task<ClusterFolders> PrepareAsync(
        string? asked, DatabaseAccount account, CancellationToken stop)
    {
        var folders = Decide(asked, Checkout(), account.BorrowedName is not null);
        MakeEnterable(folders.Data);
        var closed = await account.FirstClosedFolderAsync(folders.Data, stop);
        if (closed is not null)
        {
            throw new StartRefusedException(
                $"--data {folders.Data}: the database runs as user '{account.BorrowedName}', which cannot enter "
                + $"'{closed}'. Choose a folder that user can reach, or leave --data away: the data then goes to "
                + $"{RootData}.");
        }
        await account.MakePrivateFolderAsync(folders.Cluster, stop);
        if (Path.GetDirectoryName(folders.Socket) == RootSocket)
        {
            MakeEnterable(RootSocket);
        }
        await account.MakePrivateFolderAsync(folders.Socket, stop);
        if (File.GetUnixFileMode(folders.Socket) != Private)
        {
            throw new StartRefusedException(
                $"'{folders.Socket}' must be closed to other users (mode 0700): whoever enters it is the database's "
                + "superuser. Remove it and start again.");
        }
        return folders;
    }

    internal static ClusterFolders Decide(string? asked, string checkout, bool borrowedAccount)
    {
        var hash = Hash(asked is null ? checkout : Path.GetFullPath(asked));
        var data = asked is not null ? Path.GetFullPath(asked)
            : borrowedAccount ? Path.Combine(RootData, hash)
            : Path.Combine(checkout, ".data");
        var cluster = Path.Combine(data, "postgres");
        if (borrowedAccount)
        {
            return new ClusterFolders(data, cluster, Path.Combine(RootSocket, hash));
        }
        var beside = Path.Combine(cluster, "socket");
        return new ClusterFolders(data, cluster, SocketFits(beside) ? beside : ShortSocketFolder(hash));
    }

    private static bool SocketFits(string folder) =>
        Encoding.UTF8.GetByteCount($"{folder}/.s.PGSQL.{Port}") <= SocketPathBytesMax;

    private static string ShortSocketFolder(string hash)
    {
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        var parents = new[] { runtime, Path.GetTempPath() }.OfType<string>();
        return parents.Select(parent => Path.Combine(parent, "cpis-" + hash)).FirstOrDefault(SocketFits)
            ?? throw new StartRefusedException(
                $"No folder for the database's socket has a path short enough ({SocketPathBytesMax} bytes). "
                + "Choose a shorter --data folder.");
    }

    private static string Hash(string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..HashDigits];

    private static string Checkout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CpIs.sln")))
            {
                return folder.FullName;
            }
        }
        return AppContext.BaseDirectory;
    }

    /// <summary>Makes what is missing, whatever the umask; a folder that exists keeps its owner's mode.</summary>
    private static void MakeEnterable(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        if (Path.GetDirectoryName(folder) is { } parent)
        {
            MakeEnterable(parent);
        }
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, Enterable);
    }
}
