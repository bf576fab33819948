using System.Buffers;
using System.Buffers.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The formats of FHIR's primitive types over UTF-8, scanned by hand: each is linear in the text, none is a regular
/// expression that could run away. https://hl7.org/fhir/R4/datatypes.html#primitive
/// </summary>
internal static class Primitives
{
    /// <summary>FHIR's limit for a string, in bytes.</summary>
    public const int StringBytesMax = 1024 * 1024;

    private const int IdCharactersMax = 64;

    private static readonly SearchValues<byte> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."u8);

    private static readonly SearchValues<byte> Spaces = SearchValues.Create(" \t\r\n\f\v"u8);
    private static readonly SearchValues<byte> OtherSpaces = SearchValues.Create("\t\r\n\f\v"u8);
    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Control characters that no FHIR text may hold: all below space but tab, return and line feed.</summary>
    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 32).Except([9, 10, 13]).Select(code => (byte)code)]);

    /// <summary>Whether the text of a value, its escapes resolved, is of the type's format.</summary>
    /// <param name="kind">The type.</param>
    /// <param name="text">The text.</param>
    /// <param name="escaped">Whether it had escapes: only these bring control characters into JSON.</param>
    public static bool IsValid(PrimitiveKind kind, ReadOnlySpan<byte> text, bool escaped) =>
        IsOfFormat(kind, text) && (!escaped || !text.ContainsAny(Controls));

    private static bool IsOfFormat(PrimitiveKind kind, ReadOnlySpan<byte> text) => kind switch
    {
        PrimitiveKind.Boolean => true,
        PrimitiveKind.Integer => IsWhole(text, int.MinValue),
        PrimitiveKind.UnsignedInt => IsWhole(text, 0),
        PrimitiveKind.PositiveInt => IsWhole(text, 1),
        PrimitiveKind.Decimal => Utf8Parser.TryParse(text, out decimal _, out var read) && read == text.Length,
        PrimitiveKind.Date => DateTimes.TryRead(text, out var date) && !date.HasTime,
        PrimitiveKind.DateTime => DateTimes.TryRead(text, out _),
        PrimitiveKind.Instant => DateTimes.TryRead(text, out var instant) && instant.HasTime,
        PrimitiveKind.Time => DateTimes.IsTime(text),
        PrimitiveKind.Code => IsCode(text),
        PrimitiveKind.Id => IsId(text),
        PrimitiveKind.Oid => IsOid(text),
        PrimitiveKind.Uuid => IsUuid(text),
        PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Canonical => IsUri(text),
        PrimitiveKind.Base64Binary => IsBase64(text),
        _ => IsString(text),
    };

    public static bool IsId(ReadOnlySpan<byte> text) =>
        text.Length is > 0 and <= IdCharactersMax && !text.ContainsAnyExcept(IdCharacters);

    public static bool IsUuid(ReadOnlySpan<byte> text) => text.StartsWith("urn:uuid:"u8) && IsBareUuid(text[9..]);

    private static bool IsWhole(ReadOnlySpan<byte> text, int least) =>
        Utf8Parser.TryParse(text, out int number, out var read) && read == text.Length && number >= least;

    private static bool IsString(ReadOnlySpan<byte> text) =>
        text.Length is > 0 and <= StringBytesMax;

    private static bool IsUri(ReadOnlySpan<byte> text) =>
        text.Length > 0 && !text.ContainsAny(Spaces)
            && (!text.StartsWith("urn:"u8) || IsUrn(text));

    /// <summary>An OID or UUID is held to its own form wherever it stands.</summary>
    private static bool IsUrn(ReadOnlySpan<byte> text) =>
        text.StartsWith("urn:oid:"u8) ? IsOid(text) : !text.StartsWith("urn:uuid:"u8) || IsUuid(text);

    private static bool IsCode(ReadOnlySpan<byte> text) =>
        text.Length > 0 && (!text.ContainsAny(Spaces)
            || (text[0] != ' ' && text[^1] != ' ' && text.IndexOf("  "u8) < 0 && !text.ContainsAny(OtherSpaces)));

    private static bool IsOid(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("urn:oid:"u8) || text.Length < 11 || text[8] is < (byte)'0' or > (byte)'2'
            || text[9] != '.')
        {
            return false;
        }

        var arcs = text[10..];
        for (var start = 0; start <= arcs.Length;)
        {
            var length = arcs[start..].IndexOf((byte)'.');
            var arc = length < 0 ? arcs[start..] : arcs.Slice(start, length);
            if (arc.Length == 0 || arc.ContainsAnyExceptInRange((byte)'0', (byte)'9')
                || (arc[0] == '0' && arc.Length > 1))
            {
                return false;
            }

            start += arc.Length + 1;
        }

        return true;
    }

    private static bool IsBareUuid(ReadOnlySpan<byte> text)
    {
        if (text.Length != 36)
        {
            return false;
        }

        for (var at = 0; at < text.Length; at++)
        {
            if (at is 8 or 13 or 18 or 23 ? text[at] != '-' : !Hexadecimal.Contains(text[at]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBase64(ReadOnlySpan<byte> text)
    {
        int digits = 0, padding = 0;
        foreach (var letter in text)
        {
            if (Spaces.Contains(letter))
            {
                continue;
            }

            var digit = char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'+' or (byte)'/';
            if (digit && padding == 0)
            {
                digits++;
            }
            else if (letter != '=' || ++padding > 2)
            {
                return false;
            }
        }

        return digits > 0 && (digits + padding) % 4 == 0;
    }
}
