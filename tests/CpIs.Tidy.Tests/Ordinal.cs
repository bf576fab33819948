namespace CpIs.Tidy.Tests;

/// <summary>Comparing text letter by letter, said briefly: the rules do little else.</summary>
internal static class Ordinal
{
    public static bool Begins(this string text, string start) => text.StartsWith(start, StringComparison.Ordinal);

    public static bool Finishes(this string text, string end) => text.EndsWith(end, StringComparison.Ordinal);

    public static bool Holds(this string text, string part) => text.Contains(part, StringComparison.Ordinal);
}
