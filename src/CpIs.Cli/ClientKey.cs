using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CpIs.Cli;

/// <summary>
/// The private key by which a client says who it is: a PEM file with a P-384 or an RSA key. It signs the assertions of
/// SMART Backend Services with ES384 or RS384, under the name that RFC 7638 computes from the public key.
/// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
/// </summary>
internal sealed class ClientKey
{
    private const int RsaBitsMin = 2048;

    private const int EllipticBits = 384;

    /// <summary>How long an assertion may be used; the specification allows five minutes.</summary>
    private const int LifetimeSeconds = 240;

    private readonly Func<byte[], byte[]> sign;
    private readonly string algorithm;
    private readonly string name;

    private ClientKey(ClientKey other) => (sign, algorithm, name) = (other.sign, other.algorithm, other.name);

    private ClientKey(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        algorithm = "ES384";
        name = Thumbprint($$"""
            {"crv":"P-384","kty":"EC","x":"{{Text(point.X!)}}","y":"{{Text(point.Y!)}}"}
            """);
        sign = data => key.SignData(data, HashAlgorithmName.SHA384);
    }

    private ClientKey(RSA key)
    {
        var parts = key.ExportParameters(false);
        algorithm = "RS384";
        name = Thumbprint($$"""{"e":"{{Text(parts.Exponent!)}}","kty":"RSA","n":"{{Text(parts.Modulus!)}}"}""");
        sign = data => key.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1);
    }

    /// <summary>The token endpoint; null: the one that the server's configuration names.</summary>
    public Uri? TokenAddress { get; private init; }

    /// <exception cref="ArgumentException">The file holds no such key.</exception>
    public static ClientKey Read(string file)
    {
        string pem;
        try
        {
            pem = File.ReadAllText(file);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The key {file} cannot be read.", unread);
        }

        var elliptic = ECDsa.Create();
        if (Imported(elliptic, pem) && elliptic.KeySize == EllipticBits)
        {
            return new(elliptic);
        }

        var rsa = RSA.Create();
        return Imported(rsa, pem) && rsa.KeySize >= RsaBitsMin
            ? new(rsa)
            : throw new ArgumentException(
                $"{file} holds no private key as PEM, of the curve P-384 or RSA of {RsaBitsMin} bits or more.");
    }

    /// <summary>The same key, for a platform's token endpoint.</summary>
    /// <exception cref="ArgumentException">The address is not safe: the token would cross the network in the clear.
    /// </exception>
    public ClientKey At(string tokenAddress) =>
        Uri.TryCreate(tokenAddress, UriKind.Absolute, out var address) && ClientToken.IsSafe(address)
            ? new(this) { TokenAddress = address }
            : throw new ArgumentException($"{tokenAddress} is no https address of a token endpoint.");

    /// <summary>An assertion for one use.</summary>
    /// <param name="clientId">Whose key this is.</param>
    /// <param name="tokenAddress">The token endpoint it is made out to.</param>
    /// <param name="now">When it is made.</param>
    public string Assertion(string clientId, string tokenAddress, DateTimeOffset now)
    {
        var header = Part(new() { ["typ"] = "JWT", ["alg"] = algorithm, ["kid"] = name });
        var claims = Part(new()
        {
            ["iss"] = clientId,
            ["sub"] = clientId,
            ["aud"] = tokenAddress,
            ["jti"] = Guid.NewGuid().ToString(),
            ["exp"] = now.AddSeconds(LifetimeSeconds).ToUnixTimeSeconds(),
        });
        var signed = $"{header}.{claims}";
        return $"{signed}.{Text(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static bool Imported(AsymmetricAlgorithm key, string pem)
    {
        try
        {
            key.ImportFromPem(pem);
            return pem.Contains("PRIVATE KEY", StringComparison.Ordinal);
        }
        catch (Exception other) when (other is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    private static string Part(Dictionary<string, object> values) =>
        Text(JsonSerializer.SerializeToUtf8Bytes(values));

    private static string Thumbprint(string members) => Text(SHA256.HashData(Encoding.UTF8.GetBytes(members)));

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
