using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CpIs.Faults;

/// <summary>A certificate for one run, signed by itself: clients of the run trust it and nobody else does.</summary>
internal static class Certificates
{
    public const string FileName = "server.pem";

    /// <summary>Makes it, puts it where the server finds it, and says so in the server's settings.</summary>
    public static X509Certificate2 Make(string folder, Dictionary<string, string> settings)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        var (shown, secret) = (Path.Combine(folder, FileName), Path.Combine(folder, "server-key.pem"));
        File.WriteAllText(shown, certificate.ExportCertificatePem());
        File.WriteAllText(secret, key.ExportPkcs8PrivateKeyPem());
        settings["Listen__CertificateFile"] = shown;
        settings["Listen__KeyFile"] = secret;
        return certificate;
    }
}
