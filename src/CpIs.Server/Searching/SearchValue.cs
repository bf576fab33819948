using System.Text;

namespace CpIs.Server.Searching;

/// <summary>
/// One alternative of a criterion as it was sent, with its escapes: only who reads it knows which separators count.
/// http://hl7.org/fhir/R4/search.html#escaping
/// </summary>
internal sealed record SearchValue(string Raw)
{
    private const string Escapable = ",|$\\";

    /// <summary>The value, its escapes resolved.</summary>
    public string Text => Unescaped(Raw);

    /// <summary>
    /// <c>system|code</c>, <c>|code</c> (no system), <c>code</c> (any system), <c>system|</c> (any code).
    /// </summary>
    public (string? System, string Code) Token
    {
        get
        {
            var parts = Parts(Raw, '|', 2);
            return parts is [var system, var code] ? (Unescaped(system), Unescaped(code)) : (null, Text);
        }
    }

    /// <summary>Alternatives of a criterion: commas divide, <c>\,</c> does not.</summary>
    public static IReadOnlyList<SearchValue> Alternatives(string value) =>
        [.. Parts(value, ',', int.MaxValue).Select(part => new SearchValue(part))];

    /// <summary>The text between separators that no backslash stands before.</summary>
    private static List<string> Parts(string value, char separator, int most)
    {
        var parts = new List<string>();
        var from = 0;
        for (var at = 0; at < value.Length && parts.Count < most - 1; at++)
        {
            if (value[at] == '\\')
            {
                at++;
            }
            else if (value[at] == separator)
            {
                parts.Add(value[from..at]);
                from = at + 1;
            }
        }

        parts.Add(value[from..]);
        return parts;
    }

    private static string Unescaped(string value)
    {
        if (!value.Contains('\\', StringComparison.Ordinal))
        {
            return value;
        }

        var text = new StringBuilder(value.Length);
        for (var at = 0; at < value.Length; at++)
        {
            if (value[at] == '\\' && at + 1 < value.Length
                && Escapable.Contains(value[at + 1], StringComparison.Ordinal))
            {
                at++;
            }

            text.Append(value[at]);
        }

        return text.ToString();
    }
}
