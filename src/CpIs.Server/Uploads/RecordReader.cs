namespace CpIs.Server.Uploads;

/// <summary>
/// Cuts a file into its records while it comes in: lines of NDJSON, or of CSV, whose quoted fields may hold line feeds
/// (https://www.rfc-editor.org/rfc/rfc4180). It works on bytes, because a refused row is named by its place in the
/// file, also where its bytes are no valid text; no more than one record is in memory.
/// </summary>
internal sealed class RecordReader(Stream file, bool quoted)
{
    /// <summary>Bytes of one record.</summary>
    public const int RowBytesMax = 64 * 1024;

    private const int BufferBytes = 2 * RowBytesMax;

    private readonly byte[] buffer = new byte[BufferBytes];
    private int start;
    private int scanned;
    private int end;
    private bool ended;
    private bool begun;
    private bool skipping;
    private long before;
    private long lines;
    private State state;
    private int firstFeed = -1;

    /// <summary>Where a byte of CSV stands.</summary>
    private enum State
    {
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }

    /// <summary>The record without its line end; valid until the next one is asked for.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Line of the file on which it begins, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Byte of the file at which it begins, from 0.</summary>
    public long At { get; private set; }

    /// <summary>Why the record could not be cut out; null when it could.</summary>
    public RowIssue? Fault { get; private set; }

    /// <summary>Moves to the next record that is not empty.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken stop)
    {
        while (true)
        {
            if (!Cut())
            {
                if (ended)
                {
                    return false;
                }

                await FillAsync(stop);
                continue;
            }

            if (Fault is not null || !Bytes.Span.Trim(" \t\r"u8).IsEmpty)
            {
                return true;
            }
        }
    }

    /// <summary>Finds the end of the next record in what was read; false when more must be read first.</summary>
    private bool Cut()
    {
        while (scanned < end)
        {
            var one = buffer[scanned++];
            if (one == '\n')
            {
                if (skipping)
                {
                    skipping = false;
                    Drop(scanned);
                }
                else if (state != State.Quoted)
                {
                    return Take(scanned - 1, scanned, null);
                }
                else if (firstFeed < 0)
                {
                    firstFeed = scanned - 1;
                }
            }

            state = After(state, one);
        }

        if (skipping)
        {
            Drop(scanned);
            return false;
        }

        if (end - start > RowBytesMax)
        {
            return TooLong();
        }

        return ended && end > start && (state == State.Quoted ? Unclosed() : Take(end, end, null));
    }

    private State After(State now, byte one) => !quoted ? State.Plain : (now, one) switch
    {
        (State.FieldStart, (byte)'"') => State.Quoted,
        (State.Quoted, (byte)'"') => State.QuoteInQuoted,
        (State.Quoted, _) => State.Quoted,
        (State.QuoteInQuoted, (byte)'"') => State.Quoted,
        (_, (byte)',') or (_, (byte)'\n') => State.FieldStart,
        _ => State.Plain,
    };

    /// <summary>A quote that nothing closes would swallow the file: only the line on which it opens is lost.</summary>
    private bool Unclosed() => firstFeed < 0
        ? Take(end, end, OpenQuote)
        : Take(firstFeed, firstFeed + 1, OpenQuote);

    private bool TooLong()
    {
        if (state == State.Quoted && firstFeed >= 0)
        {
            return Unclosed();
        }

        skipping = true;
        return Take(end, end, LongRow);
    }

    private static RowIssue LongRow =>
        RowIssue.NotLoaded("row-too-long", $"The row is longer than {RowBytesMax} bytes.");

    private static RowIssue OpenQuote =>
        RowIssue.NotLoaded("quotes", "A quotation mark opens a field on this line and nothing closes it.");

    private bool Take(int until, int next, RowIssue? fault)
    {
        Line = lines + 1;
        At = before + start;
        Bytes = buffer.AsMemory(start, until - start);
        Fault = fault ?? (until - start > RowBytesMax ? LongRow : null);
        Drop(next);
        return true;
    }

    private void Drop(int next)
    {
        lines += buffer.AsSpan(start, next - start).Count((byte)'\n');
        start = scanned = next;
        state = State.FieldStart;
        firstFeed = -1;
    }

    private async ValueTask FillAsync(CancellationToken stop)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (before, scanned, end, firstFeed) =
                (before + start, scanned - start, end - start, firstFeed < 0 ? -1 : firstFeed - start);
            start = 0;
        }

        var read = await file.ReadAsync(buffer.AsMemory(end), stop);
        end += read;
        ended = read == 0;
        if (!begun && (ended || end >= Mark.Length))
        {
            begun = true;
            if (buffer.AsSpan(0, end).StartsWith(Mark))
            {
                (start, scanned, state) = (Mark.Length, Mark.Length, State.FieldStart);
            }
        }
    }

    /// <summary>What some programs put before UTF-8.</summary>
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];
}
