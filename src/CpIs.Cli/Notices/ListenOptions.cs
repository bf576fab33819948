using System.Globalization;

namespace CpIs.Cli.Notices;

/// <summary>What the command line of <c>listen</c> says.</summary>
internal sealed record ListenOptions
{
    public const string Usage = """
        ./cpis listen --council CODE [--server URL] [--topic NAME,…] [--port N]

          --council CODE  ZZ001 to ZZ004, the councils of the sandbox, or lancashire, leeds, islington, sheffield
          --server URL    http://localhost:5080 when nothing is said
          --topic NAME,…  access, attendance, person-change, plan-lapse; all of them when nothing is said
          --port N        port of the receiver on this machine; 5090 when nothing is said

        Subscribes, prints each notice the council gets, and takes its subscriptions back at Ctrl-C.
        """;

    public static readonly string[] Topics = ["access", "attendance", "person-change", "plan-lapse"];

    private const int DefaultPort = 5090;

    private static readonly string[] Councils = ["lancashire", "leeds", "islington", "sheffield"];

    public required string ClientId { get; init; }

    public Uri Server { get; init; } = new("http://localhost:5080");

    public IReadOnlyList<string> Topic { get; init; } = Topics;

    public int Port { get; init; } = DefaultPort;

    /// <exception cref="ArgumentException">For an argument it does not know, or a council that is none.</exception>
    public static ListenOptions Read(IReadOnlyList<string> args)
    {
        var options = new ListenOptions { ClientId = "" };
        for (var i = 0; i < args.Count; i += 2)
        {
            var value = i + 1 < args.Count ? args[i + 1] : throw new ArgumentException(Usage);
            options = args[i] switch
            {
                "--council" => options with { ClientId = Client(value) },
                "--server" when Uri.TryCreate(value, UriKind.Absolute, out var url) => options with { Server = url },
                "--topic" => options with { Topic = Named(value) },
                "--port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) =>
                    options with { Port = port },
                _ => throw new ArgumentException(Usage),
            };
        }

        return options.ClientId.Length > 0 ? options : throw new ArgumentException(Usage);
    }

    private static string Client(string council)
    {
        var at = Array.FindIndex(Councils, c => c.Equals(council, StringComparison.OrdinalIgnoreCase));
        for (var i = 0; at < 0 && i < Councils.Length; i++)
        {
            at = council == $"ZZ{i + 1:000}" ? i : at;
        }

        return at >= 0 ? "sandbox-council-" + Councils[at]
            : throw new ArgumentException($"{council} is no council of the sandbox.\n\n{Usage}");
    }

    private static string[] Named(string topics) => topics.Split(',') is var all && all.All(Topics.Contains)
        ? all : throw new ArgumentException(Usage);
}
