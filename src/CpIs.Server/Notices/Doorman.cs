using System.Net;
using System.Net.Sockets;

namespace CpIs.Server.Notices;

/// <summary>
/// Says where notices may go. A name is checked against the list when a council asks; the address it stands for is
/// checked at each connection, when it is resolved and by the very socket that will be used, so that no name can lead
/// inside the house.
/// https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
/// </summary>
internal sealed class Doorman(ServerOptions server)
{
    private const int HttpsPort = 443;

    /// <summary>Addresses of no public host: private, local, shared, for tests, for many, or wrapped in another kind.
    /// https://www.iana.org/assignments/iana-ipv4-special-registry</summary>
    private static readonly IPNetwork[] Inside =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
            "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(n => IPNetwork.Parse(n)),
    ];

    private readonly NoticeOptions options = server.Notices;

    /// <summary>Why an endpoint is refused; null when it may be used.</summary>
    public string? Refusal(Uri endpoint)
    {
        if (endpoint.UserInfo.Length > 0 || endpoint.Fragment.Length > 0)
        {
            return "The endpoint holds a user or a fragment.";
        }

        if (options.Loopback && IsLoopback(endpoint) && endpoint.Scheme is "http" or "https")
        {
            return null;
        }

        return endpoint.Scheme != Uri.UriSchemeHttps ? "The endpoint must be an https address."
            : !IsListed(endpoint) ? "The endpoint's host is not on the list of receivers: ask the operator."
            : null;
    }

    /// <summary>Whether a resolved address may be connected to.</summary>
    public bool Allows(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (options.Loopback && IPAddress.IsLoopback(plain))
        {
            return true;
        }

        return Array.TrueForAll(Inside, n => !n.Contains(plain)) || options.Networks.Any(n => n.Contains(plain));
    }

    /// <summary>Connects to the first address of a host that is allowed.</summary>
    /// <exception cref="HttpRequestException">None is.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext to, CancellationToken stop)
    {
        var host = to.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal)
            ? [literal] : await Dns.GetHostAddressesAsync(host, stop);
        var allowed = Array.FindAll(addresses, Allows);
        if (allowed.Length == 0)
        {
            throw new HttpRequestException("The receiver's address is not allowed.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, to.DnsEndPoint.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsListed(Uri endpoint) => options.Hosts.Any(entry =>
        string.Equals(entry, endpoint.Port == HttpsPort ? endpoint.IdnHost : $"{endpoint.IdnHost}:{endpoint.Port}",
            StringComparison.OrdinalIgnoreCase));

    private static bool IsLoopback(Uri endpoint) => endpoint.Host == "localhost"
        || (IPAddress.TryParse(endpoint.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
