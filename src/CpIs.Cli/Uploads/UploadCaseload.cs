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

    public async Task<int> RunAsync(UploadOptions options, string file, CancellationToken stop)
    {
        try
        {
            var target = await TargetAsync(options, file, stop);
            var manifest = await screen.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                    new RemainingTimeColumn())
                .StartAsync(progress => FollowAsync(target, file, progress, stop));
            await TellAsync(manifest, options, file, stop);
            return manifest.ExitCode;
        }
        catch (Exception away) when (away is UploadRefused or HttpRequestException or IOException or JsonException)
        {
            await output.WriteLineAsync($"{Path.GetFileName(file)}: nothing was done: {away.Message}");
            return UploadExit.Nothing;
        }
    }

    private async Task<UploadManifest> FollowAsync(
        Uri target, string file, ProgressContext progress, CancellationToken stop)
    {
        var sent = progress.AddTask("sent", maxValue: Math.Max(1, new FileInfo(file).Length));
        var applied = progress.AddTask("applied", autoStart: false, maxValue: Whole);
        var type = Path.GetExtension(file) == ".ndjson" ? "application/fhir+ndjson" : "text/csv";
        var status = await http.SendAsync(target, () => new SentFile(file, type, bytes => sent.Value = bytes), stop);
        sent.Value = sent.MaxValue;
        applied.StartTask();
        while (true)
        {
            var (now, manifest, pause) = await http.StatusAsync(status, stop);
            if (manifest is not null)
            {
                applied.Value = Whole;
                return manifest;
            }

            applied.Value = now!.Percent;
            applied.Description = "applied " + Markup.Escape(now.Text);
            await Task.Delay(pause, stop);
        }
    }

    private async Task TellAsync(UploadManifest manifest, UploadOptions options, string file, CancellationToken stop)
    {
        var counts = manifest.Counts.Where(c => c.Rows > 0 || c.Name is "read" or "refused")
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Rows:N0} {c.Name}"));
        await output.WriteLineAsync($"{Path.GetFileName(file)}: {manifest.FileCode} {string.Join(", ", counts)}"
            + (options.DryRun ? " (dry run: nothing was kept)" : ""));
        foreach (var issue in manifest.Issues)
        {
            await output.WriteLineAsync("  " + issue);
        }

        if (manifest.Refused > 0)
        {
            await TellRefusedAsync(manifest, file, stop);
        }
    }

    private async Task TellRefusedAsync(UploadManifest manifest, string file, CancellationToken stop)
    {
        var byCode = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var url in manifest.ErrorFiles)
        {
            await http.CountAsync(url, byCode, stop);
        }

        foreach (var (code, rows) in byCode.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal))
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {rows,8:N0} {code}"));
        }

        if (manifest.Address(ErrorsName) is { } errors)
        {
            var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!,
                Path.GetFileNameWithoutExtension(file) + "." + ErrorsName);
            await http.SaveAsync(errors, beside, stop);
            await output.WriteLineAsync("  the refused rows and why: " + beside);
        }
    }

    private static async Task<Uri> TargetAsync(UploadOptions options, string file, CancellationToken stop)
    {
        var extracted = options.Extracted ?? new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
        List<(string Name, string? Value)> query =
        [
            ("submission", options.Submission ?? await NamedAsync(file, stop)),
            ("extracted", extracted.ToUniversalTime()
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
            ("mode", options.Snapshot ? "snapshot" : null),
            ("rows", Text(options.Rows)),
            ("confirmEnd", Text(options.ConfirmEnd)),
            ("dryRun", options.DryRun ? "true" : null),
            ("allowOlder", options.AllowOlder ? "true" : null),
        ];
        var asked = query.Where(one => one.Value is not null)
            .Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value!)}");
        return new Uri(options.Server, "/FHIR/R4/$submit-caseload?" + string.Join('&', asked));
    }

    /// <summary>The same name and bytes give the same submission: a file sent twice is applied once.</summary>
    private static async Task<string> NamedAsync(string file, CancellationToken stop)
    {
        await using var bytes = File.OpenRead(file);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, stop));
        var name = Path.GetFileNameWithoutExtension(file);
        return $"{name[..Math.Min(name.Length, SubmissionNameCharsMax)]}-{hash[..SubmissionHashChars]}";
    }

    private static string? Text(int? count) => count?.ToString(CultureInfo.InvariantCulture);
}
