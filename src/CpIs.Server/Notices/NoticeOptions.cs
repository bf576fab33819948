using System.Net;
using CpIs.Server.Database;

namespace CpIs.Server.Notices;

/// <summary>
/// Where notices may be sent. Outside the sandbox a council's receiver must be on this list, and its address public or
/// in a network that the operator named.
/// </summary>
internal sealed record NoticeOptions
{
    /// <summary>Names of hosts, or names with a port; without a port: 443.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Networks of private addresses that receivers may have, such as those of HSCN.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Sandbox: plain http to this machine, and nothing else besides the list.</summary>
    public bool Loopback { get; init; }

    /// <summary>Reads the section <c>Notices</c>.</summary>
    public static NoticeOptions Read(IConfiguration configuration, bool sandbox)
    {
        var section = configuration.GetSection("Notices");
        return new()
        {
            Hosts = [.. section.GetSection(nameof(Hosts)).GetChildren().Select(h => h.Value ?? "")],
            Networks = [.. section.GetSection(nameof(Networks)).GetChildren().Select(Network)],
            Loopback = sandbox,
        };
    }

    private static IPNetwork Network(IConfigurationSection section) =>
        IPNetwork.TryParse(section.Value, out var network) ? network
            : throw new StartRefusedException($"{section.Path} is no network such as 10.20.0.0/16.");
}
