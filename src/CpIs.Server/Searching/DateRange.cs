using System.Globalization;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// A date of a search: its prefix and the half-open span of time that its precision covers.
/// http://hl7.org/fhir/R4/search.html#date
/// </summary>
/// <param name="Prefix">eq ne gt lt ge le sa eb.</param>
/// <param name="From">First instant.</param>
/// <param name="Until">First instant after it.</param>
internal sealed record DateRange(string Prefix, DateTimeOffset From, DateTimeOffset Until)
{
    private static readonly string[] Prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"];

    private static readonly (string Format, Func<DateTimeOffset, DateTimeOffset> Next)[] Forms =
    [
        ("yyyy", d => d.AddYears(1)),
        ("yyyy-MM", d => d.AddMonths(1)),
        ("yyyy-MM-dd", d => d.AddDays(1)),
        ("yyyy-MM-dd'T'HH:mm", d => d.AddMinutes(1)),
        ("yyyy-MM-dd'T'HH:mmzzz", d => d.AddMinutes(1)),
        ("yyyy-MM-dd'T'HH:mm:ss", d => d.AddSeconds(1)),
        ("yyyy-MM-dd'T'HH:mm:sszzz", d => d.AddSeconds(1)),
        ("yyyy-MM-dd'T'HH:mm:ss.FFFFFF", d => d.AddMilliseconds(1)),
        ("yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", d => d.AddMilliseconds(1)),
    ];

    /// <summary>Reads a value such as <c>ge2026-01-05</c>; without zone it is UTC.</summary>
    /// <exception cref="Refused">400 when it is no date, or has the prefix <c>ap</c>.</exception>
    public static DateRange Parse(string value)
    {
        var prefix = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[..2] : "eq";
        var text = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[2..] : value;
        if (!Prefixes.Contains(prefix))
        {
            throw Refused.BadSearch("The prefix of a date must be one of eq ne gt lt ge le sa eb.");
        }

        text = text.Replace(' ', '+').Replace("Z", "+00:00", StringComparison.Ordinal);
        foreach (var (format, next) in Forms)
        {
            if (DateTimeOffset.TryParseExact(
                text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var from)
                && from.Year is > 1 and < 9999)
            {
                return new DateRange(prefix, from.ToUniversalTime(), next(from).ToUniversalTime());
            }
        }

        throw Refused.BadSearch("A date must be YYYY, YYYY-MM, YYYY-MM-DD or an instant.");
    }

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
}
