namespace CpIs.Cli.Checks;

/// <summary>What the command line of <c>check</c> says.</summary>
internal sealed record CheckOptions
{
    public const string Usage = """
        ./cpis check [--server URL] [--set NAME=VALUE …] [--token NAME=FILE …] [FILE.http …]

          --server URL       http://localhost:5080 when nothing is said
          --set NAME=VALUE   another value for a variable of the files, such as child=9990000018
          --token NAME=FILE  a file with the access token of clinician, nurse, feed or council: the requests that
                             would ask for one by that name are not sent
          FILE.http          samples/epr/*.http when none is named

        Sends the requests of the files in order and prints each whose answer is not as the lines # @expect say: a
        status, a header, or a FHIRPath expression that must be true. Exit 0 when all are, else 1.
        """;

    /// <summary>The files, in the order in which they are played.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Values of variables; <c>host</c> is the server's.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Tokens by name.</summary>
    public required IReadOnlyDictionary<string, string> Tokens { get; init; }

    /// <param name="args">Arguments.</param>
    /// <param name="samples">Folder of the samples.</param>
    /// <exception cref="ArgumentException">For an argument it does not know, or a file that is none.</exception>
    public static CheckOptions Read(IReadOnlyList<string> args, string samples)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["host"] = "http://localhost:5080" };
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        var files = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                files.Add(Existing(args[i]));
                continue;
            }

            var value = i + 1 < args.Count ? args[i + 1] : throw new ArgumentException(Usage);
            switch (args[i])
            {
                case "--server" when Uri.TryCreate(value, UriKind.Absolute, out _):
                    settings["host"] = value.TrimEnd('/');
                    break;
                case "--set" when value.Split('=', 2) is [var name, var text]:
                    settings[name] = text;
                    break;
                case "--token" when value.Split('=', 2) is [var name, var path]:
                    tokens[name] = File.ReadAllText(Existing(path)).Trim();
                    break;
                default:
                    throw new ArgumentException(Usage);
            }

            i++;
        }

        return new()
        {
            Files = files.Count > 0 ? files
                : [.. Directory.GetFiles(Path.Combine(samples, "epr"), "*.http").Order(StringComparer.Ordinal)],
            Settings = settings,
            Tokens = tokens,
        };
    }

    private static string Existing(string path) =>
        File.Exists(path) ? path : throw new ArgumentException($"There is no file {path}.");
}
