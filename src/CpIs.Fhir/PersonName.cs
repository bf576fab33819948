using System.Globalization;
using System.Text;

namespace CpIs.Fhir;

/// <summary>
/// Names as they are compared: case, accents and punctuation do not count, since systems differ in how they write them.
/// </summary>
public static class PersonName
{
    // Letters that Unicode does not take apart; many systems can only keep the right side.
    private static readonly Dictionary<Rune, string> PlainLetters = new()
    {
        [new('Ł')] = "L", [new('Ø')] = "O", [new('Đ')] = "D", [new('Ð')] = "D", [new('Æ')] = "AE", [new('Œ')] = "OE",
        [new('Þ')] = "TH", [new('ß')] = "SS", [new('ẞ')] = "SS", [new('ı')] = "I", [new('Ħ')] = "H",
    };

    /// <summary>True when two names are the same but for case, accents and punctuation.</summary>
    public static bool Same(string one, string other) => Fold(one) == Fold(other);

    /// <summary>Letters and digits alone, upper case, without accents.</summary>
    public static string Fold(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var folded = new StringBuilder(name.Length);
        foreach (var rune in name.Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (!Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.ModifierLetter)
            {
                continue;
            }

            var upper = Rune.ToUpperInvariant(rune);
            folded.Append(PlainLetters.GetValueOrDefault(upper) ?? upper.ToString());
        }

        return folded.ToString();
    }
}
