using System.Text.Json;
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

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private Token[] tokens = new Token[512];
    private int count;

    public ReadOnlySpan<Token> Tokens => tokens.AsSpan(0, count);

    /// <summary>Reads the text; null when it is well-formed, else what is wrong in words for a person.</summary>
    public string? Read(ReadOnlySpan<byte> json)
    {
        count = 0;
        if (!Utf8.IsValid(json))
        {
            return "The body is not valid UTF-8.";
        }

        var skipped = json.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        var options = new JsonReaderOptions { MaxDepth = DepthMax };
        var reader = new Utf8JsonReader(json[skipped..], options);
        try
        {
            return Fill(ref reader, skipped) ? null : $"The body has more than {TokensMax:N0} JSON values.";
        }
        catch (JsonException problem)
        {
            return reader.CurrentDepth >= DepthMax
                ? $"The body is nested deeper than {DepthMax} levels."
                : $"The body is not JSON: line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}.";
        }
    }

    /// <summary>Lets go of an unusually long list, so that one large Bundle does not stay in memory for ever.</summary>
    public void Trim()
    {
        if (tokens.Length > KeptTokensMax)
        {
            tokens = new Token[512];
        }
    }

    private bool Fill(ref Utf8JsonReader reader, int skipped)
    {
        Span<int> open = stackalloc int[DepthMax + 1];
        var depth = 0;
        while (reader.Read())
        {
            if (count == tokens.Length && !Grow())
            {
                return false;
            }

            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                Close(open[--depth]);
                continue;
            }

            ref var token = ref tokens[count];
            token.Kind = KindOf(reader.TokenType);
            var quoted = token.Kind is TokenKind.String or TokenKind.Name;
            token.Start = (int)reader.TokenStartIndex + skipped + (quoted ? 1 : 0);
            token.Length = reader.ValueSpan.Length;
            token.Escaped = quoted && reader.ValueIsEscaped;
            if (token.Kind >= TokenKind.Array)
            {
                open[depth++] = count++;
            }
            else if (token.Kind == TokenKind.Name)
            {
                count++;
            }
            else
            {
                Close(count++);
            }
        }

        return true;
    }

    private void Close(int value)
    {
        tokens[value].Next = count;
        if (value > 0 && tokens[value - 1].Kind == TokenKind.Name)
        {
            tokens[value - 1].Next = count;
        }
    }

    private bool Grow()
    {
        if (tokens.Length >= TokensMax)
        {
            return false;
        }

        Array.Resize(ref tokens, Math.Min(tokens.Length * 2, TokensMax));
        return true;
    }

    private static TokenKind KindOf(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => TokenKind.Object,
        JsonTokenType.StartArray => TokenKind.Array,
        JsonTokenType.PropertyName => TokenKind.Name,
        JsonTokenType.String => TokenKind.String,
        JsonTokenType.Number => TokenKind.Number,
        JsonTokenType.True => TokenKind.True,
        JsonTokenType.False => TokenKind.False,
        _ => TokenKind.Null,
    };
}
