using System.Diagnostics;

namespace CpIs.Faults;

/// <summary>
/// A file system of its own in a file, so that a disk can be full without harming the machine. Making one needs root.
/// </summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const long ImageBytes = 3L * 1024 * 1024 * 1024;

    private const int FillTurnsMax = 10;

    private readonly string image;

    private SmallDisk(string image, string folder)
    {
        this.image = image;
        Folder = folder;
    }

    public string Folder { get; }

    /// <summary>Null where one can be made; else why not.</summary>
    public static string? Hindrance =>
        !Environment.IsPrivilegedProcess ? "only root may mount a file system"
        : !File.Exists("/dev/loop-control") ? "this machine has no loop devices (/dev/loop-control)"
        : null;

    private string Ballast => Path.Combine(Folder, "ballast");

    public static async Task<SmallDisk> MountAsync(CancellationToken stop)
    {
        var disk = new SmallDisk(Stage.NewFolder() + ".img", Stage.NewFolder());
        await using (var file = new FileStream(disk.image, FileMode.CreateNew))
        {
            file.SetLength(ImageBytes);
        }

        Directory.CreateDirectory(disk.Folder);
        await RunAsync(stop, "mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", disk.image);
        await RunAsync(stop, "mount", "-o", "loop", disk.image, disk.Folder);
        File.SetUnixFileMode(disk.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return disk;
    }

    /// <summary>
    /// Takes all space but a little, which the database then uses up itself. Where the database was quicker and took of
    /// it between the look and the grasp, it looks again.
    /// </summary>
    public async Task FillAsync(long freeBytes, CancellationToken stop)
    {
        string? said = null;
        for (var turn = 0; turn < FillTurnsMax; turn++)
        {
            Free();
            var size = new DriveInfo(Folder).AvailableFreeSpace - freeBytes;
            if (size <= 0)
            {
                return;
            }

            said = await SaidByAsync(stop, "fallocate", "-l",
                size.ToString(System.Globalization.CultureInfo.InvariantCulture), Ballast);
            if (said is null)
            {
                return;
            }
        }

        throw new InvalidOperationException(said);
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        await RunAsync(CancellationToken.None, "umount", Folder);
        Directory.Delete(Folder);
        File.Delete(image);
    }

    private static async Task RunAsync(CancellationToken stop, params string[] command)
    {
        if (await SaidByAsync(stop, command) is { } said)
        {
            throw new InvalidOperationException(said);
        }
    }

    /// <summary>Null when it did what it was told; else its complaint.</summary>
    private static async Task<string?> SaidByAsync(CancellationToken stop, params string[] command)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardError = true };
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var said = await process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        return process.ExitCode == 0 ? null : $"{command[0]} failed: {said}";
    }
}
