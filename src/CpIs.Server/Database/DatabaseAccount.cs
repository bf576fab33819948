using System.Diagnostics;

namespace CpIs.Server.Database;

/// <summary>What a program we ran said, and how it ended.</summary>
internal sealed record ProgramEnd(int ExitCode, string Said)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>
/// The user PostgreSQL runs as. PostgreSQL refuses root, so a server started by root borrows the unprivileged user
/// that the PostgreSQL package made; anybody else is that user already (<see cref="BorrowedName"/> is null).
/// </summary>
internal sealed record DatabaseAccount(string? BorrowedName)
{
    public const string UserVariable = "CPIS_DATABASE_USER";

    private const string PackageUser = "postgres";

    // A session of its own: Ctrl-C on the terminal goes to the whole process group, and the database must outlive
    // the server until the server has answered what it accepted.
    private static readonly string? OwnSession =
        new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    private static readonly TimeSpan AccountProgramsMax = TimeSpan.FromSeconds(20);

    public static async Task<DatabaseAccount> FindAsync(CancellationToken stop)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new DatabaseAccount((string?)null);
        }
        var name = Environment.GetEnvironmentVariable(UserVariable) ?? PackageUser;
        var root = new DatabaseAccount((string?)null);
        var id = await root.RunAsync("id", ["-u", name], AccountProgramsMax, stop);
        if (!id.Succeeded || id.Said.Trim() == "0")
        {
            throw new StartRefusedException(
                $"PostgreSQL does not run as root, and there is no unprivileged user '{name}' to run it as. Install "
                + $"PostgreSQL ({PostgresPrograms.InstallLine}), which makes the user '{PackageUser}', or name "
                + $"another existing user in {UserVariable}.");
        }
        return new DatabaseAccount(name);
    }

    public async Task<ProgramEnd> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan limit, CancellationToken stop)
    {
        using var process = new Process { StartInfo = Describe(program, arguments) };
        process.Start();
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(stop);
        var errors = process.StandardError.ReadToEndAsync(stop);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: false);
            stop.ThrowIfCancellationRequested();
            throw new TimeoutException($"{Path.GetFileName(program)} took longer than {limit.TotalSeconds:0} s.");
        }
        return new ProgramEnd(process.ExitCode, await output + await errors);
    }

    /// <summary>
    /// Gives a folder that only this account may enter. One that holds something is left as it is; an empty one may
    /// be half of what a killed start did.
    /// </summary>
    public async Task MakePrivateFolderAsync(string folder, CancellationToken stop)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            return;
        }
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (BorrowedName is null)
        {
            return;
        }
        var root = new DatabaseAccount((string?)null);
        var given = await root.RunAsync("chown", ["-h", BorrowedName + ":", folder], AccountProgramsMax, stop);
        if (!given.Succeeded)
        {
            throw new StartRefusedException($"'{folder}' cannot be given to '{BorrowedName}': {given.Said.Trim()}");
        }
    }

    /// <summary>The outermost folder on the way to this one that the account cannot enter, or null.</summary>
    public async Task<string?> FirstClosedFolderAsync(string folder, CancellationToken stop)
    {
        if (BorrowedName is null || await CanEnterAsync(folder, stop))
        {
            return null;
        }
        var way = new Stack<string>();
        for (var step = folder; step is not null; step = Path.GetDirectoryName(step))
        {
            way.Push(step);
        }
        foreach (var step in way)
        {
            if (!await CanEnterAsync(step, stop))
            {
                return step;
            }
        }
        return folder;
    }

    private async Task<bool> CanEnterAsync(string folder, CancellationToken stop) =>
        (await RunAsync("test", ["-x", folder], AccountProgramsMax, stop)).Succeeded;

    private ProcessStartInfo Describe(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo
        {
            FileName = OwnSession ?? program,
            // Where the server stands may be closed to the borrowed user.
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (OwnSession is not null)
        {
            start.ArgumentList.Add("--wait");
            start.ArgumentList.Add(program);
        }
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        if (BorrowedName is not null)
        {
            start.UserName = BorrowedName;
        }
        // PGHOST, PGDATA and the like belong to the person's own PostgreSQL, not to this one.
        foreach (var foreign in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)))
        {
            start.Environment.Remove(foreign);
        }
        start.Environment["LC_ALL"] = "C";
        return start;
    }
}
