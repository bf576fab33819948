namespace CpIs.Cli.Uploads;

/// <summary>
/// Uploads every caseload that a case system puts into a folder, oldest first, and moves it to <c>done</c> or
/// <c>failed</c>. What is still being written is left until it stands still, and what changed while it was sent is sent
/// again; so is a file that met no server.
/// </summary>
internal sealed class WatchFolder(UploadCaseload upload)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>Goes on until it is told to stop.</summary>
    public async Task RunAsync(UploadOptions options, CancellationToken stop)
    {
        var before = new Dictionary<string, (long, DateTime)>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(LookEvery);
        do
        {
            before = await LookAsync(options, before, stop);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    /// <summary>Takes the files that stood still since the last look.</summary>
    /// <returns>How the files stand now.</returns>
    internal async Task<Dictionary<string, (long Bytes, DateTime Written)>> LookAsync(
        UploadOptions options, IReadOnlyDictionary<string, (long Bytes, DateTime Written)> before,
            CancellationToken stop)
    {
        var files = new DirectoryInfo(options.Folder!).GetFiles()
            .Where(file => (FileEnding.IsCsv(file.Name) || FileEnding.IsNdjson(file.Name))
                && !UploadCaseload.BesideNames
                    .Any(beside => file.Name.EndsWith("." + beside, StringComparison.Ordinal)))
            .OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal).ToList();
        foreach (var file in files.Where(f => before.TryGetValue(f.FullName, out var then) && then == Now(f)))
        {
            var end = await upload.SendAsync(options, file.FullName, stop);
            if (end != UploadEnd.Away && file.Exists && before[file.FullName] == Now(Again(file)))
            {
                Move(options.Folder!, file, end == UploadEnd.Nothing ? "failed" : "done");
            }
        }

        return files.Where(file => File.Exists(file.FullName)).ToDictionary(file => file.FullName, Now);
    }

    private static FileInfo Again(FileInfo file)
    {
        file.Refresh();
        return file;
    }

    private static (long, DateTime) Now(FileInfo file) => (file.Length, file.LastWriteTimeUtc);

    /// <summary>The errors go with the file; a name that is taken gets a number.</summary>
    private static void Move(string folder, FileInfo file, string to)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, to)).FullName;
        var name = Path.GetFileNameWithoutExtension(file.Name);
        var free = name;
        for (var i = 2; File.Exists(Path.Combine(place, free + file.Extension)); i++)
        {
            free = $"{name}-{i}";
        }

        // What was told of the file goes first: a stop in between leaves the file, and it is told again.
        foreach (var beside in UploadCaseload.BesideNames)
        {
            var told = Path.Combine(folder, name + "." + beside);
            if (File.Exists(told))
            {
                File.Move(told, Path.Combine(place, free + "." + beside), overwrite: true);
            }
        }

        File.Move(file.FullName, Path.Combine(place, free + file.Extension));
    }
}
