using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Sandbox;

/// <summary>
/// By which public keys a client of the sandbox may sign. Each persona gets a key made for it, and a client's own keys
/// are registered by putting its JWK Set beside that: <c>keys/clients/ID.pem</c> and <c>ID.jwks.json</c>. They are read
/// anew each time, so that a key is added or taken away without a restart.
/// </summary>
internal sealed class ClientKeys
{
    /// <summary>Bytes of one client's JWK Set.</summary>
    private const int FileBytesMax = 64 * 1024;

    private const int RsaBitsMin = 2048;

    private readonly string folder;

    public ClientKeys(string keyFolder)
    {
        folder = Path.Combine(keyFolder, "clients");
        foreach (var id in Persona.All.Keys)
        {
            using var made = KeyFile.LoadOrMake(Made(id));
        }
    }

    /// <summary>The keys of a client that is known by this id; never another's.</summary>
    public IReadOnlyList<SecurityKey> Of(Persona client)
    {
        List<SecurityKey> keys = [];
        if (File.Exists(Made(client.ClientId)))
        {
            using var pair = KeyFile.LoadOrMake(Made(client.ClientId));
            keys.Add(KeyFile.Named(ECDsa.Create(pair.ExportParameters(false))));
        }

        var registered = new FileInfo(Path.Combine(folder, client.ClientId + ".jwks.json"));
        if (registered is { Exists: true, Length: <= FileBytesMax })
        {
            keys.AddRange(Registered(registered));
        }

        return keys;
    }

    private static IEnumerable<SecurityKey> Registered(FileInfo file)
    {
        try
        {
            return JsonWebKeySet.Create(File.ReadAllText(file.FullName)).GetSigningKeys().Where(IsStrong);
        }
        catch (Exception unread) when (unread is ArgumentException or System.Text.Json.JsonException)
        {
            // No JWK Set: it registers nothing.
            return [];
        }
    }

    private static bool IsStrong(SecurityKey key) => key switch
    {
        ECDsaSecurityKey => true,
        RsaSecurityKey => key.KeySize >= RsaBitsMin,
        _ => false,
    };

    private string Made(string clientId) => Path.Combine(folder, clientId + ".pem");
}
