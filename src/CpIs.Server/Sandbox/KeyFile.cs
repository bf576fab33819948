using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Sandbox;

/// <summary>A P-384 key of the sandbox: made on first start, readable by the server's user alone, read after.</summary>
internal static class KeyFile
{
    public static ECDsa LoadOrMake(string file)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        if (File.Exists(file))
        {
            key.ImportFromPem(File.ReadAllText(file));
            return key;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var writer = new StreamWriter(file, options);
        writer.Write(key.ExportECPrivateKeyPem());
        return key;
    }

    /// <summary>The key under the name that RFC 7638 computes from it.</summary>
    public static ECDsaSecurityKey Named(ECDsa key)
    {
        var named = new ECDsaSecurityKey(key);
        named.KeyId = Base64UrlEncoder.Encode(named.ComputeJwkThumbprint());
        return named;
    }
}
