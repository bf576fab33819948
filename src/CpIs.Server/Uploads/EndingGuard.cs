using System.Globalization;

namespace CpIs.Server.Uploads;

/// <summary>How many current plans of a kind a council has, and how many of them a file would end.</summary>
internal sealed record KindEndings(string Kind, int Current, int Endings);

/// <summary>
/// Half a file, or one of the wrong year, must not end the plans of a council's children: more endings than an ordinary
/// day brings are refused until the council names their number.
/// </summary>
internal static class EndingGuard
{
    /// <summary>Percent of a kind's current plans that may end without being confirmed.</summary>
    private const int EndingPercentMax = 10;

    /// <summary>
    /// Endings of a kind that need no confirmation, however few plans there are, unless they are all.
    /// </summary>
    private const int EndingPlansMax = 3;

    /// <summary>Why the file is refused whole; null when it is not.</summary>
    public static string? Refusal(IReadOnlyList<KindEndings> kinds, int? confirmed)
    {
        var total = kinds.Sum(k => k.Endings);
        var unusual = kinds.Where(IsUnusual).ToList();
        if (unusual.Count == 0 || confirmed == total)
        {
            return null;
        }

        var named = string.Join(", ", unusual.Select(k => string.Create(
            CultureInfo.InvariantCulture, $"{k.Endings} of {k.Current} {k.Kind}")));
        return string.Create(CultureInfo.InvariantCulture,
            $"The file would end {named}, {total} plans in all. Nothing was changed. If that is meant, send it under "
            + $"a new submission with confirmEnd={total}.");
    }

    private static bool IsUnusual(KindEndings kind) =>
        kind.Endings > 0 && (kind.Endings == kind.Current
            || (kind.Endings > EndingPlansMax && 100L * kind.Endings > (long)EndingPercentMax * kind.Current));
}
