using System.Buffers.Binary;
using System.Text;
using CpIs.Audit;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Bench;

/// <summary>How one lane of the filled ledger looks: its kind, its share of the entries, entries in a commit.</summary>
internal sealed record LanePlan(int Lane, string Kind, int Percent, int BatchEntries);

/// <summary>
/// Writes one lane as its writer would have left it after a year: entries in canonical bytes, batches with leaf
/// hashes and roots, full tiles, the clinical history, signed checkpoints. By COPY, since the commits of a year would
/// take days.
/// </summary>
internal sealed class LaneFill(string owner, LanePlan plan, CheckpointKey key, IReadOnlyList<string> children)
    : IDisposable
{
    /// <summary>Entries between two checkpoints. A busy second has as many.</summary>
    private const int CheckpointEntries = 1000;

    private const int RowsBytes = 256 * 1024;
    private const int FieldsBeforeReferences = 7;
    private const int TextOid = 25;

    private const string EntriesSql = "copy ledger.entry from stdin (format binary)";
    private const string BatchesSql =
        "copy ledger.batch (lane, first, last, root, leaves, recorded) from stdin (format binary)";
    private const string TilesSql = "copy ledger.tile (lane, level, idx, hashes) from stdin (format binary)";
    private const string NotesSql = "copy ledger.checkpoint (lane, size, note) from stdin (format binary)";
    private const string HistorySql = """
        copy ledger.access (nhs_number, recorded, entry_id, lane, position, author, org,
            interaction, action, name, role, organisation_name) from stdin (format binary)
        """;

    private readonly InventedAccess invented = new(plan.Lane, children);
    private readonly MemoryStream rows = new();

    public async Task RunAsync(int entries, DateTimeOffset end)
    {
        await using var connections = new Connections(owner);
        await using var stream = await (await connections.NewAsync()).BeginRawBinaryCopyAsync(EntriesSql);
        await using var batches = await (await connections.NewAsync()).BeginBinaryImportAsync(BatchesSql);
        await using var tiles = await (await connections.NewAsync()).BeginBinaryImportAsync(TilesSql);
        await using var history = await (await connections.NewAsync()).BeginBinaryImportAsync(HistorySql);
        await using var notes = await (await connections.NewAsync()).BeginBinaryImportAsync(NotesSql);
        rows.Write("PGCOPY\n"u8);
        rows.Write([0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        var (edge, spare) = (new MerkleEdge(), new MerkleEdge());
        await HeadAsync(batches, edge, end.AddYears(-1));
        var clock = new YearClock(end, entries / Math.Max(1, plan.BatchEntries));
        for (long signed = 0; edge.Size < entries;)
        {
            edge.CopyTo(spare);
            var batch = PlacedBatch.Of(plan.Lane, spare, Groups(entries - edge.Size), clock.Next());
            (edge, spare) = (batch.Edge, edge);
            await BatchAsync(batches, batch);
            await TilesAsync(tiles, batch);
            foreach (var placed in batch.Entries)
            {
                Row(placed, batch.Recorded);
                await HistoryAsync(history, placed, batch.Recorded);
            }

            if (rows.Length >= RowsBytes)
            {
                await FlushAsync(stream);
            }

            if (edge.Size - signed >= CheckpointEntries || edge.Size >= entries)
            {
                signed = edge.Size;
                await NoteAsync(notes, signed, batch.Root);
            }
        }

        rows.Write([0xff, 0xff]);
        await FlushAsync(stream);
        await batches.CompleteAsync();
        await tiles.CompleteAsync();
        await history.CompleteAsync();
        await notes.CompleteAsync();
    }

    public void Dispose() => rows.Dispose();

    private List<StoredEntry[]> Groups(long left)
    {
        var mean = plan.BatchEntries;
        var count = (int)Math.Min(left, plan.Kind == LaneKind.Upload ? mean : 1 + invented.Below((2 * mean) - 1));
        var council = invented.Below(InventedAccess.Councils);
        var groups = new List<StoredEntry[]>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = plan.Kind switch
            {
                LaneKind.Read => invented.LookUp(),
                LaneKind.Write => invented.Write("transaction", council),
                _ => invented.Write("operation", council),
            };
            groups.Add([StoredEntry.Of(entry, "bench")]);
        }

        return groups;
    }

    /// <summary>
    /// The row as binary COPY takes it: the canonical bytes, but for the references, which are an array.
    /// </summary>
    private void Row(PlacedEntry placed, DateTimeOffset recorded)
    {
        Span<byte> head = stackalloc byte[EntryBytes.HeadBytesMax];
        var length = EntryBytes.WriteHead(head, plan.Lane, placed.Position, placed.Group, placed.Id, recorded);
        BinaryPrimitives.WriteInt16BigEndian(Room(2), EntryBytes.Fields);
        rows.Write(head[..length]);
        var tail = placed.Stored.Tail.AsSpan();
        var at = 0;
        for (var field = 0; field < FieldsBeforeReferences; field++)
        {
            at += FieldBytes(tail[at..]);
        }

        rows.Write(tail[..at]);
        References(placed.Stored.Entry.Disclosed);
        rows.Write(tail[(at + FieldBytes(tail[at..]))..]);
    }

    private void References(IReadOnlyList<string> references)
    {
        var start = rows.Length;
        Int(0);
        Int(references.Count == 0 ? 0 : 1);
        Int(0);
        Int(TextOid);
        if (references.Count > 0)
        {
            Int(references.Count);
            Int(1);
            foreach (var reference in references)
            {
                var bytes = Encoding.UTF8.GetBytes(reference);
                Int(bytes.Length);
                rows.Write(bytes);
            }
        }

        BinaryPrimitives.WriteInt32BigEndian(
            rows.GetBuffer().AsSpan((int)start), (int)(rows.Length - start) - sizeof(int));
    }

    private static int FieldBytes(ReadOnlySpan<byte> at) =>
        sizeof(int) + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(at));

    private void Int(int value) => BinaryPrimitives.WriteInt32BigEndian(Room(sizeof(int)), value);

    private Span<byte> Room(int bytes)
    {
        var at = (int)rows.Length;
        rows.SetLength(at + bytes);
        rows.Position = at + bytes;
        return rows.GetBuffer().AsSpan(at, bytes);
    }

    private async Task FlushAsync(NpgsqlRawCopyStream stream)
    {
        await stream.WriteAsync(rows.GetBuffer().AsMemory(0, (int)rows.Length));
        rows.SetLength(0);
    }

    private Task HeadAsync(NpgsqlBinaryImporter batches, MerkleEdge edge, DateTimeOffset recorded) =>
        BatchAsync(batches, new PlacedBatch(plan.Lane, 0, [], edge.Root(), recorded, [], edge));

    private async Task BatchAsync(NpgsqlBinaryImporter batches, PlacedBatch batch)
    {
        await batches.StartRowAsync();
        await batches.WriteAsync(plan.Lane);
        await batches.WriteAsync(batch.First);
        await batches.WriteAsync(batch.Last);
        await batches.WriteAsync(batch.Root);
        await batches.WriteAsync(batch.Leaves);
        await batches.WriteAsync(batch.Recorded.UtcDateTime, NpgsqlDbType.TimestampTz);
    }

    private async Task TilesAsync(NpgsqlBinaryImporter tiles, PlacedBatch batch)
    {
        foreach (var tile in batch.Edge.Full)
        {
            await tiles.StartRowAsync();
            await tiles.WriteAsync(plan.Lane);
            await tiles.WriteAsync((short)tile.Level);
            await tiles.WriteAsync(tile.Index);
            await tiles.WriteAsync(tile.Hashes);
        }
    }

    private async Task HistoryAsync(NpgsqlBinaryImporter history, PlacedEntry placed, DateTimeOffset recorded)
    {
        var entry = placed.Stored.Entry;
        if (entry is { InHistory: true, NhsNumber: { } number })
        {
            await history.StartRowAsync();
            await history.WriteAsync(number);
            await history.WriteAsync(recorded.UtcDateTime, NpgsqlDbType.TimestampTz);
            await history.WriteAsync(placed.Id);
            await history.WriteAsync(plan.Lane);
            await history.WriteAsync(placed.Position);
            await history.WriteAsync(entry.Author());
            await history.WriteAsync(entry.Organisation!);
            await history.WriteAsync(entry.Interaction);
            await history.WriteAsync(placed.Stored.Action);
            await history.WriteAsync(entry.AgentName!);
            await history.WriteAsync(entry.AgentRole!);
            await history.WriteAsync(entry.OrganisationName!);
        }
    }

    private async Task NoteAsync(NpgsqlBinaryImporter notes, long size, byte[] root)
    {
        var checkpoint = new SignedCheckpoint(
            SignedCheckpoint.OriginOf(LedgerFill.Deployment, plan.Lane), size, root);
        await notes.StartRowAsync();
        await notes.WriteAsync(plan.Lane);
        await notes.WriteAsync(size);
        await notes.WriteAsync(Encoding.UTF8.GetBytes(checkpoint.Sign(key)));
    }

    /// <summary>The connections of one lane: each COPY needs one.</summary>
    private sealed class Connections(string owner) : IAsyncDisposable
    {
        private readonly List<NpgsqlConnection> opened = [];

        public async Task<NpgsqlConnection> NewAsync()
        {
            opened.Add(new NpgsqlConnection(owner));
            await opened[^1].OpenAsync();
            return opened[^1];
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var connection in opened)
            {
                await connection.DisposeAsync();
            }
        }
    }
}

/// <summary>Times of commits over twelve months that end now, a quarter as dense at night as by day.</summary>
internal sealed class YearClock(DateTimeOffset end, long commits)
{
    private const int Days = 365;
    private const int MorningHour = 7;
    private const int NightHour = 22;
    private const double DayStep = 0.75;
    private const double NightStep = 4;

    /// <summary>Hours of a day, each as long as it has commits.</summary>
    private const double StepsOfADay =
        ((NightHour - MorningHour) / DayStep) + ((24 - NightHour + MorningHour) / NightStep);

    private readonly TimeSpan step = TimeSpan.FromHours(Days * StepsOfADay / Math.Max(1, commits));
    private DateTimeOffset now = end.AddDays(-Days);

    public DateTimeOffset Next()
    {
        now += step * (now.Hour is >= MorningHour and < NightHour ? DayStep : NightStep);
        return now = now < end ? now : end;
    }
}
