using System.Globalization;

namespace CpIs.Cli.Uploads;

/// <summary>What the command line of <c>upload</c> says.</summary>
internal sealed record UploadOptions
{
    public const string Usage = """
        ./cpis upload FILE [--server URL] [--client-id ID [--key FILE [--token-url URL]]]
                           [--submission ID] [--extracted INSTANT] [--dry-run]
                           [--snapshot [--rows N]] [--confirm-end N] [--allow-older]
        ./cpis upload --watch-folder DIR [--server URL] [--client-id ID [--key FILE [--token-url URL]]]
                           [--dry-run] [--snapshot]

          FILE                 .csv or .ndjson; refused rows are written beside it, with why, as FILE.errors.csv.
                               Mend that and upload it: its columns code and reason are not sent
          --server URL         http://localhost:5080 when nothing is said
          --client-id ID       sandbox-council-lancashire when nothing is said
          --key FILE           your private key (PEM): the client proves itself by it. By name alone only a sandbox
                               gives a token
          --token-url URL      where your platform gives tokens; where the server says when nothing is said
          --submission ID      your own id of this upload; made from name, bytes and options when nothing is said, so
                               that the same command twice is one upload
          --extracted INSTANT  when your system made the file; the file's own time when nothing is said
          --dry-run            judges every row and keeps none
          --snapshot           the file is everything you hold: plans that are not in it end
          --rows N             how many rows your system wrote; counted when nothing is said
          --confirm-end N      confirms that so many plans end
          --allow-older        takes a file that is older than the last
          --watch-folder DIR   uploads every file that is put there and moves it to done/ or failed/, till Ctrl-C.
                               Let your system write under another ending, such as .part, and rename

        Ends with 0 when every row was taken, 1 when some were refused, 2 when nothing was done.
        """;

    /// <summary>One file, or null when a folder is watched.</summary>
    public string? File { get; init; }

    public string? Folder { get; init; }

    public Uri Server { get; init; } = new("http://localhost:5080");

    public string ClientId { get; init; } = "sandbox-council-lancashire";

    public ClientKey? Key { get; init; }

    public string? TokenUrl { get; init; }

    public string? Submission { get; init; }

    public DateTimeOffset? Extracted { get; init; }

    public bool DryRun { get; init; }

    public bool Snapshot { get; init; }

    public int? Rows { get; init; }

    public int? ConfirmEnd { get; init; }

    public bool AllowOlder { get; init; }

    /// <exception cref="ArgumentException">For an argument it does not know, or a file that is not there.</exception>
    public static UploadOptions Read(IReadOnlyList<string> args)
    {
        var options = new UploadOptions();
        for (var i = 0; i < args.Count; i++)
        {
            options = args[i] switch
            {
                "--dry-run" => options with { DryRun = true },
                "--snapshot" => options with { Snapshot = true },
                "--allow-older" => options with { AllowOlder = true },
                var name when name.StartsWith("--", StringComparison.Ordinal) =>
                    options.With(name, ++i < args.Count ? args[i] : null),
                var file when options.File is null => options with { File = file },
                var second => throw Wrong($"One file at a time: {options.File} or {second}. Several are uploaded with "
                    + "--watch-folder."),
            };
        }

        return options.Fit();
    }

    private static ArgumentException Wrong(string what) => new($"{what}\n\n{Usage}");

    private UploadOptions With(string name, string? given)
    {
        string Value() => given ?? throw Wrong($"{name} needs a value.");
        return name switch
        {
            "--server" => this with { Server = Url(Value()) },
            "--client-id" => this with { ClientId = Value() },
            "--key" => this with { Key = ClientKey.Read(Value()) },
            "--token-url" => this with { TokenUrl = Value() },
            "--submission" => this with { Submission = Value() },
            "--extracted" => this with { Extracted = Instant(Value()) },
            "--rows" => this with { Rows = Count(Value()) },
            "--confirm-end" => this with { ConfirmEnd = Count(Value()) },
            "--watch-folder" => this with { Folder = Value() },
            _ => throw Wrong($"There is no option {name}."),
        };
    }

    private string? Contradiction() =>
        File is null && Folder is null ? "Name a file, or a folder with --watch-folder."
        : File is not null && Folder is not null ? "A file or --watch-folder, not both."
        : TokenUrl is not null && Key is null ? "--token-url goes with --key."
        : Rows is not null && !Snapshot ? "--rows goes with --snapshot."
        : Folder is not null && (Rows ?? ConfirmEnd ?? (object?)Submission ?? Extracted) is not null
            ? "--rows, --confirm-end, --submission and --extracted are about one file, not about --watch-folder."
        : null;

    private UploadOptions Fit()
    {
        if (Contradiction() is { } what)
        {
            throw Wrong(what);
        }

        return File is not null && !System.IO.File.Exists(File)
            ? throw new ArgumentException($"There is no file {File}.")
            : Folder is not null && !Directory.Exists(Folder)
                ? throw new ArgumentException($"There is no folder {Folder}.")
            : TokenUrl is null ? this : this with { Key = Key!.At(TokenUrl) };
    }

    private static Uri Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? url
            : throw new ArgumentException($"{value} is no https address of a server.");

    private static DateTimeOffset Instant(string value) => DateTimeOffset.TryParse(
        value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
        ? instant : throw new ArgumentException($"{value} is no instant, such as 2026-01-05T06:00:00Z.");

    private static int Count(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
            : throw new ArgumentException($"{value} is not a whole number.");
}
