using System.Text.Json;

namespace CpIs.Fhir.Validation;

/// <summary>
/// A fixed or pattern value of a profile, compared with what was sent: fixed is equal in everything; a pattern is
/// contained, and its arrays are contained in any order. https://hl7.org/fhir/R4/profiling.html
/// </summary>
internal sealed class Expected
{
    private readonly byte[] json;
    private readonly Token[] tokens;
    private readonly byte[]? text;

    public Expected(JsonElement value, bool exact, string? profile)
    {
        json = JsonSerializer.SerializeToUtf8Bytes(value);
        var tape = new Tape();
        _ = tape.Read(json);
        tokens = tape.Tokens.ToArray();
        text = value.ValueKind == JsonValueKind.String ? new Doc(json, tokens).Text(0).ToArray() : null;
        Exact = exact;
        Profile = profile;
        Shown = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }

    public bool Exact { get; }

    public string? Profile { get; }

    /// <summary>The value for a message: it is the profile's own text, never what was sent.</summary>
    public string Shown { get; }

    public bool Matches(Doc doc, int token) => text != null
        ? doc.IsText(token, text)
        : token != Doc.None && Matches(new(json, tokens), 0, doc, token);

    private bool Matches(Doc mine, int expected, Doc doc, int token)
    {
        if (mine[expected].Kind != doc[token].Kind)
        {
            return false;
        }

        return mine[expected].Kind switch
        {
            TokenKind.String => doc.IsText(token, mine.Text(expected)),
            TokenKind.Number => doc.Raw(token).SequenceEqual(mine.Raw(expected)),
            TokenKind.Object => MatchesObject(mine, expected, doc, token),
            TokenKind.Array => MatchesArray(mine, expected, doc, token),
            _ => true,
        };
    }

    private bool MatchesObject(Doc mine, int expected, Doc doc, int token)
    {
        var names = 0;
        for (var at = mine.First(expected); at != Doc.None; at = mine.Following(expected, at))
        {
            names++;
            var value = doc.Get(token, mine.Name(at));
            if (value == Doc.None || !Matches(mine, at + 1, doc, value))
            {
                return false;
            }
        }

        return !Exact || Count(doc, token) == names;
    }

    private bool MatchesArray(Doc mine, int expected, Doc doc, int token)
    {
        if (Exact)
        {
            return MatchesInOrder(mine, expected, doc, token);
        }

        for (var at = mine.First(expected); at != Doc.None; at = mine.Following(expected, at))
        {
            var item = doc.First(token);
            while (item != Doc.None && !Matches(mine, at, doc, item))
            {
                item = doc.Following(token, item);
            }

            if (item == Doc.None)
            {
                return false;
            }
        }

        return true;
    }

    private bool MatchesInOrder(Doc mine, int expected, Doc doc, int token)
    {
        var item = doc.First(token);
        var at = mine.First(expected);
        while (at != Doc.None && item != Doc.None && Matches(mine, at, doc, item))
        {
            at = mine.Following(expected, at);
            item = doc.Following(token, item);
        }

        return at == Doc.None && item == Doc.None;
    }

    private static int Count(Doc doc, int token)
    {
        var count = 0;
        for (var at = doc.First(token); at != Doc.None; at = doc.Following(token, at))
        {
            count++;
        }

        return count;
    }
}
