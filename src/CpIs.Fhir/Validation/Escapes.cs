using System.Buffers.Text;
using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>Resolves JSON escapes without throwing, and says whether a surrogate stood alone.</summary>
internal static class Escapes
{
    private const int UnicodeEscapeBytes = 6;

    /// <summary>The text with its escapes resolved. Only well-formed JSON strings come here.</summary>
    public static byte[] Resolve(ReadOnlySpan<byte> raw, out bool loneSurrogate)
    {
        loneSurrogate = false;
        var text = new byte[raw.Length];
        var length = 0;
        for (var at = 0; at < raw.Length; at++)
        {
            if (raw[at] != (byte)'\\')
            {
                text[length++] = raw[at];
            }
            else if (raw[at + 1] == (byte)'u')
            {
                var rune = ReadRune(raw, ref at, ref loneSurrogate);
                length += rune.EncodeToUtf8(text.AsSpan(length));
            }
            else
            {
                text[length++] = Short(raw[++at]);
            }
        }

        return text[..length];
    }

    private static Rune ReadRune(ReadOnlySpan<byte> raw, ref int at, ref bool loneSurrogate)
    {
        var high = Unit(raw[at..]);
        at += UnicodeEscapeBytes - 1;
        if (!char.IsSurrogate(high))
        {
            return new(high);
        }

        var rest = raw[(at + 1)..];
        if (char.IsHighSurrogate(high) && rest.StartsWith("\\u"u8) && Rune.TryCreate(high, Unit(rest), out var pair))
        {
            at += UnicodeEscapeBytes;
            return pair;
        }

        loneSurrogate = true;
        return Rune.ReplacementChar;
    }

    private static char Unit(ReadOnlySpan<byte> escape)
    {
        _ = Utf8Parser.TryParse(escape.Slice(2, 4), out ushort unit, out _, 'x');
        return (char)unit;
    }

    private static byte Short(byte letter) => letter switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => letter,
    };
}
