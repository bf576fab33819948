using System.Diagnostics.CodeAnalysis;

namespace CpIs.Fhir;

/// <summary>
/// An NHS number: ten digits whose last is the modulus 11 check digit. It cannot exist invalid, and it prints masked;
/// the digits need <see cref="Digits"/>.
/// https://www.datadictionary.nhs.uk/attributes/nhs_number.html
/// </summary>
public sealed class NhsNumber : IEquatable<NhsNumber>
{
    private const int Length = 10;
    private readonly string digits;

    private NhsNumber(string digits) => this.digits = digits;

    /// <summary>All ten digits: for keys, rendering and the ledger; never for a log.</summary>
    public string Digits() => digits;

    /// <summary>Reads exactly ten digits; spaces, hyphens and older formats are refused.</summary>
    /// <param name="text">What was sent.</param>
    /// <param name="number">The number, when true is returned.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out NhsNumber? number)
    {
        number = Fault(text) is null ? new NhsNumber(text!) : null;
        return number is not null;
    }

    /// <summary>
    /// Why a text is no NHS number, in words for a clerk, without the number itself; null when it is one.
    /// </summary>
    public static string? Fault(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "The NHS number is missing.";
        }

        if (text.Length != Length || text.Any(c => c is < '0' or > '9'))
        {
            return "An NHS number is ten digits, without spaces or letters.";
        }

        if (text.All(c => c == '0') || CheckDigit(text) != text[Length - 1] - '0')
        {
            return "The check digit of this NHS number does not match: one of its digits is wrong.";
        }

        return null;
    }

    /// <summary>First three and last four digits, such as <c>999 *** 0018</c>.</summary>
    public static string Mask(string digits)
    {
        ArgumentNullException.ThrowIfNull(digits);
        return digits.Length == Length ? $"{digits[..3]} *** {digits[6..]}" : "***";
    }

    public override string ToString() => Mask(digits);

    public bool Equals(NhsNumber? other) => other is not null && digits == other.digits;

    public override bool Equals(object? obj) => Equals(obj as NhsNumber);

    public override int GetHashCode() => digits.GetHashCode(StringComparison.Ordinal);

    /// <summary>11 − (Σ digit × weight 10…2 mod 11); 11 becomes 0, and 10 is no valid digit.</summary>
    private static int CheckDigit(string text)
    {
        var sum = 0;
        for (var i = 0; i < Length - 1; i++)
        {
            sum += (text[i] - '0') * (Length - i);
        }

        var check = 11 - (sum % 11);
        return check == 11 ? 0 : check;
    }
}
