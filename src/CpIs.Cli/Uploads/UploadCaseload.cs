using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Spectre.Console;

namespace CpIs.Cli.Uploads;

/// <summary>
/// <c>upload</c>: sends one file, shows how far it is, and ends with what was refused and why, so that the person who
/// sent it knows what to mend.
/// </summary>
internal sealed class UploadCaseload(UploadHttp http, TextWriter output, IAnsiConsole screen)
{
    private const int Whole = 100;
    private const int SubmissionNameCharsMax = 80;
    private const int SubmissionHashChars = 16;
    private const string ErrorsName = "errors.csv";
    private const string EndedName = "ended.csv";

    /// <summary>Seconds between a file's arrival and the answer; more, and it was there before.</summary>
    private const int AnswerSecondsMax = 10;

    /// <summary>Files that may be written beside one that is uploaded.</summary>
    public static readonly IReadOnlyList<string> BesideNames = [ErrorsName, EndedName];

    /// <summary>Uploads a file and gives the exit code.</summary>
    public async Task<int> RunAsync(UploadOptions options, string file, CancellationToken stop) =>
        await SendAsync(options, file, stop) switch
        {
            UploadEnd.All => UploadExit.All,
            UploadEnd.SomeRefused => UploadExit.SomeRefused,
            _ => UploadExit.Nothing,
        };

