using System.Globalization;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// A lane's size and root, signed: what an outsider keeps so that nobody, not even the database's administrator, can
/// change the past unseen. https://c2sp.org/tlog-checkpoint in a https://c2sp.org/signed-note
/// </summary>
public sealed record SignedCheckpoint(string Origin, long Size, ReadOnlyMemory<byte> Root)
{
    private const string SignaturePrefix = "\u2014 ";
    private const int NoteLinesMax = 32;

    /// <summary>The lines that are signed, each with its line feed.</summary>
    public string Text => string.Create(
        CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.Span)}\n");

    /// <summary>One lane is one log, so its name holds the lane's number.</summary>
    public static string OriginOf(string deployment, int lane) =>
        string.Create(CultureInfo.InvariantCulture, $"cpis/{deployment}/{lane}");

    /// <summary>The lane whose checkpoint this is; 0 when the origin names none.</summary>
    public int Lane => int.TryParse(
        Origin.AsSpan(Origin.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var lane)
        ? lane : 0;

    /// <summary>The whole note: text, empty line, signature.</summary>
    public string Sign(CheckpointKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signature = key.Sign(Origin, Encoding.UTF8.GetBytes(Text));
        return Text + "\n" + SignaturePrefix + Origin + " " + Convert.ToBase64String(signature) + "\n";
    }

    /// <summary>Null when the note is malformed or none of the keys signed it.</summary>
    public static SignedCheckpoint? Open(string note, params IReadOnlyList<CheckpointVerifier> keys)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (Read(note) is not { } checkpoint)
        {
            return null;
        }

        var end = note.IndexOf("\n\n", StringComparison.Ordinal);
        var text = Encoding.UTF8.GetBytes(note[..(end + 1)]);
        var lines = note[(end + 2)..].Split('\n');
        return lines.Length <= NoteLinesMax && lines.Any(line => IsSigned(line, checkpoint.Origin, text, keys))
            ? checkpoint
            : null;
    }

    /// <summary>A well-formed note with a whole signature under its own name, by whichever key.</summary>
    public static bool IsSignedBySomebody(string note)
    {
        ArgumentNullException.ThrowIfNull(note);
        return Read(note) is { } checkpoint && note[(note.IndexOf("\n\n", StringComparison.Ordinal) + 2)..].Split('\n')
            .Any(line => Signature(line, checkpoint.Origin) is not null);
    }

    /// <summary>What the note says, whoever signed it; null when it is malformed.</summary>
    internal static SignedCheckpoint? Read(string note) =>
        note.IndexOf("\n\n", StringComparison.Ordinal) is var end and >= 0 ? Parse(note[..(end + 1)]) : null;

    private static SignedCheckpoint? Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines.Length is < 4 or > NoteLinesMax || lines[0].Length == 0
            || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size.ToString(CultureInfo.InvariantCulture) != lines[1])
        {
            return null;
        }

        var root = new byte[MerkleEdge.HashBytes];
        return Convert.TryFromBase64String(lines[2], root, out var length) && length == root.Length
            && Convert.ToBase64String(root) == lines[2]
            ? new SignedCheckpoint(lines[0], size, root)
            : null;
    }

    private static bool IsSigned(
        string line, string origin, byte[] text, IReadOnlyList<CheckpointVerifier> keys) =>
        Signature(line, origin) is { } signature && keys.Any(key => key.Verify(origin, text, signature));

    /// <summary>Key id and signature of a line under this name; null when it is another's line or torn.</summary>
    private static byte[]? Signature(string line, string name)
    {
        var prefix = SignaturePrefix + name + " ";
        var signature = new byte[CheckpointKey.SignatureBytes];
        return line.StartsWith(prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(line[prefix.Length..], signature, out var length)
            && length == signature.Length ? signature : null;
    }
}
