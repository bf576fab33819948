using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Npgsql;

namespace CpIs.Audit;

/// <summary>What an archive came to: so many entries, and the hash of the whole file.</summary>
public sealed record ArchiveWritten(long Entries, int Lanes, byte[] Sha256);

/// <summary>An entry of the month to be archived is not what was recorded, so the month may not leave.</summary>
public sealed class ArchiveRefused(int lane, long position) : IOException(
    "Lane " + lane + " position " + position + " is not what was recorded: the month was not archived.");

/// <summary>
/// Writes a month's entries to a file, each only after it gave its leaf hash, so that what is detached later is known
/// to be whole. The database is not changed.
/// </summary>
public sealed class ArchiveWriter(NpgsqlDataSource database)
{
    private const string LanesSql = """
        select lane, min(first), max(last) from ledger.batch
        where first > 0 and recorded >= $1 and recorded < $2 group by lane order by lane
        """;

    private const string BatchesSql = """
        select first, last, root, leaves, recorded from ledger.batch
        where lane = $1 and first >= $2 and last <= $3 and recorded >= $4 and recorded < $5 order by first
        """;

    private readonly LedgerFeed feed = new(database);

    /// <summary>Writes the file, which must not be there yet.</summary>
    /// <exception cref="ArchiveRefused">When an entry is changed or missing; what was written is removed.</exception>
    public async Task<ArchiveWritten> WriteAsync(DateOnly month, string path, CancellationToken stop)
    {
        var from = new DateTime(month.Year, month.Month, 1, 0, 0, 0, DateTimeKind.Utc);
        var span = (From: from, Until: from.AddMonths(1));
        var whole = false;
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
            await EntryFrames.WriteAsync(file, EntryArchive.Head(month), stop);
            var (entries, lanes) = (0L, await LanesAsync(span, stop));
            foreach (var lane in lanes)
            {
                entries += await LaneAsync(file, lane, span, stop);
            }

            await EntryFrames.EndAsync(file, stop);
            file.Flush(flushToDisk: true);
            file.Seek(0, SeekOrigin.Begin);
            var written = new ArchiveWritten(entries, lanes.Count, await SHA256.HashDataAsync(file, stop));
            whole = true;
            return written;
        }
        finally
        {
            if (!whole && File.Exists(path))
            {
                File.Delete(path);
            }
        }
    }

    private async Task<long> LaneAsync(
        FileStream file, (int Lane, long First, long Last) lane, (DateTime From, DateTime Until) span,
        CancellationToken stop)
    {
        var count = 0L;
        await using var entries = feed.EntriesAsync(lane.Lane, lane.First, lane.Last, stop).GetAsyncEnumerator(stop);
        await foreach (var batch in BatchesAsync(lane, span, stop))
        {
            for (var position = batch.First; position <= batch.Last; position++, count++)
            {
                var more = await entries.MoveNextAsync();
                while (more && EntryBytes.PositionOf(entries.Current.Span) < position)
                {
                    // Of another month: the clock was set back between two commits.
                    more = await entries.MoveNextAsync();
                }

                if (!more || !Fits(entries.Current.Span, batch, position))
                {
                    throw new ArchiveRefused(lane.Lane, position);
                }

                await EntryFrames.WriteAsync(file, entries.Current, stop);
            }
        }

        return count;
    }

    private static bool Fits(ReadOnlySpan<byte> entry, LedgerBatch batch, long position)
    {
        Span<byte> leaf = stackalloc byte[MerkleEdge.HashBytes];
        EntryBytes.HashLeaf(entry, [], leaf);
        var at = (int)(position - batch.First) * MerkleEdge.HashBytes;
        return batch.Leaves.Span.Slice(at, MerkleEdge.HashBytes).SequenceEqual(leaf);
    }

    private async Task<List<(int Lane, long First, long Last)>> LanesAsync(
        (DateTime From, DateTime Until) span, CancellationToken stop)
    {
        await using var command = database.CreateCommand(LanesSql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = span.From });
        command.Parameters.Add(new() { Value = span.Until });
        await using var reader = await command.ExecuteReaderAsync(stop);
        var lanes = new List<(int, long, long)>();
        while (await reader.ReadAsync(stop))
        {
            lanes.Add((reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        return lanes;
    }

    private async IAsyncEnumerable<LedgerBatch> BatchesAsync(
        (int Lane, long First, long Last) lane, (DateTime From, DateTime Until) span,
        [EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand(BatchesSql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = lane.Lane });
        command.Parameters.Add(new() { Value = lane.First });
        command.Parameters.Add(new() { Value = lane.Last });
        command.Parameters.Add(new() { Value = span.From });
        command.Parameters.Add(new() { Value = span.Until });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return LedgerFeed.Batch(reader);
        }
    }
}