    /// <summary>Uploads a file, and tells what became of it.</summary>
    public async Task<UploadEnd> SendAsync(UploadOptions options, string file, CancellationToken stop)
    {
        var name = Path.GetFileName(file);
        var isThere = false;
        try
        {
            var target = await TargetAsync(options, file, stop);
            var (manifest, answered) = await screen.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                    new RemainingTimeColumn())
                .StartAsync(progress => FollowAsync(target, file, progress, () => isThere = true, stop));
            await TellAsync(manifest, answered, options, file, stop);
            return manifest.End;
        }
        catch (Exception away) when (away is UploadRefused or HttpRequestException or IOException)
        {
            var why = away is HttpRequestException && IsAway(away)
                ? $"the server at {options.Server} does not answer: {away.Message}" : away.Message;
            await output.WriteLineAsync(isThere
                ? $"{name}: the server has the file, but what became of it is not known: {why}. The same command "
                    + "again goes on."
                : $"{name}: nothing was done: {why}");
            return IsAway(away) ? UploadEnd.Away : UploadEnd.Nothing;
        }
        catch (JsonException)
        {
            await output.WriteLineAsync(
                $"{name}: nothing is known: {options.Server} does not answer as a CpIs server.");
            return UploadEnd.Nothing;
        }
    }

    /// <summary>No connection, or one that broke; a token that is not given is no reason to come again.</summary>
    private static bool IsAway(Exception cause) => cause is UploadRefused { IsAway: true } or IOException
        or HttpRequestException { HttpRequestError: not HttpRequestError.Unknown }
        or HttpRequestException { InnerException: IOException };

    private async Task<(UploadManifest Manifest, DateTimeOffset? Answered)> FollowAsync(
        Uri target, string file, ProgressContext progress, Action isThere, CancellationToken stop)
    {
        var sent = progress.AddTask("sent", maxValue: Math.Max(1, new FileInfo(file).Length));
        var applied = progress.AddTask("applied", autoStart: false, maxValue: Whole);
        var type = FileEnding.IsNdjson(file) ? "application/fhir+ndjson" : "text/csv";
        var (status, answered) = await http.SendAsync(
            target, () => new SentFile(file, type, bytes => sent.Value = bytes), stop);
        isThere();
        sent.Value = sent.MaxValue;
        applied.StartTask();
        while (true)
        {
            var (now, manifest, pause) = await http.StatusAsync(status, stop);
            if (manifest is not null)
            {
                applied.Value = Whole;
                applied.Description = "applied";
                return (manifest, answered);
            }

            applied.Value = now!.Percent;
            applied.Description = "applied " + Markup.Escape(now.Text);
            await Task.Delay(pause, stop);
        }
    }

    private async Task TellAsync(
        UploadManifest manifest, DateTimeOffset? answered, UploadOptions options, string file, CancellationToken stop)
    {
        if (manifest.Received < answered?.AddSeconds(-AnswerSecondsMax))
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(file)} was sent before, {manifest.Received:yyyy-MM-dd HH:mm} UTC: this is what "
                + $"became of it then. To have it judged again, give --submission."));
        }

        var counts = manifest.Counts.Where(c => c.Rows > 0 || c.Name is "read" or "refused")
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Rows:N0} {c.Name}"));
        await output.WriteLineAsync($"{Path.GetFileName(file)}: {manifest.FileCode} {string.Join(", ", counts)}"
            + (options.DryRun ? " (dry run: nothing was kept)" : ""));
        foreach (var issue in manifest.Issues)
        {
            await output.WriteLineAsync("  " + issue
                .Replace("confirmEnd=", "--confirm-end ", StringComparison.Ordinal));
        }

        if (manifest.Refused > 0)
        {
            await TellRefusedAsync(manifest, file, stop);
        }

        if (manifest.EndedByAbsence > 0)
        {
            var end = options.DryRun ? "would end" : "ended";
            await SaveAsync(manifest, EndedName, file, string.Create(CultureInfo.InvariantCulture,
                $"{manifest.EndedByAbsence:N0} plans {end}, since the file leaves them out"), stop);
        }
    }

    private async Task TellRefusedAsync(UploadManifest manifest, string file, CancellationToken stop)
    {
        var byCode = new Dictionary<(string Code, string Detail), int>();
        foreach (var url in manifest.ErrorFiles)
        {
            await http.CountAsync(url, byCode, stop);
        }

        foreach (var ((code, detail), rows) in byCode
            .OrderByDescending(c => c.Value).ThenBy(c => c.Key.Code + c.Key.Detail, StringComparer.Ordinal))
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"  {rows,8:N0} {code} {RefusalWords.Of(detail)} [{detail}]"));
        }

        await SaveAsync(manifest, ErrorsName, file, "the refused rows and why", stop);
    }

    private async Task SaveAsync(
        UploadManifest manifest, string name, string file, string what, CancellationToken stop)
    {
        if (manifest.Address(name) is { } address)
        {
            var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!,
                Path.GetFileNameWithoutExtension(file) + "." + name);
            await http.SaveAsync(address, beside, stop);
            await output.WriteLineAsync($"  {what}: {beside}");
        }
    }

    private static async Task<Uri> TargetAsync(UploadOptions options, string file, CancellationToken stop)
    {
        if (MendedErrors.Is(file))
        {
            // Read once to its end, so that a file in another encoding is refused before anything is sent.
            await using var mended = File.OpenRead(file);
            await MendedErrors.CopyAsync(mended, Stream.Null, stop);
        }

        var extracted = options.Extracted ?? new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
        var rows = options.Snapshot ? options.Rows ?? await RowCount.OfAsync(file, stop) : (int?)null;
        List<(string Name, string? Value)> query =
        [
            ("submission", options.Submission ?? await NamedAsync(options, file, stop)),
            ("extracted", extracted.ToUniversalTime()
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
            ("mode", options.Snapshot ? "snapshot" : null),
            ("rows", Text(rows)),
            ("confirmEnd", Text(options.ConfirmEnd)),
            ("dryRun", options.DryRun ? "true" : null),
            ("allowOlder", options.AllowOlder ? "true" : null),
        ];
        var asked = query.Where(one => one.Value is not null)
            .Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value!)}");
        return new Uri(options.Server, "/FHIR/R4/$submit-caseload?" + string.Join('&', asked));
    }

    /// <summary>
    /// The same name, bytes and meaning give the same submission: a file sent twice is applied once, and one that is
    /// sent again with its endings confirmed is another.
    /// </summary>
    private static async Task<string> NamedAsync(UploadOptions options, string file, CancellationToken stop)
    {
        await using var bytes = File.OpenRead(file);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, stop));
        var name = Path.GetFileNameWithoutExtension(file);
        return $"{name[..Math.Min(name.Length, SubmissionNameCharsMax)]}-{hash[..SubmissionHashChars]}"
            + (options.Snapshot ? "-snapshot" : "")
            + (options.ConfirmEnd is { } end ? $"-end{Text(end)}" : "");
    }

    private static string? Text(int? count) => count?.ToString(CultureInfo.InvariantCulture);
}
