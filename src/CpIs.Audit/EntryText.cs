using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// Makes texts storable before they meet their neighbours in one commit: no NUL, no half of a surrogate pair, NFC,
/// and not longer than a named maximum.
/// </summary>
internal static class EntryText
{
    internal const int CodeCharsMax = 128;
    internal const int NameCharsMax = 512;
    internal const int ReasonCharsMax = 1024;
    internal const int QueryBytesMax = 8 * 1024;

    /// <summary>Separates the references of one entry on their way to the database; no text may contain it.</summary>
    internal const char Separator = '\u001f';

    private const char Replacement = '\ufffd';

    internal static string Clean(string text, int charsMax)
    {
        if (text.Length <= charsMax && IsPlain(text))
        {
            return text;
        }

        var kept = text.Length > 2 * charsMax ? text[..(2 * charsMax)] : text;
        var normal = Mend(kept).Normalize(NormalizationForm.FormC);
        return normal.Length <= charsMax ? normal : Cut(normal, charsMax);
    }

    internal static string? CleanOrNull(string? text, int charsMax) => text is null ? null : Clean(text, charsMax);

    /// <summary>A reference holds no character that JSON would have to escape.</summary>
    internal static string CleanReference(string reference, int charsMax)
    {
        var clean = Clean(reference, charsMax);
        return clean.AsSpan().IndexOfAnyInRange('\0', '\u001f') < 0 && clean.AsSpan().IndexOfAny('"', '\\') < 0
            ? clean
            : string.Concat(clean.Select(c => c is < ' ' or '"' or '\\' ? Replacement : c));
    }

    /// <summary>A request beyond the maximum is kept as its hash and length, in words.</summary>
    internal static byte[]? CleanQuery(byte[]? query)
    {
        if (query is null || query.Length <= QueryBytesMax)
        {
            return query;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(query));
        var length = query.Length.ToString(CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes("sha-256=" + hash + ";length=" + length);
    }

    private static bool IsPlain(string text)
    {
        foreach (var c in text)
        {
            if (c is '\0' or Separator or > '\u007f')
            {
                return false;
            }
        }

        return true;
    }

    private static string Mend(string text)
    {
        var mended = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                mended.Append(text[i]).Append(text[++i]);
            }
            else
            {
                mended.Append(text[i] is '\0' or Separator || char.IsSurrogate(text[i]) ? Replacement : text[i]);
            }
        }

        return mended.ToString();
    }

    private static string Cut(string text, int chars) =>
        char.IsHighSurrogate(text[chars - 1]) ? text[..(chars - 1)] : text[..chars];
}
