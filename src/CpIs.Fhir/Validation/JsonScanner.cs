using System.Buffers;

namespace CpIs.Fhir.Validation;

/// <summary>How a scan ended.</summary>
internal enum ScanOutcome
{
    Whole,
    NotJson,
    TooDeep,
    Full,
}

/// <summary>
/// Reads JSON (RFC 8259, nothing more) into tokens. The framework's reader does the same at twice the price, since it
/// serves texts that come in pieces; a test holds the two together on any bytes. The text must be valid UTF-8.
/// </summary>
internal ref struct JsonScanner(ReadOnlySpan<byte> json, int start, Span<Token> tokens)
{
    private static readonly SearchValues<byte> StringEnds =
        SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(code => (byte)code)]);

    /// <summary>A bit for each of JSON's four spaces: tab, line feed, return, space.</summary>
    private const ulong SpaceBits = 1UL << 9 | 1UL << 10 | 1UL << 13 | 1UL << 32;

    private readonly ReadOnlySpan<byte> json = json;
    private readonly Span<Token> tokens = tokens;
    private int at = start;

    /// <summary>The tokens read so far.</summary>
    public int Count { get; private set; }

    /// <summary>Where the scan stands; where it failed, if it did.</summary>
    public readonly int Position => at;

    public ScanOutcome Scan()
    {
        Span<int> open = stackalloc int[Tape.DepthMax];
        var depth = 0;
        do
        {
            // A value, and before it in an object its name.
            if (Count + 2 > tokens.Length)
            {
                return ScanOutcome.Full;
            }

            if (depth > 0 && tokens[open[depth - 1]].Kind == TokenKind.Object && !Name())
            {
                return ScanOutcome.NotJson;
            }

            var kind = Begin();
            if (kind >= TokenKind.Array)
            {
                if (depth == Tape.DepthMax)
                {
                    return ScanOutcome.TooDeep;
                }

                if (!SkipTo(kind == TokenKind.Object ? (byte)'}' : (byte)']'))
                {
                    open[depth++] = Count - 1;
                    continue;
                }

                at++;
                Close(Count - 1);
            }
            else if (kind == TokenKind.Name)
            {
                return ScanOutcome.NotJson;
            }

            // What follows a value: a comma, or the ends of what is open.
            while (depth > 0 && !SkipTo((byte)','))
            {
                var container = open[--depth];
                if (!Take(tokens[container].Kind == TokenKind.Object ? (byte)'}' : (byte)']'))
                {
                    return ScanOutcome.NotJson;
                }

                Close(container);
            }

            at += depth > 0 ? 1 : 0;
        }
        while (depth > 0);
        Spaces();
        return at == json.Length ? ScanOutcome.Whole : ScanOutcome.NotJson;
    }

    /// <summary>Reads a scalar, or the opening of an array or object; Name stands for what is none.</summary>
    private TokenKind Begin()
    {
        Spaces();
        if (at == json.Length)
        {
            return TokenKind.Name;
        }

        switch (json[at])
        {
            case (byte)'"':
                return Quoted(TokenKind.String) ? TokenKind.String : TokenKind.Name;
            case (byte)'{':
                return Opened(TokenKind.Object);
            case (byte)'[':
                return Opened(TokenKind.Array);
            case (byte)'t':
                return Word("true"u8, TokenKind.True);
            case (byte)'f':
                return Word("false"u8, TokenKind.False);
            case (byte)'n':
                return Word("null"u8, TokenKind.Null);
            default:
                return Number();
        }
    }

    private bool Name()
    {
        Spaces();
        return at < json.Length && json[at] == (byte)'"' && Quoted(TokenKind.Name) && Take((byte)':');
    }

    private bool Quoted(TokenKind kind)
    {
        var first = ++at;
        var escaped = false;
        while (true)
        {
            var length = json[at..].IndexOfAny(StringEnds);
            if (length < 0)
            {
                at = json.Length;
                return false;
            }

            at += length;
            if (json[at] == (byte)'"')
            {
                Add(kind, first, at - first, escaped);
                at++;
                return true;
            }

            escaped = true;
            if (json[at] != (byte)'\\' || !Escape())
            {
                return false;
            }
        }
    }

    private bool Escape()
    {
        var rest = json[at..];
        if (rest.Length < 2)
        {
            return false;
        }

        if (rest[1] == (byte)'u')
        {
            at += Math.Min(6, rest.Length);
            return rest.Length >= 6 && char.IsAsciiHexDigit((char)rest[2]) && char.IsAsciiHexDigit((char)rest[3])
                && char.IsAsciiHexDigit((char)rest[4]) && char.IsAsciiHexDigit((char)rest[5]);
        }

        at += 2;
        return "\"\\/bfnrt"u8.Contains(rest[1]);
    }

    private TokenKind Number()
    {
        var first = at;
        if (json[at] == (byte)'-')
        {
            at++;
        }

        var zero = at < json.Length && json[at] == (byte)'0';
        var whole = Digits();
        if (whole == 0 || (zero && whole > 1))
        {
            return TokenKind.Name;
        }

        if (at < json.Length && json[at] == (byte)'.')
        {
            at++;
            if (Digits() == 0)
            {
                return TokenKind.Name;
            }
        }

        if (at < json.Length && json[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at += at < json.Length && json[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            if (Digits() == 0)
            {
                return TokenKind.Name;
            }
        }

        Add(TokenKind.Number, first, at - first, false);
        return TokenKind.Number;
    }

    private int Digits()
    {
        var first = at;
        while (at < json.Length && json[at] is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }

        return at - first;
    }

    private TokenKind Opened(TokenKind kind)
    {
        Add(kind, at++, 1, false);
        return kind;
    }

    private TokenKind Word(ReadOnlySpan<byte> word, TokenKind kind)
    {
        if (!json[at..].StartsWith(word))
        {
            return TokenKind.Name;
        }

        Add(kind, at, word.Length, false);
        at += word.Length;
        return kind;
    }

    private void Add(TokenKind kind, int first, int length, bool escaped)
    {
        tokens[Count] = new() { Start = first, Length = length, Kind = kind, Escaped = escaped };
        if (kind < TokenKind.Name)
        {
            Count++;
            Close(Count - 1);
        }
        else
        {
            Count++;
        }
    }

    private readonly void Close(int value)
    {
        tokens[value].Next = Count;
        if (value > 0 && tokens[value - 1].Kind == TokenKind.Name)
        {
            tokens[value - 1].Next = Count;
        }
    }

    private void Spaces()
    {
        if (at < json.Length && json[at] <= (byte)' ')
        {
            SkipSpaces();
        }
    }

    private void SkipSpaces()
    {
        var text = json;
        var next = at;
        while ((uint)next < (uint)text.Length && text[next] <= (byte)' ' && ((SpaceBits >> text[next]) & 1) != 0)
        {
            next++;
        }

        at = next;
    }

    private bool SkipTo(byte wanted)
    {
        Spaces();
        return at < json.Length && json[at] == wanted;
    }

    private bool Take(byte wanted)
    {
        if (!SkipTo(wanted))
        {
            return false;
        }

        at++;
        return true;
    }
}
