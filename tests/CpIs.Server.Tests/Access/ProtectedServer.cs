using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>The server behind TLS, asking its clients for certificates of an invented authority.</summary>
public sealed class ProtectedServer : IAsyncLifetime, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("cpis-tls-").FullName;
    private readonly InventedAuthority servers = new();

    internal InventedAuthority Clients { get; } = new();

    public RunningServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        using var certificate = servers.Server();
        Server = new()
        {
            Wire = new()
            {
                Address = IPAddress.Loopback,
                CertificateFile = Write("server.pem", certificate.ExportCertificatePem()),
                KeyFile = Write("server.key", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
                ClientAuthorityFile = Write("clients.pem", Clients.Pem),
                ClientCertificateNeeded = true,
            },
        };
        await Server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public void Dispose()
    {
        Clients.Dispose();
        servers.Dispose();
    }

    /// <summary>A connection past TLS, for one who writes bytes.</summary>
    internal async Task<SslStream> ConnectAsync(X509Certificate2? client, SslProtocols protocols,
        params SslApplicationProtocol[] speaks)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Server.Root.Port);
        var stream = new SslStream(socket.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocols,
            ApplicationProtocols = [.. speaks],
            ClientCertificates = client is null ? null : [client],
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown is X509Certificate2 certificate && servers.Signed(certificate),
        });
        return stream;
    }

    /// <summary>A doctor's client with a certificate.</summary>
    internal HttpClient Doctor(X509Certificate2? client)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) =>
            shown is X509Certificate2 certificate && servers.Signed(certificate);
        handler.SslOptions.ClientCertificates = client is null ? null : [client];
        return new(handler)
        {
            BaseAddress = Server.Base,
            DefaultRequestHeaders = { Authorization = new("Bearer", Server.Token("sandbox-ed-clinician")) },
        };
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
