using System.Text.Unicode;

namespace CpIs.Fhir.Validation;

/// <summary>What a token is. A name stands directly before its value.</summary>
internal enum TokenKind : byte
{
    Null,
    True,
    False,
    Number,
    String,
    Name,
    Array,
    Object,
}

/// <summary>
/// One token of a JSON text: where its bytes are, and where the next sibling is. For strings the bytes exclude the
/// quotes. A name's next is the next name, so a walk steps over values it does not want.
/// </summary>
internal struct Token
{
    public int Start;
    public int Length;
    public int Next;
    public TokenKind Kind;
    public bool Escaped;
}

/// <summary>
/// A JSON text read once into a flat list of tokens, so that the checker can look ahead (discriminators, invariants)
/// without parsing twice and without an object per value. One tape serves one thread and is used again and again.
/// </summary>
internal sealed class Tape
{
    /// <summary>Deeper nesting than this is refused, counted in arrays and objects.</summary>
    public const int DepthMax = 64;

    /// <summary>A text of more tokens than this is refused.</summary>
    public const int TokensMax = 1_000_000;

    /// <summary>A tape longer than this, in tokens, is given back after use.</summary>
    private const int KeptTokensMax = 16_384;

    private const int FirstTokens = 512;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private Token[] tokens = new Token[FirstTokens];
    private int count;

    public ReadOnlySpan<Token> Tokens => tokens.AsSpan(0, count);

    /// <summary>Reads the text; null when it is well-formed, else what is wrong in words for a person.</summary>
    public string? Read(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return "The body is not valid UTF-8.";
        }

        var start = json.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        while (true)
        {
            var scanner = new JsonScanner(json, start, tokens);
            var outcome = scanner.Scan();
            count = scanner.Count;
            switch (outcome)
            {
                case ScanOutcome.Whole:
                    return null;
                case ScanOutcome.TooDeep:
                    return $"The body is nested deeper than {DepthMax} levels.";
                case ScanOutcome.Full when tokens.Length >= TokensMax:
                    return $"The body has more than {TokensMax:N0} JSON values.";
                case ScanOutcome.Full:
                    // A scan is far cheaper than the rest of a check, and most texts fit at once.
                    tokens = new Token[Math.Min(Math.Max(tokens.Length * 4, json.Length / 16), TokensMax)];
                    break;
                default:
                    return $"The body is not JSON: {Place(json[..scanner.Position])}.";
            }
        }
    }

    /// <summary>Lets go of an unusually long list, so that one large Bundle does not stay in memory for ever.</summary>
    public void Trim()
    {
        if (tokens.Length > KeptTokensMax)
        {
            tokens = new Token[FirstTokens];
        }
    }

    private static string Place(ReadOnlySpan<byte> before) =>
        $"line {before.Count((byte)'\n') + 1}, byte {before.Length - (before.LastIndexOf((byte)'\n') + 1) + 1}";
}
