using System.Diagnostics;
using CpIs.Fhir;

namespace CpIs.Server.Uploads;

/// <summary>
/// Puts the rows of one file down as they come in, some while the next are read. What is wrong with a row stands beside
/// it and does not stop the file.
/// </summary>
internal sealed class StageRows(
    UploadJob job, ICaseloadFormat format, RecordReader records, RowRules rules, StagingStore staging,
    TimeProvider clock)
{
    /// <summary>Rows of a file.</summary>
    public const int RowsMax = 2_000_000;

    /// <summary>Rows put down at a time.</summary>
    private const int StagedTogether = 500;

    /// <summary>Bytes of rows put down at a time: memory does not grow with their length.</summary>
    private const int StagedBytesMax = 1024 * 1024;

    private readonly CaseloadHeader header = job.Columns;
    private readonly DateOnly today = Visibility.Today(clock);
    private int count;
    private long parsing;
    private long validating;

    /// <summary>Reads to the end of the file.</summary>
    /// <param name="firstIsRow">The record that was read already is a row, not a header.</param>
    /// <param name="stop">The sender went away.</param>
    /// <returns>How many rows it has.</returns>
    public async Task<int> RunAsync(bool firstIsRow, CancellationToken stop)
    {
        var before = Task.CompletedTask;
        try
        {
            for (var rows = await NextAsync(firstIsRow, stop); rows.Count > 0; rows = await NextAsync(false, stop))
            {
                await before;
                before = PutDownAsync(rows, stop);
            }

            await before;
        }
        finally
        {
            // Whoever forgets the file after a failure must come after the last rows that were put down; why it failed
            // first is what its sender is told.
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        UploadMeter.Add("parse", parsing);
        UploadMeter.Add("validate", validating);
        return count;
    }

    private async Task PutDownAsync(IReadOnlyList<StagedRow> rows, CancellationToken stop)
    {
        if (!(await staging.AddAsync(job, rows, clock.GetUtcNow(), stop)).Value)
        {
            throw UploadBody.TooSlow;
        }
    }

    private async Task<IReadOnlyList<StagedRow>> NextAsync(bool already, CancellationToken stop)
    {
        var rows = new List<StagedRow>(StagedTogether);
        var bytes = 0;
        while (rows.Count < StagedTogether && bytes < StagedBytesMax && (already || await records.NextAsync(stop)))
        {
            already = false;
            if (++count > RowsMax)
            {
                throw UploadBody.TooLarge($"The file has more than {RowsMax} rows.");
            }

            rows.Add(Read());
            bytes += records.Bytes.Length;
        }

        return rows;
    }

    private StagedRow Read()
    {
        if (records.Fault is { } fault)
        {
            return StagedRow.Of(count, records, header, new([], []), [fault], null, today);
        }

        var began = Stopwatch.GetTimestamp();
        var fields = format.Fields(header, records.Bytes.Span);
        var parsed = Stopwatch.GetTimestamp();
        parsing += parsed - began;
        if (fields.Issues.Count > 0)
        {
            return StagedRow.Of(count, records, header, fields, fields.Issues, null, today);
        }

        var (row, issues) = rules.Read(header, fields.Texts, job.Council, today);
        validating += Stopwatch.GetTimestamp() - parsed;
        return StagedRow.Of(count, records, header, fields, issues, row, today);
    }
}
