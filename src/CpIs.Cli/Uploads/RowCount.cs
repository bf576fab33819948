namespace CpIs.Cli.Uploads;

/// <summary>
/// Counts the rows of a file as the server will: a snapshot says how many it has, so that one that was cut short on its
/// way ends nothing. A line end inside quotation marks is no end of a row.
/// </summary>
internal static class RowCount
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Rows of a CSV file without its header, or lines of an NDJSON file; empty ones do not count.</summary>
    public static async Task<int> OfAsync(string file, CancellationToken stop)
    {
        var isCsv = FileEnding.IsCsv(file);
        await using var bytes = File.OpenRead(file);
        var chunk = new byte[ChunkBytes];
        var (rows, isEmpty, state) = (0, true, At.FieldStart);
        for (int read; (read = await bytes.ReadAsync(chunk, stop)) > 0;)
        {
            foreach (var one in chunk.AsSpan(0, read))
            {
                if (one == '\n' && state != At.Quoted)
                {
                    rows += isEmpty ? 0 : 1;
                    isEmpty = true;
                }
                else
                {
                    isEmpty &= one is (byte)' ' or (byte)'\t' or (byte)'\r';
                }

                state = isCsv ? After(state, one) : At.FieldStart;
            }
        }

        rows += isEmpty ? 0 : 1;
        return Math.Max(0, isCsv ? rows - 1 : rows);
    }

    /// <summary>A quotation mark counts at the beginning of a field alone; a doubled one closes it and opens it again.
    /// </summary>
    private static At After(At now, byte one) => (now, one) switch
    {
        (At.FieldStart, (byte)'"') or (At.QuoteInQuoted, (byte)'"') => At.Quoted,
        (At.Quoted, (byte)'"') => At.QuoteInQuoted,
        (At.Quoted, _) => At.Quoted,
        (_, (byte)',' or (byte)'\n') => At.FieldStart,
        _ => At.Plain,
    };

    private enum At
    {
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }
}
