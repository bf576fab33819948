using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace CpIs.Audit;

/// <summary>
/// The deployment's Ed25519 key, which signs every lane under the lane's own name. The platform has no Ed25519, which
/// is what public witnesses expect, hence the library.
/// </summary>
public sealed class CheckpointKey
{
    /// <summary>Four bytes of key id, then the Ed25519 signature.</summary>
    internal const int SignatureBytes = 4 + 64;

    private const int SeedBytes = 32;

    private readonly byte[] seed;

    /// <param name="seed">32 random bytes.</param>
    public CheckpointKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedBytes)
        {
            throw new ArgumentException("An Ed25519 key has 32 bytes.", nameof(seed));
        }

        this.seed = seed.ToArray();
        var publicKey = new byte[SeedBytes];
        Ed25519.GeneratePublicKey(this.seed, 0, publicKey, 0);
        Verifier = new CheckpointVerifier(publicKey);
    }

    public CheckpointVerifier Verifier { get; }

    /// <summary>Reads the key, in base64; makes one, for its owner's eyes only, when there is no such file.</summary>
    public static CheckpointKey FromFile(string path)
    {
        if (!File.Exists(path))
        {
            Create(path);
        }

        return new CheckpointKey(Convert.FromBase64String(File.ReadAllText(path).Trim()));
    }

    internal byte[] Sign(string name, byte[] text)
    {
        var signature = new byte[SignatureBytes];
        Verifier.KeyId(name).CopyTo(signature, 0);
        Ed25519.Sign(seed, 0, text, 0, text.Length, signature, 4);
        return signature;
    }

    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        try
        {
            using var file = new FileStream(path, options);
            var seed = Convert.ToBase64String(RandomNumberGenerator.GetBytes(SeedBytes));
            file.Write(Encoding.ASCII.GetBytes(seed + "\n"));
            file.Flush(flushToDisk: true);
        }
        catch (IOException) when (File.Exists(path))
        {
            // A neighbour made it first; its key is as good.
        }
    }
}

/// <summary>The public half of a <see cref="CheckpointKey"/>: all that a checker needs.</summary>
public sealed class CheckpointVerifier
{
    /// <summary>Signed-note's number for Ed25519.</summary>
    private const byte Ed25519Type = 1;

    private const int KeyBytes = 32;

    private readonly byte[] publicKey;

    public CheckpointVerifier(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != KeyBytes)
        {
            throw new ArgumentException("An Ed25519 public key has 32 bytes.", nameof(publicKey));
        }

        this.publicKey = publicKey.ToArray();
    }

    public ReadOnlyMemory<byte> PublicKey => publicKey;

    /// <summary>The key as signed-note writes it, for one lane's name: <c>name+id+base64</c>.</summary>
    public string Text(string name) => name + "+" + Convert.ToHexStringLower(KeyId(name)) + "+"
        + Convert.ToBase64String([Ed25519Type, .. publicKey]);

    /// <summary>Reads what <see cref="Text"/> wrote, whatever its name; null when it is something else.</summary>
    public static CheckpointVerifier? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Trim().Split('+', 3);
        var key = new byte[1 + KeyBytes];
        if (parts.Length != 3 || !Convert.TryFromBase64String(parts[2], key, out var length) || length != key.Length
            || key[0] != Ed25519Type)
        {
            return null;
        }

        var verifier = new CheckpointVerifier(key.AsSpan(1));
        return Convert.ToHexStringLower(verifier.KeyId(parts[0])) == parts[1] ? verifier : null;
    }

    /// <summary>Reads a file of keys, one a line; empty lines do not count.</summary>
    /// <exception cref="IOException">When a line is no key.</exception>
    public static IReadOnlyList<CheckpointVerifier> FromFile(string path) =>
        [.. File.ReadLines(path).Where(line => !string.IsNullOrWhiteSpace(line)).Select(line =>
            Parse(line) ?? throw new IOException($"{path} holds a line that is no public key."))];

    internal byte[] KeyId(string name) =>
        SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Type, .. publicKey])[..4];

    internal bool Verify(string name, byte[] text, byte[] signature) =>
        signature.AsSpan(0, 4).SequenceEqual(KeyId(name))
        && Ed25519.Verify(signature, 4, publicKey, 0, text, 0, text.Length);
}
