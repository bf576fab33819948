namespace CpIs.Cli.Ledger;

/// <summary>What the command line of <c>audit verify</c> says.</summary>
internal sealed record VerifyOptions
{
    public const string Usage = """
        ./cpis audit verify [--server URL | --connection STRING] [--since FILE] [--trust FILE] [--archive FILE]
                             [--client-id ID]

          --server URL         a running server, http://localhost:5080 when nothing is said
          --connection STRING  the database itself
          --since FILE         checkpoints kept outside, such as the server's checkpoints.txt: the ledger must hold them
          --trust FILE         public keys, one a line: checkpoints signed by no other count
          --archive FILE       entries of a month that left the database; may be given again for each month
          --client-id ID       who asks the server, sandbox-auditor when nothing is said
        """;

    public Uri Server { get; init; } = new("http://localhost:5080");

    /// <summary>Null to ask the server.</summary>
    public string? Connection { get; init; }

    public string? Since { get; init; }

    public string? Trust { get; init; }

    public IReadOnlyList<string> Archives { get; init; } = [];

    public string ClientId { get; init; } = "sandbox-auditor";

    /// <exception cref="ArgumentException">For an argument it does not know, or a file that is not there.</exception>
    public static VerifyOptions Read(IReadOnlyList<string> args)
    {
        var options = new VerifyOptions();
        for (var i = 0; i < args.Count; i += 2)
        {
            var value = i + 1 < args.Count ? args[i + 1] : throw new ArgumentException(Usage);
            options = args[i] switch
            {
                "--server" => options with { Server = Url(value) },
                "--connection" => options with { Connection = value },
                "--since" => options with { Since = Existing(value) },
                "--trust" => options with { Trust = Existing(value) },
                "--archive" => options with { Archives = [.. options.Archives, Existing(value)] },
                "--client-id" => options with { ClientId = value },
                _ => throw new ArgumentException(Usage),
            };
        }

        return options;
    }

    private static Uri Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new ArgumentException($"{value} is no URL of a server.");

    private static string Existing(string file) =>
        File.Exists(file) ? file : throw new ArgumentException($"There is no file {file}.");
}
