using System.Runtime.CompilerServices;
using System.Text;
using CpIs.Audit;
using Dapper;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>The ledger as a checker over HTTP reads it: signed notes, batches and canonical bytes, in pages.</summary>
internal sealed class LogStore(NpgsqlDataSource database)
{
    private const string Newest = """
        select l.lane, c.size, c.note from ledger.lane l cross join lateral (
            select size, note from ledger.checkpoint where lane = l.lane order by size desc limit 1) c
        where @lane::int is null or l.lane = @lane order by l.lane
        """;

    private const string Lanes = "select lane from ledger.lane order by lane";

    private const string Batches = """
        select first, last, root, leaves, recorded from ledger.batch
        where lane = @lane and first > @after and first > 0 and last <= @until order by first limit @limit
        """;

    private const string Tiles = """
        select idx, hashes from ledger.tile where lane = @lane and level = @level and idx > @after and idx < @until
        order by idx limit @limit
        """;

    private const string Notes = """
        select note from ledger.checkpoint where lane = @lane and size > @after and size <= @until
        order by size limit @limit
        """;

    private readonly LedgerFeed feed = new(database);

    /// <summary>The newest note of every lane, or of one.</summary>
    public async Task<Internal<IReadOnlyList<SignedNote>>> NewestAsync(int? lane, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new((await connection.QueryAsync<SignedNote>(
            new CommandDefinition(Newest, new { lane }, cancellationToken: stop))).AsList());
    }

    /// <summary>Every lane, signed or not.</summary>
    public async Task<Internal<IReadOnlyList<int>>> LanesAsync(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new((await connection.QueryAsync<int>(new CommandDefinition(Lanes, cancellationToken: stop))).AsList());
    }

    public async Task<Internal<IReadOnlyList<LaneTotal>>> TotalsAsync(CancellationToken stop) =>
        new(await feed.TotalsAsync(stop));

    public async Task<Internal<long?>> StrayAsync(int lane, CancellationToken stop) =>
        new(await feed.StrayAsync(lane, stop));

    public async Task<Internal<IReadOnlyList<LedgerBatch>>> BatchesAsync(
        int lane, long after, long until, int limit, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<BatchRow>(
            new CommandDefinition(Batches, new { lane, after, until, limit }, cancellationToken: stop));
        return new([.. rows.Select(row => new LedgerBatch(
            row.First, row.Last, row.Root, row.Leaves, new DateTimeOffset(row.Recorded, TimeSpan.Zero)))]);
    }

    /// <summary>Tiles of a level whose index is above <paramref name="after"/> and below the other.</summary>
    public async Task<Internal<IReadOnlyList<LogTile>>> TilesAsync(
        int lane, int level, (long After, long Until) indexes, int limit, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return new((await connection.QueryAsync<LogTile>(new CommandDefinition(
            Tiles, new { lane, level, after = indexes.After, until = indexes.Until, limit },
            cancellationToken: stop))).AsList());
    }

    public async Task<Internal<IReadOnlyList<string>>> NotesAsync(
        int lane, long after, long until, int limit, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var notes = await connection.QueryAsync<byte[]>(
            new CommandDefinition(Notes, new { lane, after, until, limit }, cancellationToken: stop));
        return new([.. notes.Select(Encoding.UTF8.GetString)]);
    }

    /// <summary>Canonical bytes of entries: patient data, so the envelope opens for a recorded page only.</summary>
    public Sealed<IAsyncEnumerable<ReadOnlyMemory<byte>>> Entries(
        int lane, long start, long end, CancellationToken stop) =>
        new(feed.EntriesAsync(lane, start, end, stop), [], checked((int)(end - start + 1)));

    public Sealed<IAsyncEnumerable<ReadOnlyMemory<byte>>> Claims(int lane, long position, CancellationToken stop) =>
        new(feed.ClaimsAsync(lane, position, stop), [], 1);

    /// <summary>One batch as the database gives it.</summary>
    private sealed record BatchRow
    {
        public required long First { get; init; }

        public required long Last { get; init; }

        public required byte[] Root { get; init; }

        public required byte[] Leaves { get; init; }

        public required DateTime Recorded { get; init; }
    }
}

/// <summary>256 hashes of one level of a lane's tree.</summary>
internal sealed record LogTile
{
    public required long Idx { get; init; }

    public required byte[] Hashes { get; init; }
}

/// <summary>A lane's newest signed note.</summary>
internal sealed record SignedNote
{
    public required int Lane { get; init; }

    public required long Size { get; init; }

    public required byte[] Note { get; init; }

    public string Text => Encoding.UTF8.GetString(Note);
}
