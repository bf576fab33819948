using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace CpIs.Server.Access;

/// <summary>
/// The endpoint below HTTP's meaning: addresses, TLS, and how much a connection may ask of the server before anybody
/// knows whose it is. Each limit is what an honest client stays far below.
/// </summary>
internal static class Wire
{
    /// <summary>Connections of clients at one time.</summary>
    private const int ConnectionsMax = 10_000;

    /// <summary>Bytes of all request headers.</summary>
    private const int HeaderBytesMax = 32 * 1024;

    /// <summary>Headers of a request.</summary>
    private const int HeadersMax = 64;

    /// <summary>Bytes of method, target and version.</summary>
    private const int RequestLineBytesMax = 16 * 1024;

    /// <summary>Requests under way on one HTTP/2 connection.</summary>
    private const int StreamsMax = 100;

    /// <summary>Seconds a client has to send its headers.</summary>
    private const int HeadersSeconds = 10;

    /// <summary>Seconds a connection may be idle between two requests.</summary>
    private const int IdleSeconds = 120;

    /// <summary>Bytes a second below which a body, or a reader of an answer, is given up.</summary>
    private const double RateBytesMin = 240;

    /// <summary>Seconds in which that rate is not yet asked for.</summary>
    private const int RateGraceSeconds = 5;

    /// <summary>Seconds for which a browser that came by TLS must not come otherwise: a year.</summary>
    private const string StrictTransport = "max-age=31536000; includeSubDomains";

    /// <summary>
    /// Listens on the service port as configured, and on the management port for this machine alone or as told.
    /// </summary>
    public static void Open(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        Limit(kestrel.Limits);
        var wire = options.Wire;
        if (wire.Address is null)
        {
            kestrel.ListenLocalhost(options.Port, listen => Secure(listen, wire));
        }
        else
        {
            kestrel.Listen(wire.Address, options.Port, listen => Secure(listen, wire));
        }

        if (wire.ManagementAddress is null)
        {
            kestrel.ListenLocalhost(options.ManagementPort);
        }
        else
        {
            kestrel.Listen(wire.ManagementAddress, options.ManagementPort);
        }
    }

    /// <summary>
    /// Headers for whoever opens an answer in a browser: it is data, belongs to no page and is kept nowhere.
    /// https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
    /// </summary>
    public static void Dress(WebApplication app) => app.Use((http, next) =>
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        headers["Referrer-Policy"] = "no-referrer";
        if (http.Request.IsHttps)
        {
            headers.StrictTransportSecurity = StrictTransport;
        }

        return next(http);
    });

    private static void Limit(KestrelServerLimits limits)
    {
        limits.MaxConcurrentConnections = ConnectionsMax;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        limits.MaxRequestHeaderCount = HeadersMax;
        limits.MaxRequestLineSize = RequestLineBytesMax;
        limits.MaxRequestBodySize = Call.BodyBytesMax;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(HeadersSeconds);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(IdleSeconds);
        limits.MinRequestBodyDataRate = new(RateBytesMin, TimeSpan.FromSeconds(RateGraceSeconds));
        limits.MinResponseDataRate = new(RateBytesMin, TimeSpan.FromSeconds(RateGraceSeconds));
        limits.Http2.MaxStreamsPerConnection = StreamsMax;
    }

    private static void Secure(ListenOptions listen, WireOptions wire)
    {
        if (wire.CertificateFile is null)
        {
            return;
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(wire.CertificateFile);
        var authorities = Authorities(wire.ClientAuthorityFile);
        listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = X509Certificate2.CreateFromPemFile(wire.CertificateFile, wire.KeyFile),
            ServerCertificateChain = chain,
            SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateMode = authorities is null ? ClientCertificateMode.NoCertificate
                : wire.ClientCertificateNeeded ? ClientCertificateMode.RequireCertificate
                : ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (certificate, sent, _) => authorities is not null
                && Vouched(certificate, sent, authorities),
        });
    }

    private static X509Certificate2Collection? Authorities(string? file)
    {
        if (file is null)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities;
    }

    /// <summary>
    /// Signed by one of our authorities, in its time, and made for clients. The machine's own list of authorities says
    /// nothing here. Whether a certificate was withdrawn is asked of nobody: short lives and the authority's file
    /// say it.
    /// </summary>
    private static bool Vouched(
        X509Certificate2 certificate, X509Chain? sent, X509Certificate2Collection authorities)
    {
        const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuthentication));
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(certificate);
    }
}
