using System.Globalization;
using System.Net;
using CpIs.Server.Database;

namespace CpIs.Server.Access;

/// <summary>
/// Where the server listens, with which certificate, and how often one client may ask. Nothing leaves this machine in
/// the clear: without a certificate the server listens on the loopback address and nowhere else.
/// </summary>
internal sealed record WireOptions
{
    /// <summary>Requests a second of one client, outside the sandbox and where nothing else is configured.</summary>
    private const int RequestsPerSecondDefault = 200;

    /// <summary>Address to listen on; null: this machine's own callers only.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>
    /// Address of the management port; null: this machine's own callers only. It is about nobody, and in the clear.
    /// </summary>
    public IPAddress? ManagementAddress { get; init; }

    /// <summary>PEM file of the server's certificate, with those between it and its authority; null: no TLS.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of its private key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>PEM file of the authorities whose client certificates are taken; null: none is asked for.</summary>
    public string? ClientAuthorityFile { get; init; }

    /// <summary>Whether a client without such a certificate is turned away before it has said anything.</summary>
    public bool ClientCertificateNeeded { get; init; }

    /// <summary>Requests a second that one client may go on making; 0: as many as it likes.</summary>
    public int RequestsPerSecond { get; init; }

    /// <summary>Reads the section <c>Listen</c>.</summary>
    /// <exception cref="StartRefusedException">When it would let requests travel unprotected, or contradicts
    /// itself.</exception>
    public static WireOptions Read(IConfiguration configuration, bool sandbox)
    {
        var section = configuration.GetSection("Listen");
        var options = new WireOptions
        {
            Address = AddressOf(section, nameof(Address)),
            ManagementAddress = AddressOf(section, nameof(ManagementAddress)),
            CertificateFile = section[nameof(CertificateFile)],
            KeyFile = section[nameof(KeyFile)],
            ClientAuthorityFile = section[nameof(ClientAuthorityFile)],
            ClientCertificateNeeded = section[nameof(ClientCertificateNeeded)] switch
            {
                null or "" or "false" => false,
                "true" => true,
                _ => throw new StartRefusedException("Listen:ClientCertificateNeeded is true or false."),
            },
            RequestsPerSecond = Rate(section[nameof(RequestsPerSecond)], sandbox ? 0 : RequestsPerSecondDefault),
        };
        options.Check();
        return options;
    }

    private void Check()
    {
        if (CertificateFile is null != KeyFile is null)
        {
            throw new StartRefusedException("Listen:CertificateFile and Listen:KeyFile go together.");
        }

        if (CertificateFile is null && Address is not null && !IPAddress.IsLoopback(Address))
        {
            throw new StartRefusedException(
                "Listen:Address is not this machine's own: set Listen:CertificateFile and Listen:KeyFile, since tokens "
                + "and children's data would travel in the clear.");
        }

        if (ClientAuthorityFile is not null && CertificateFile is null)
        {
            throw new StartRefusedException("Listen:ClientAuthorityFile needs Listen:CertificateFile.");
        }

        if (ClientCertificateNeeded && ClientAuthorityFile is null)
        {
            throw new StartRefusedException("Listen:ClientCertificateNeeded needs Listen:ClientAuthorityFile.");
        }

        foreach (var file in (string?[])[CertificateFile, KeyFile, ClientAuthorityFile])
        {
            if (file is not null && !File.Exists(file))
            {
                throw new StartRefusedException($"The section Listen names a file that is not there: {file}");
            }
        }
    }

    private static IPAddress? AddressOf(IConfigurationSection section, string name) =>
        section[name] is not { Length: > 0 } address ? null
        : IPAddress.TryParse(address, out var parsed) ? parsed
        : throw new StartRefusedException($"Listen:{name} is no address such as 10.20.0.5 or 0.0.0.0.");

    private static int Rate(string? value, int otherwise) => string.IsNullOrEmpty(value) ? otherwise
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) ? rate
        : throw new StartRefusedException("Listen:RequestsPerSecond is a whole number; 0 sets no limit.");
}
