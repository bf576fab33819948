using System.Text;
using System.Text.Json;
using CpIs.Fhir.Validation;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>The scanner reads what the framework's JSON reader reads, and refuses what it refuses.</summary>
public sealed class ScannerTests
{
    private const int DamagesPerText = 3_000;

    private static readonly string[] Texts =
    [
        """{"a":[1,-0.5e+10,true,false,null,"x\n\u00e9\ud83d\ude00",{}],"b":{"c":[[],[{}]],"":" "}}""",
        """ [ ] """, """ "text" """, "-1", "0", "1.5E-7", "true", "null", """{"a":"\"\\\/\b\f\n\r\t"}""",
        """{"a" : 1 , "a" : 2}""",
    ];

    private static ReadOnlySpan<byte> Letters => "{}[]\",:\\u0123456789eE+-. \t\r\n/tfnabc\0\u001f\u007f"u8;

    public static TheoryData<string> All() => [.. Texts];

    [Theory]
    [MemberData(nameof(All))]
    public void Any_damage_is_judged_as_the_framework_judges_it(string text)
    {
        var random = new Random(text.Length);
        for (var n = 0; n < DamagesPerText; n++)
        {
            var json = Damaged(Encoding.UTF8.GetBytes(text), random);
            Ours(json).Should().Be(Theirs(json), Convert.ToHexString(json));
        }
    }

    [Theory]
    [InlineData("01")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("+1")]
    [InlineData("1e")]
    [InlineData("-")]
    [InlineData("[1,]")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{,}")]
    [InlineData("[1 2]")]
    [InlineData("{\"a\"}")]
    [InlineData("{1:2}")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"a\tb\"")]
    [InlineData("\"a")]
    [InlineData("tru")]
    [InlineData("truely")]
    [InlineData("[}")]
    [InlineData("{]")]
    [InlineData("// no\n1")]
    [InlineData("1 1")]
    [InlineData("")]
    public void What_is_not_JSON_is_refused(string text) => Ours(Encoding.UTF8.GetBytes(text)).Should().Be("refused");

    private static byte[] Damaged(byte[] text, Random random)
    {
        var json = text.ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(json.Count + 1);
            var letter = Letters[random.Next(Letters.Length)];
            if (random.Next(3) == 0 || at == json.Count)
            {
                json.Insert(at, letter);
            }
            else if (random.Next(2) == 0)
            {
                json.RemoveAt(at);
            }
            else
            {
                json[at] = letter;
            }
        }

        return [.. json];
    }

    private static string Ours(byte[] json)
    {
        var tape = new Tape();
        if (tape.Read(json) != null)
        {
            return "refused";
        }

        var all = new StringBuilder();
        foreach (var token in tape.Tokens)
        {
            all.Append(token.Kind).Append(' ').Append(token.Start).Append(' ').Append(token.Length).Append(';');
        }

        return all.ToString();
    }

    private static string Theirs(byte[] json)
    {
        var all = new StringBuilder();
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                {
                    continue;
                }

                var kind = Kind(reader.TokenType);
                var quoted = kind is TokenKind.String or TokenKind.Name ? 1 : 0;
                all.Append(kind).Append(' ').Append(reader.TokenStartIndex + quoted).Append(' ')
                    .Append(reader.ValueSpan.Length).Append(';');
            }
        }
        catch (JsonException)
        {
            return "refused";
        }

        return all.ToString();
    }

    private static TokenKind Kind(JsonTokenType type) => type switch
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
