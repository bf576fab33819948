namespace CpIs.Cli.Ledger;

/// <summary>What the command line of <c>audit verify</c> says.</summary>
internal sealed record VerifyOptions
{
    public const string Usage = """
        ./cpis audit verify [--server URL | --connection STRING] [--since FILE] [--trust FILE] [--quick]
                            [--archive FILE] [--client-id ID [--key FILE [--token-url URL]]]

          --server URL         a running server, http://localhost:5080 when nothing is said
          --connection STRING  the database itself
          --since FILE         checkpoints seen before: the ledger must continue them. Those of a server that holds
                               are added, and the file is made when there is none
          --trust FILE         public keys, one a line: checkpoints signed by no other count. When there is no such
                               file, the server's key is kept in it. FILE.keys beside --since when nothing is said
          --quick              asks a server only to prove that it continues --since; reads no entry, needs no token
          --archive FILE       entries of a month that left the database; may be given again for each month
          --client-id ID       who asks the server, sandbox-auditor when nothing is said
          --key FILE           its private key (PEM), by which it proves itself; by name alone only a sandbox gives a
                               token
          --token-url URL      where its platform gives tokens; where the server says when nothing is said
        """;

    public Uri Server { get; init; } = new("http://localhost:5080");

    /// <summary>Null to ask the server.</summary>
    public string? Connection { get; init; }

    public string? Since { get; init; }

    public string? Trust { get; init; }

    public IReadOnlyList<string> Archives { get; init; } = [];

    public bool Quick { get; init; }

    /// <summary>Where a server's key is kept; null when nothing was named that could hold it.</summary>
    public string? KeysFile => Trust ?? (Since is null ? null : Since + ".keys");

    public string ClientId { get; init; } = "sandbox-auditor";

    public ClientKey? Key { get; init; }

    public string? TokenUrl { get; init; }

    /// <exception cref="ArgumentException">For an argument it does not know, or a file that is not there.</exception>
    public static VerifyOptions Read(IReadOnlyList<string> args)
    {
        var options = new VerifyOptions();
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "--quick")
            {
                options = options with { Quick = true };
                continue;
            }

            var value = i + 1 < args.Count ? args[i + 1] : throw new ArgumentException(Usage);
            options = args[i++] switch
            {
                "--server" => options with { Server = Url(value) },
                "--connection" => options with { Connection = value },
                "--since" => options with { Since = Placed(value) },
                "--trust" => options with { Trust = Placed(value) },
                "--archive" => options with { Archives = [.. options.Archives, Existing(value)] },
                "--client-id" => options with { ClientId = value },
                "--token-url" => options with { TokenUrl = value },
                "--key" => options with { Key = ClientKey.Read(value) },
                _ => throw new ArgumentException(Usage),
            };
        }

        return options.Fit();
    }

    /// <summary>A database has no one who could be asked for a key or a proof.</summary>
    private VerifyOptions Fit()
    {
        if (Quick && (Since is null || Connection is not null))
        {
            throw new ArgumentException("--quick needs --since FILE, and a server.");
        }

        var missing = Connection is null ? null
            : new[] { Since, Trust }.FirstOrDefault(file => file is not null && !File.Exists(file));
        return missing is not null ? throw new ArgumentException($"There is no file {missing}.")
            : TokenUrl is null ? this
            : this with { Key = Key?.At(TokenUrl) ?? throw new ArgumentException("--token-url needs --key FILE.") };
    }

    private static Uri Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new ArgumentException($"{value} is no URL of a server.");

    private static string Existing(string file) =>
        File.Exists(file) ? file : throw new ArgumentException($"There is no file {file}.");

    private static string Placed(string file) =>
        !Directory.Exists(file) && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))
            ? file
            : throw new ArgumentException($"There is no place for the file {file}.");
}
