namespace CpIs.Fhir.Validation;

/// <summary>
/// A JSON text and its tokens, read-only: how rules look at what was sent. Every question is safe on any shape of
/// JSON; what is absent or of another kind is simply not found.
/// </summary>
internal readonly ref struct Doc(ReadOnlySpan<byte> json, ReadOnlySpan<Token> tokens)
{
    public const int None = -1;

    private readonly ReadOnlySpan<byte> json = json;
    private readonly ReadOnlySpan<Token> tokens = tokens;

    public ref readonly Token this[int token] => ref tokens[token];

    public int Count => tokens.Length;

    /// <summary>The bytes of a token as they stand; of a string still with its escapes.</summary>
    public ReadOnlySpan<byte> Raw(int token) => json.Slice(tokens[token].Start, tokens[token].Length);

    public bool Is(int token, TokenKind kind) => token != None && tokens[token].Kind == kind;

    /// <summary>The value of a property of an object, or <see cref="None"/>.</summary>
    public int Get(int token, ReadOnlySpan<byte> name) =>
        FirstNamed(token, name) is var at and not None ? at + 1 : None;

    /// <summary>The first name token of an object that reads so, or <see cref="None"/>.</summary>
    public int FirstNamed(int token, ReadOnlySpan<byte> name)
    {
        if (!Is(token, TokenKind.Object))
        {
            return None;
        }

        for (int at = token + 1, end = tokens[token].Next; at < end; at = tokens[at].Next)
        {
            if (IsNamed(at, name))
            {
                return at;
            }
        }

        return None;
    }

    /// <summary>Whether a property's name reads so.</summary>
    public bool IsNamed(int at, ReadOnlySpan<byte> name)
    {
        ref readonly var token = ref tokens[at];
        return token.Escaped
            ? Name(at).SequenceEqual(name)
            : token.Length == name.Length && json.Slice(token.Start, token.Length).SequenceEqual(name);
    }

    public bool Has(int token, ReadOnlySpan<byte> name) => Get(token, name) != None;

    /// <summary>Whether a property is there and a string, as far as a rule about its text is concerned.</summary>
    public bool HasText(int token, ReadOnlySpan<byte> name) => Is(Get(token, name), TokenKind.String);

    /// <summary>
    /// Whether a property of a choice is there: value matches valueString, valueQuantity and _valueString.
    /// </summary>
    public bool HasChoice(int token, ReadOnlySpan<byte> stem)
    {
        for (var at = First(token); at != None; at = Following(token, at))
        {
            var name = Name(at);
            name = name is [(byte)'_', .. var rest] ? rest : name;
            if (name.Length > stem.Length && name.StartsWith(stem)
                && name[stem.Length] is >= (byte)'A' and <= (byte)'Z')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A property or its underscore sibling.</summary>
    public bool HasElement(int token, ReadOnlySpan<byte> name)
    {
        for (var at = First(token); at != None; at = Following(token, at))
        {
            var found = Name(at);
            if ((found is [(byte)'_', .. var rest] ? rest : found).SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The name of a property, its escapes resolved.</summary>
    public ReadOnlySpan<byte> Name(int token) =>
        tokens[token].Escaped ? Escapes.Resolve(Raw(token), out _) : Raw(token);

    /// <summary>The first item of an array or the first name of an object, or <see cref="None"/>.</summary>
    public int First(int token) =>
        token != None && tokens[token].Kind >= TokenKind.Array && tokens[token].Next > token + 1 ? token + 1 : None;

    /// <summary>The sibling after an item or a name of the given parent, or <see cref="None"/>.</summary>
    public int Following(int parent, int token)
    {
        var next = tokens[token].Next;
        return next < tokens[parent].Next ? next : None;
    }

    /// <summary>Whether a token is a string of exactly this text.</summary>
    public bool IsText(int token, ReadOnlySpan<byte> text) =>
        Is(token, TokenKind.String) && Text(token).SequenceEqual(text);

    /// <summary>Whether a property is a string of exactly this text.</summary>
    public bool IsText(int token, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text) => IsText(Get(token, name), text);

    /// <summary>
    /// The bytes of a string after its escapes; empty for anything else. A lone surrogate becomes U+FFFD.
    /// </summary>
    public ReadOnlySpan<byte> Text(int token)
    {
        if (!Is(token, TokenKind.String))
        {
            return default;
        }

        return tokens[token].Escaped ? Escapes.Resolve(Raw(token), out _) : Raw(token);
    }
}
