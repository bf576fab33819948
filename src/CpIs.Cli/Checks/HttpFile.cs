using System.Text.RegularExpressions;

namespace CpIs.Cli.Checks;

/// <summary>
/// A .http file as editors send it: requests apart by <c>###</c>, variables by <c>@name = value</c>, answers by
/// <c># @name</c>; and what each answer must be by <c># @expect</c>, which an editor takes for a comment.
/// </summary>
/// <param name="Variables">Name and value, in order.</param>
/// <param name="Requests">The requests, in order.</param>
internal sealed partial record HttpFile(
    IReadOnlyList<(string Name, string Value)> Variables, IReadOnlyList<WrittenRequest> Requests)
{
    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="FormatException">It expects something that cannot be looked at; the message says
    /// what.</exception>
    public static HttpFile Parse(string text)
    {
        var blocks = Separator().Split(text.ReplaceLineEndings("\n")).Select(block => block.Split('\n')).ToList();
        return new(
            [.. blocks.SelectMany(lines => lines.TakeWhile(line => !Verb().IsMatch(line)))
                .Select(line => Variable().Match(line)).Where(match => match.Success)
                .Select(match => (match.Groups[1].Value, match.Groups[2].Value.Trim()))],
            [.. blocks.Select(Request).OfType<WrittenRequest>()]);
    }

    private static WrittenRequest? Request(string[] lines)
    {
        var start = Array.FindIndex(lines, Verb().IsMatch);
        if (start < 0)
        {
            return null;
        }

        var first = lines[start].Split(' ', 2);
        var gap = Array.FindIndex(lines, start, string.IsNullOrWhiteSpace);
        var before = lines[..start];
        return new(
            lines[0].Trim(),
            before.Select(line => Named().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value,
            first[0],
            first[1].Trim(),
            [.. lines[(start + 1)..(gap < 0 ? lines.Length : gap)].Select(line => line.Split(':', 2))
                .Where(header => header.Length == 2).Select(header => (header[0].Trim(), header[1].Trim()))],
            gap < 0 ? "" : string.Join('\n', lines[gap..]).Trim(),
            [.. before.Select(line => Expected().Match(line)).Where(match => match.Success)
                .Select(match => Expectation.Parse(match.Groups[1].Value.Trim()))]);
    }

    [GeneratedRegex("^###", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^@([\w-]+)\s*=(.*)$")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^# @name ([\w-]+)")]
    private static partial Regex Named();

    [GeneratedRegex("^# @expect (.+)$")]
    private static partial Regex Expected();

    [GeneratedRegex("^(GET|HEAD|POST|PUT|PATCH|DELETE) ")]
    private static partial Regex Verb();
}

/// <summary>One request as it is written, variables not yet filled in.</summary>
/// <param name="Title">What stands behind the <c>###</c>.</param>
/// <param name="Name">Under which name later requests speak of its answer; null when they do not.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Url">Address.</param>
/// <param name="Headers">Names and values.</param>
/// <param name="Body">Body, or <c>&lt; path</c> of a file beside this one.</param>
/// <param name="Expectations">What the answer must be.</param>
internal sealed record WrittenRequest(
    string Title,
    string? Name,
    string Method,
    string Url,
    IReadOnlyList<(string Name, string Value)> Headers,
    string Body,
    IReadOnlyList<Expectation> Expectations);
