using System.Buffers;
using System.Buffers.Binary;
using CpIs.Audit;
using CpIs.Server.Access;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// The ledger in the open: signed checkpoints for everybody, batches and canonical entries for national auditors, as
/// <c>./cpis audit verify</c> asks for them. A page of entries is recorded as one entry.
/// </summary>
internal sealed class ShowLog(LogStore log, AuditLog ledger)
{
    /// <summary>Entries in one page.</summary>
    public const int EntriesPageMax = 10_000;

    /// <summary>Batches in one page; each carries the leaf hashes of its entries.</summary>
    private const int BatchesPageMax = 200;

    /// <summary>Tiles in one page, 8 KiB each.</summary>
    private const int TilesPageMax = 256;

    /// <summary>Levels of tiles that a lane of 2^63 entries has.</summary>
    private const int TileLevelsMax = 8;

    /// <summary>Signed notes in one page.</summary>
    private const int NotesPageMax = 10_000;

    /// <summary>Bytes written ahead of the network.</summary>
    private const int UnflushedBytesMax = 64 * 1024;

    private const int LengthBytes = 4;

    /// <summary>Lanes and the size each was last signed at.</summary>
    public async Task LanesAsync(Call call)
    {
        var notes = (await log.NewestAsync(null, call.Http.RequestAborted)).Value;
        await LogAnswers.JsonAsync(call, new
        {
            lanes = notes.Select(n =>
                new { lane = n.Lane, size = n.Size, checkpoint = $"/audit-log/{n.Lane}/checkpoint" }),
        });
    }

    /// <summary>The newest note of every lane, an empty line between them.</summary>
    public async Task CheckpointsAsync(Call call)
    {
        var notes = (await log.NewestAsync(null, call.Http.RequestAborted)).Value;
        await LogAnswers.TextAsync(call, string.Join('\n', notes.Select(n => n.Text)));
    }

    /// <summary>The newest note of one lane, https://c2sp.org/tlog-checkpoint.</summary>
    public async Task CheckpointAsync(Call call)
    {
        var notes = (await log.NewestAsync(LogAnswers.Lane(call), call.Http.RequestAborted)).Value;
        await LogAnswers.TextAsync(call, notes.Count > 0 ? notes[0].Text : throw Refused.NotFound());
    }

    public async Task TotalsAsync(Call call)
    {
        RequireNational(call);
        await LogAnswers.JsonAsync(call, (await log.TotalsAsync(call.Http.RequestAborted)).Value);
    }

    public async Task BatchesAsync(Call call)
    {
        RequireNational(call);
        var (after, end) = (LogAnswers.Number(call, "after"), LogAnswers.Number(call, "end"));
        await LogAnswers.JsonAsync(call, (await log.BatchesAsync(
            LogAnswers.Lane(call), after, end, BatchesPageMax, call.Http.RequestAborted)).Value);
    }

    /// <summary>Signed notes of a lane by size.</summary>
    public async Task NotesAsync(Call call)
    {
        RequireNational(call);
        var (after, end) = (LogAnswers.Number(call, "after"), LogAnswers.Number(call, "end"));
        await LogAnswers.JsonAsync(call, (await log.NotesAsync(
            LogAnswers.Lane(call), after, end, NotesPageMax, call.Http.RequestAborted)).Value);
    }

    /// <summary>Full tiles of a level from index <c>start</c> on, up to the index before <c>end</c>.</summary>
    public async Task TilesAsync(Call call)
    {
        RequireNational(call);
        var level = LogAnswers.Number(call, "level");
        if (level >= TileLevelsMax)
        {
            throw Refused.BadSearch("A lane has no tiles of this level.");
        }

        var indexes = (LogAnswers.Number(call, "start") - 1, LogAnswers.Number(call, "end"));
        await LogAnswers.JsonAsync(call, (await log.TilesAsync(
            LogAnswers.Lane(call), (int)level, indexes, TilesPageMax, call.Http.RequestAborted)).Value);
    }

    public async Task StrayAsync(Call call)
    {
        RequireNational(call);
        await LogAnswers.JsonAsync(call, (await log.StrayAsync(LogAnswers.Lane(call), call.Http.RequestAborted)).Value);
    }

    /// <summary>Canonical bytes of positions start to end, at most <see cref="EntriesPageMax"/> of them.</summary>
    public async Task EntriesAsync(Call call)
    {
        RequireNational(call);
        var (start, end) = (LogAnswers.Number(call, "start"), LogAnswers.Number(call, "end"));
        if (start < 1 || end < start || end - start >= EntriesPageMax)
        {
            throw Refused.BadSearch($"start and end are positions of a lane, {EntriesPageMax} at the most.");
        }

        await SendAsync(call, log.Entries(
            LogAnswers.Lane(call), start, end, call.Http.RequestAborted));
    }

    /// <summary>Every entry that claims one position.</summary>
    public async Task ClaimsAsync(Call call)
    {
        RequireNational(call);
        await SendAsync(call, log.Claims(
            LogAnswers.Lane(call), LogAnswers.Number(call, "position"), call.Http.RequestAborted));
    }

    /// <summary>A lane holds what callers of every organisation did.</summary>
    private static void RequireNational(Call call)
    {
        if (!call.Caller.National || !call.Caller.Scopes.Allow("AuditEvent", 'r'))
        {
            throw Refused.Denied("The ledger is read by national auditors with the scope AuditEvent.r.");
        }
    }

    /// <summary>Each entry after four bytes of its length, the first the highest.</summary>
    private async Task SendAsync(Call call, Sealed<IAsyncEnumerable<ReadOnlyMemory<byte>>> envelope)
    {
        var entries = await ledger.OpenAsync(
            envelope, call.Entry() with { ResourceType = "AuditEvent" }, oneEntry: true);
        LogAnswers.Start(call, "application/octet-stream");
        if (HttpMethods.IsHead(call.Http.Request.Method))
        {
            return;
        }

        var body = call.Http.Response.BodyWriter;
        await foreach (var entry in entries)
        {
            BinaryPrimitives.WriteInt32BigEndian(body.GetSpan(LengthBytes), entry.Length);
            body.Advance(LengthBytes);
            body.Write(entry.Span);
            if (body.UnflushedBytes > UnflushedBytesMax)
            {
                await body.FlushAsync(call.Http.RequestAborted);
            }
        }

        await body.FlushAsync(call.Http.RequestAborted);
    }
}
