using System.Globalization;
using System.Text.RegularExpressions;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// A date of a search: its prefix and the half-open span of time that its precision covers. Without a zone it is the
/// time of Europe/London, as the days of plans are. http://hl7.org/fhir/R4/search.html#date
/// </summary>
/// <param name="Prefix">eq ne gt lt ge le sa eb.</param>
/// <param name="From">First instant.</param>
/// <param name="Until">First instant after it.</param>
internal sealed partial record DateRange(string Prefix, DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>Digits of a fraction that a tick still holds.</summary>
    private const int FractionDigits = 7;

    private const int YearMin = 2;
    private const int YearMax = 9998;

    /// <summary>How far a zone may be from UTC.</summary>
    private static readonly TimeSpan ZoneMax = TimeSpan.FromHours(14);

    private static readonly string[] Prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"];

    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    /// <summary>Reads a value such as <c>ge2026-01-05</c>.</summary>
    /// <exception cref="Refused">400 when it is no date, or has the prefix <c>ap</c>.</exception>
    public static DateRange Parse(string value)
    {
        var prefix = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[..2] : "eq";
        var text = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[2..] : value;
        if (!Prefixes.Contains(prefix))
        {
            throw Refused.BadSearch("The prefix of a date must be one of eq ne gt lt ge le sa eb.");
        }

        var parts = Form().Match(text);
        if (!parts.Success || First(parts) is not { } first || !IsZone(parts.Groups["zone"].Value, out var zone))
        {
            throw Refused.BadSearch("A date must be YYYY, YYYY-MM, YYYY-MM-DD or an instant.");
        }

        var next = Next(first, parts);
        return zone is { } offset
            ? new(prefix, new DateTimeOffset(first, offset), new DateTimeOffset(next, offset))
            : new(prefix, InLondon(first, earliest: true), InLondon(next, !London.IsAmbiguousTime(first)));
    }

    /// <summary>First instant of a day in Europe/London, as the days of plans are compared.</summary>
    public static DateTimeOffset Midnight(DateOnly day) => InLondon(day.ToDateTime(TimeOnly.MinValue), earliest: true);

    /// <summary>
    /// Whether a target period matches. As the widely used servers read it, <c>ge</c> and <c>le</c> include a period
    /// that merely touches the day: an open plan that starts today is found by <c>le</c> today.
    /// </summary>
    /// <param name="from">First instant of the target.</param>
    /// <param name="until">First instant after it; <see cref="DateTimeOffset.MaxValue"/> when open.</param>
    public bool Matches(DateTimeOffset from, DateTimeOffset until) => Prefix switch
    {
        "eq" => Contains(from, until),
        "ne" => !Contains(from, until),
        "gt" => until > Until,
        "lt" => from < From,
        "ge" => until > From,
        "le" => from < Until,
        "sa" => from >= Until,
        _ => until <= From,
    };

    private bool Contains(DateTimeOffset from, DateTimeOffset until) => From <= from && until <= Until;

    /// <summary>A plus sign that was not escaped arrives as a space.</summary>
    [GeneratedRegex("^(?<year>[0-9]{4})(-(?<month>[0-9]{2})(-(?<day>[0-9]{2})(T(?<hour>[0-9]{2}):(?<minute>[0-9]{2})"
        + "(:(?<second>[0-9]{2})([.](?<fraction>[0-9]{1,9}))?)?(?<zone>Z|[-+ ][0-9]{2}:[0-9]{2})?)?)?)?\\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    /// <summary>The first instant named, on its own clock; null where no clock shows it.</summary>
    private static DateTime? First(Match parts)
    {
        int Part(string name, int absent) => parts.Groups[name] is { Success: true, Value: var digits }
            ? int.Parse(digits, CultureInfo.InvariantCulture) : absent;
        var (year, month, day) = (Part("year", 0), Part("month", 1), Part("day", 1));
        var (hour, minute, second) = (Part("hour", 0), Part("minute", 0), Part("second", 0));
        if (year is < YearMin or > YearMax || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return null;
        }

        return new DateTime(year, month, day, hour, minute, second).AddTicks(Ticks(parts.Groups["fraction"].Value));
    }

    private static long Ticks(string fraction) => fraction.Length == 0 ? 0 : long.Parse(
        fraction.PadRight(FractionDigits, '0')[..FractionDigits], CultureInfo.InvariantCulture);

    private static DateTime Next(DateTime first, Match parts) =>
        parts.Groups["fraction"] is { Success: true, Length: var digits }
            ? first.AddTicks((long)Math.Pow(10, Math.Max(0, FractionDigits - digits)))
        : parts.Groups["second"].Success ? first.AddSeconds(1)
        : parts.Groups["minute"].Success ? first.AddMinutes(1)
        : parts.Groups["day"].Success ? first.AddDays(1)
        : parts.Groups["month"].Success ? first.AddMonths(1)
        : first.AddYears(1);

    /// <summary>Whether a text is a zone; without one, none is stated.</summary>
    private static bool IsZone(string text, out TimeSpan? stated)
    {
        stated = text == "Z" ? TimeSpan.Zero : null;
        if (text.Length <= 1)
        {
            return true;
        }

        var minutes = int.Parse(text[4..], CultureInfo.InvariantCulture);
        var offset = new TimeSpan(int.Parse(text[1..3], CultureInfo.InvariantCulture), minutes, 0);
        stated = text[0] == '-' ? -offset : offset;
        return minutes < 60 && offset <= ZoneMax;
    }

    /// <summary>
    /// A time on London's clocks. In the hour that they show twice both are meant: from the first, until the second.
    /// </summary>
    private static DateTimeOffset InLondon(DateTime local, bool earliest)
    {
        if (!London.IsAmbiguousTime(local))
        {
            return new(local, London.GetUtcOffset(local));
        }

        var offsets = London.GetAmbiguousTimeOffsets(local);
        return new(local, earliest ? offsets.Max() : offsets.Min());
    }
}
