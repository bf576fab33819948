using System.Globalization;

namespace CpIs.Server.Sandbox;

/// <summary>
/// A day as the sample files write it: <c>2020-02-29</c>, or counted from the day of loading such as
/// <c>today-18y+1d</c>, so that "ended 364 days ago" is still true next year.
/// </summary>
internal static class RelativeDay
{
    private const string Anchor = "today";

    /// <summary>The day meant by <paramref name="text"/>; years and months count before days.</summary>
    /// <exception cref="FormatException">The text is neither a full date nor the word and signed counts.</exception>
    public static DateOnly Parse(string text, DateOnly today)
    {
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            return day;
        }

        if (!text.StartsWith(Anchor, StringComparison.Ordinal))
        {
            throw NotADay(text);
        }

        var (months, days) = Counts(text);
        try
        {
            return today.AddMonths(months).AddDays(days);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw NotADay(text);
        }
    }

    private static (int Months, int Days) Counts(string text)
    {
        var (months, days) = (0, 0);
        for (var at = Anchor.Length; at < text.Length;)
        {
            var (count, unit, next) = Count(text, at);
            switch (unit)
            {
                case 'y': months += 12 * count; break;
                case 'm': months += count; break;
                case 'd': days += count; break;
                default: throw NotADay(text);
            }

            at = next;
        }

        return (months, days);
    }

    private static (int Count, char Unit, int Next) Count(string text, int at)
    {
        // Five digits are 273 years of days; more is a slip of the pen.
        const int DigitsMax = 5;
        var end = at + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        var digits = end - at - 1;
        if (text[at] is not ('+' or '-') || digits is 0 or > DigitsMax || end == text.Length)
        {
            throw NotADay(text);
        }

        var count = int.Parse(text.AsSpan(at + 1, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        return (text[at] == '-' ? -count : count, text[end], end + 1);
    }

    private static FormatException NotADay(string text) =>
        new($"'{text}' is not a day: write YYYY-MM-DD, or today and signed counts of d, m or y, such as today-18y+1d.");
}
