using System.Text;
using CpIs.Server.Access;

namespace CpIs.Server.Uploads;

/// <summary>
/// Records of CSV in UTF-8, https://www.rfc-editor.org/rfc/rfc4180. Read from bytes, not from decoded text: a record
/// that is no UTF-8 must be refused by itself, and named by its place.
/// </summary>
internal sealed class CaseloadCsv : ICaseloadFormat
{
    /// <summary>Texts of one record; a line of only commas would otherwise make tens of thousands.</summary>
    private const int FieldsMax = 256;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public bool Quoted => true;

    public (CaseloadHeader Header, bool FirstIsHeader) Header(ReadOnlySpan<byte> first)
    {
        return (CaseloadHeader.Read(Names(first)), true);
    }

    /// <summary>The names in the first record of a file, lower case.</summary>
    /// <exception cref="Refused">400 CPF01: it is no text in UTF-8.</exception>
    public static List<string> Names(ReadOnlySpan<byte> first)
    {
        if (OtherKind(first) is { } other)
        {
            throw CaseloadHeader.Unreadable(other);
        }

        var issues = new List<RowIssue>();
        var names = Texts(first, issues);
        return issues.Count > 0
            ? throw CaseloadHeader.Unreadable("The header cannot be read. " + issues[0].Text)
            : names.ConvertAll(name => name.Trim().ToLowerInvariant());
    }

    public RecordFields Fields(CaseloadHeader header, ReadOnlySpan<byte> record)
    {
        var issues = new List<RowIssue>();
        var texts = Texts(record, issues);
        if (texts.Count != header.Names.Count)
        {
            issues.Add(RowIssue.NotLoaded("fields",
                $"The row has {texts.Count} fields, the header {header.Names.Count}."));
        }

        return new(texts, issues);
    }

    /// <summary>The texts of one record, and what is wrong with its bytes.</summary>
    public static List<string> Texts(ReadOnlySpan<byte> record, List<RowIssue> issues)
    {
        record = record.EndsWith("\r"u8) ? record[..^1] : record;
        var texts = new List<string>();
        var rest = record;
        while (texts.Count < FieldsMax)
        {
            var length = FieldLength(rest, out var misquoted);
            texts.Add(Text(rest[..length], issues));
            if (misquoted)
            {
                Add(issues, RowIssue.NotLoaded("quotes",
                    "Text stands beside a quoted field: double the quotation marks inside it."));
            }

            if (length == rest.Length)
            {
                return texts;
            }

            rest = rest[(length + 1)..];
        }

        return texts;
    }

    /// <summary>What a file is when its first bytes say that it is no CSV in UTF-8, and what to do.</summary>
    private static string? OtherKind(ReadOnlySpan<byte> first) =>
        first.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || first.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])
            ? "The file is UTF-16: save it as CSV UTF-8."
        : first.StartsWith("PK"u8) && first.Length > 2 && first[2] < ' '
            ? "The file is a workbook (.xlsx) or a zip archive: save it as CSV UTF-8."
        : first.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])
            ? "The file is gzip: send it with Content-Encoding: gzip."
        : null;

    private static int FieldLength(ReadOnlySpan<byte> rest, out bool misquoted)
    {
        misquoted = false;
        if (!rest.StartsWith("\""u8))
        {
            var comma = rest.IndexOf((byte)',');
            return comma < 0 ? rest.Length : comma;
        }

        for (var at = 1; at < rest.Length; at++)
        {
            if (rest[at] != '"')
            {
                continue;
            }

            if (at + 1 < rest.Length && rest[at + 1] == '"')
            {
                at++;
                continue;
            }

            var comma = rest[(at + 1)..].IndexOf((byte)',');
            var until = comma < 0 ? rest.Length : at + 1 + comma;
            misquoted = !rest[(at + 1)..until].Trim((byte)' ').IsEmpty;
            return until;
        }

        return rest.Length;
    }

    private static string Text(ReadOnlySpan<byte> field, List<RowIssue> issues)
    {
        if (field.Contains((byte)0))
        {
            Add(issues, RowIssue.NotLoaded("nul", "The row holds a NUL character."));
        }

        var text = Decode(field, issues);
        if (!text.StartsWith('"'))
        {
            return text;
        }

        var closing = text.LastIndexOf('"');
        return closing == 0 ? text[1..] : text[1..closing].Replace("\"\"", "\"", StringComparison.Ordinal);
    }

    private static string Decode(ReadOnlySpan<byte> field, List<RowIssue> issues)
    {
        try
        {
            return Strict.GetString(field);
        }
        catch (DecoderFallbackException)
        {
            Add(issues, RowIssue.NotLoaded("encoding", LooksLikeWindows(field)
                ? "The row is not UTF-8; it looks like Windows-1252. Save the file as CSV UTF-8."
                : "The row is not UTF-8. Save the file as CSV UTF-8."));
            return Encoding.UTF8.GetString(field);
        }
    }

    /// <summary>
    /// Accented letters of Windows-1252 stand alone among ASCII; bytes that it leaves undefined do not occur in it.
    /// </summary>
    private static bool LooksLikeWindows(ReadOnlySpan<byte> field) =>
        !field.ContainsAny((ReadOnlySpan<byte>)[0x81, 0x8D, 0x8F, 0x90, 0x9D]);

    /// <summary>One reason is enough for all fields of a row.</summary>
    private static void Add(List<RowIssue> issues, RowIssue issue)
    {
        if (!issues.Exists(i => i.Detail == issue.Detail))
        {
            issues.Add(issue);
        }
    }
}
