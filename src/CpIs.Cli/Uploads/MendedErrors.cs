using System.Text;

namespace CpIs.Cli.Uploads;

/// <summary>
/// An errors.csv that a clerk has mended: sent without the two columns that said why, and without the apostrophes that
/// kept a spreadsheet from taking a cell for a formula. https://www.rfc-editor.org/rfc/rfc4180
/// </summary>
internal static class MendedErrors
{
    private const string Why = ",code,reason";
    private const int WhyColumns = 2;
    private const string FormulaStarts = "=+-@\t\r";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>True when the header of a file is that of an errors.csv.</summary>
    public static bool Is(string file) => FileEnding.IsCsv(file)
        && File.ReadLines(file).FirstOrDefault()?.Trim().EndsWith(Why, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Writes the rows as a caseload has them.</summary>
    /// <exception cref="UploadRefused">The file is not UTF-8.</exception>
    public static async Task CopyAsync(Stream file, Stream to, CancellationToken stop)
    {
        using var text = new StreamReader(file, Strict, detectEncodingFromByteOrderMarks: true, -1, leaveOpen: true);
        await using var writer = new StreamWriter(to, new UTF8Encoding(false), -1, leaveOpen: true);
        var header = 0;
        try
        {
            while (await RecordAsync(text, stop) is { } record)
            {
                var cells = Cells(record);
                header = header == 0 ? cells.Count : header;
                var kept = cells.Count == header ? cells.Take(header - WhyColumns) : cells;
                await writer.WriteAsync((string.Join(',', kept.Select(Cell)) + "\r\n").AsMemory(), stop);
            }
        }
        catch (DecoderFallbackException)
        {
            throw new UploadRefused("the file is not UTF-8: save it as CSV UTF-8");
        }
    }

    /// <summary>The next line that is not empty, with those that its quoted fields go on to.</summary>
    private static async Task<string?> RecordAsync(StreamReader text, CancellationToken stop)
    {
        var record = await text.ReadLineAsync(stop);
        while (record is { Length: 0 })
        {
            record = await text.ReadLineAsync(stop);
        }

        while (record is not null && record.Count(c => c == '"') % 2 == 1
            && await text.ReadLineAsync(stop) is { } more)
        {
            record += "\r\n" + more;
        }

        return record;
    }

    private static List<string> Cells(string record)
    {
        var cells = new List<string>();
        var cell = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < record.Length; i++)
        {
            var isDoubled = isQuoted && record[i] == '"' && i + 1 < record.Length && record[i + 1] == '"';
            if (isDoubled)
            {
                cell.Append(record[++i]);
            }
            else if (record[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (record[i] == ',' && !isQuoted)
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else
            {
                cell.Append(record[i]);
            }
        }

        cells.Add(cell.ToString());
        return cells;
    }

    private static string Cell(string text)
    {
        var bare = text.Length > 1 && text[0] == '\'' && FormulaStarts.Contains(text[1], StringComparison.Ordinal)
            ? text[1..] : text;
        return bare.AsSpan().ContainsAny(",\"\r\n")
            ? $"\"{bare.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : bare;
    }
}
