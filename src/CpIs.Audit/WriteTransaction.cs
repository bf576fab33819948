using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// A change and its record in one transaction on one write lane. The caller adds its merge to <see cref="CreateBatch"/>
/// (round trip 1), then hands over what happened to <see cref="CommitAsync"/> (round trip 2). Without a commit the
/// change is undone.
/// </summary>
public sealed class WriteTransaction
{
    /// <summary>
    /// Result sets that stand before the caller's own in the first batch: one row of the transaction's settings.
    /// </summary>
    public const int LeadingResults = 1;

    private const string BeginSql = "begin";
    private const string CommitSql = "commit";
    private const string RollbackSql = "rollback";
    private const string NothingSql = "select null";

    private const string SettingsSql = """
        select set_config('synchronous_commit', 'on', true), set_config('lock_timeout', '2s', true),
            set_config('cpis.council', $1, true)
        """;

    private readonly AuditLogOptions options;
    private readonly Lane lane;
    private readonly string? council;
    private readonly TimeProvider clock;
    private bool begun;

    /// <summary>Something was asked before the work, whose own first batch must look like the first.</summary>
    private bool askedBefore;

    internal WriteTransaction(AuditLogOptions options, Lane lane, string? council, TimeProvider clock)
    {
        this.options = options;
        this.lane = lane;
        this.council = council;
        this.clock = clock;
    }

    internal bool Committed { get; private set; }

    /// <summary>True once the commit was sent: what follows may no longer be run again.</summary>
    internal bool Sent { get; private set; }

    /// <summary>The first opens the transaction; <see cref="LeadingResults"/> precede the caller's results.</summary>
    public NpgsqlBatch CreateBatch()
    {
        RefuseWhenSent();
        var batch = new NpgsqlBatch(lane.Connection);
        if (!begun)
        {
            begun = true;
            batch.BatchCommands.Add(new NpgsqlBatchCommand(BeginSql));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(SettingsSql)
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = council ?? "" } },
            });
        }
        else if (askedBefore)
        {
            askedBefore = false;
            batch.BatchCommands.Add(new NpgsqlBatchCommand(NothingSql));
        }

        return batch;
    }

    /// <summary>
    /// Opens the transaction with a question of its own, before the work that was written as if it opened it: that
    /// still finds <see cref="LeadingResults"/> before its own.
    /// </summary>
    public async Task<T> AskFirstAsync<T>(
        IReadOnlyList<NpgsqlBatchCommand> commands, Func<NpgsqlDataReader, Task<T>> read)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(read);
        await using var batch = CreateBatch();
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        for (var i = 0; i < LeadingResults; i++)
        {
            await reader.NextResultAsync(CancellationToken.None);
        }

        askedBefore = true;
        return await read(reader);
    }

    /// <summary>
    /// Writes the entries, then <paramref name="also"/>, then commits. Takes no token. When the connection breaks on
    /// the way, it finds out what happened before it answers.
    /// </summary>
    public Task CommitAsync(IReadOnlyList<AuditEntry> entries, params NpgsqlBatchCommand[] also)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentOutOfRangeException.ThrowIfZero(entries.Count, nameof(entries));
        return CommitAsync([.. entries.Select(entry => new[] { StoredEntry.Of(entry, options.Instance) })], also);
    }

    /// <summary>The same for entries that are ready; those of one disclosure stand together.</summary>
    internal async Task CommitAsync(StoredEntry[][] groups, params NpgsqlBatchCommand[] also)
    {
        await using var batch = CreateBatch();
        var placed = lane.Place(groups, clock.GetUtcNow());
        lane.Add(batch, placed);
        foreach (var command in also)
        {
            batch.BatchCommands.Add(command);
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand(CommitSql));
        Sent = true;
        try
        {
            await lane.CommitAsync(batch, placed);
            Committed = true;
        }
        catch (Exception cause) when (!Failure.IsCertain(cause))
        {
            await FindOutAsync(placed, cause);
        }
    }

    /// <summary>Undoes everything; a lane that cannot is lost, and the database undoes it.</summary>
    internal async Task RollbackAsync()
    {
        if (!begun || Committed || lane.Lost)
        {
            return;
        }

        try
        {
            await using var command = new NpgsqlCommand(RollbackSql, lane.Connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception cause) when (cause is NpgsqlException or InvalidOperationException or IOException)
        {
            Lose(cause);
        }
    }

    internal void Lose(Exception cause)
    {
        lane.Lose();
        options.Alarm?.Invoke("Lane " + lane.Number + " lost: " + Failure.Name(cause));
    }

    private async Task FindOutAsync(PlacedBatch placed, Exception cause)
    {
        Lose(cause);
        if (cause is LedgerUnavailable)
        {
            throw new LedgerUnavailable(cause.Message, cause);
        }

        Committed = await AmbiguousCommit.FindOutAsync(options, lane, placed);
        if (!Committed)
        {
            throw new LedgerUnavailable("The change was not made.", cause);
        }
    }

    private void RefuseWhenSent()
    {
        if (Sent)
        {
            throw new InvalidOperationException("A write transaction commits once.");
        }
    }
}
