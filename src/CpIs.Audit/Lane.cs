using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// One append-only log while this process holds it: its own connection, which also holds the lock, and the head it
/// continues from. Any doubt makes it lost; whoever takes it next reads the true head from the database.
/// </summary>
internal sealed class Lane(int number, NpgsqlConnection connection, string applicationName, MerkleEdge edge)
    : IAsyncDisposable
{
    /// <summary>A function's own SET would end before the commit, so the transaction sets it for itself.</summary>
    private const string DurableSql = "select set_config('synchronous_commit', 'on', true)";

    private readonly EntryInsert insert = new();

    private MerkleEdge spare = new();

    private bool notReplicated;

    internal int Number { get; } = number;

    internal NpgsqlConnection Connection { get; } = connection;

    /// <summary>Unique to this connection, so a successor can end precisely this backend.</summary>
    internal string ApplicationName { get; } = applicationName;

    /// <summary>Touched by the lane's one writer only; others look at <see cref="Tip"/>.</summary>
    internal MerkleEdge Edge { get; private set; } = edge;

    internal LaneTip Tip { get; private set; } = new(number, edge.Size, edge.Root());

    internal bool Lost { get; private set; }

    /// <summary>Committed locally but not on the standby: PostgreSQL says so in a notice, not in an error.</summary>
    internal void Listen() => Connection.Notice += (_, heard) =>
        notReplicated |= heard.Notice.MessageText.Contains("synchronous replication", StringComparison.Ordinal)
            || heard.Notice is { SqlState: "01000", InvariantSeverity: "WARNING" };

    internal void Lose() => Lost = true;

    /// <summary>One at a time: it is placed on the spare edge, which becomes the lane's when it is durable.</summary>
    internal PlacedBatch Place(IReadOnlyList<StoredEntry[]> groups, DateTimeOffset now)
    {
        Edge.CopyTo(spare);
        return PlacedBatch.Of(Number, spare, groups, now);
    }

    /// <summary>One round trip, one implicit transaction. No token: a cancelled commit can look like success.</summary>
    internal async Task AppendAsync(PlacedBatch placed)
    {
        await using var batch = new NpgsqlBatch(Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(DurableSql));
        Add(batch, placed);
        await CommitAsync(batch, placed);
    }

    internal void Add(NpgsqlBatch batch, PlacedBatch placed)
    {
        insert.Fill(placed);
        batch.BatchCommands.Add(insert.Command);
        if (AccessInsert.Of(placed) is { } access)
        {
            batch.BatchCommands.Add(access);
        }

        if (TileInsert.Of(placed) is { } tiles)
        {
            batch.BatchCommands.Add(tiles);
        }
    }

    /// <summary>Runs a batch that ends in a commit, and moves the head only when it is known to be durable.</summary>
    internal async Task CommitAsync(NpgsqlBatch batch, PlacedBatch placed)
    {
        notReplicated = false;
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        if (notReplicated)
        {
            throw new LedgerUnavailable("The commit was not replicated.");
        }

        if (insert.Command.RecordsAffected != placed.Entries.Count)
        {
            throw new LedgerUnavailable("The lane wrote another number of entries than it was given.");
        }

        (Edge, spare) = (placed.Edge, Edge);
        Tip = new LaneTip(Number, placed.Last, placed.Root);
    }

    /// <summary>Gives the lane back; what it came to may still be signed.</summary>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
