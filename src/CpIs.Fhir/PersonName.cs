using System.Text;

namespace CpIs.Fhir;

/// <summary>
/// Names as they are compared: case, accents and punctuation do not count, since systems differ in how they write them.
/// </summary>
public static class PersonName
{
    /// <summary>True when two names are the same but for case, accents and punctuation.</summary>
    public static bool Same(string one, string other) => Fold(one) == Fold(other);

    /// <summary>Letters and digits alone, upper case, without accents.</summary>
    public static string Fold(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var folded = new StringBuilder(name.Length);
        foreach (var rune in name.Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                folded.Append(Rune.ToUpperInvariant(rune));
            }
        }

        return folded.ToString();
    }
}
