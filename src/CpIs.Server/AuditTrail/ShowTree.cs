using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.RateLimiting;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// What an outsider needs to hold the ledger to its signed roots: public keys, consistency proofs and tiles. Hashes
/// only, so anybody may have them; nothing is shown beyond the newest signed size.
/// </summary>
internal sealed partial class ShowTree(LogStore log, AuditLog ledger, NpgsqlDataSource database) : IDisposable
{
    /// <summary>Proofs made at one time: strangers must leave the database to look-ups.</summary>
    private const int ProofsAtOnceMax = 2;

    /// <summary>Requests that may wait for their turn; the next is told to come again.</summary>
    private const int ProofsWaitingMax = 64;

    private const string RetrySeconds = "2";

    /// <summary>Levels of tiles that a lane of 2^63 entries has.</summary>
    private const int LevelsMax = 8;

    private const int TileHashes = 256;

    private readonly LedgerProofs proofs = new(database);

    private readonly ConcurrencyLimiter turns = new(new()
    {
        PermitLimit = ProofsAtOnceMax,
        QueueLimit = ProofsWaitingMax,
    });

    public void Dispose() => turns.Dispose();

    /// <summary>A line for each lane and key, https://c2sp.org/signed-note: name+id+key.</summary>
    public async Task KeyAsync(Call call)
    {
        var lanes = (await log.LanesAsync(call.Http.RequestAborted)).Value;
        await LogAnswers.TextAsync(call, string.Concat(ledger.KeysOf(lanes).Select(key => key + "\n")));
    }

    /// <summary>That the lane at one size is the beginning of the lane at another, RFC 6962 §2.1.2.</summary>
    public async Task ConsistencyAsync(Call call)
    {
        var (from, to) = (LogAnswers.Number(call, "from"), LogAnswers.Number(call, "to"));
        if (from < 1 || to < from)
        {
            throw Refused.BadSearch("from and to are sizes of a lane: from at least 1, to at least from.");
        }

        using var turn = await TurnAsync(call);
        var lane = LogAnswers.Lane(call);
        var hashes = to > await SignedSizeAsync(call, lane)
            ? null : await proofs.ConsistencyAsync(lane, from, to, call.Http.RequestAborted);
        await LogAnswers.JsonAsync(
            call, new { lane, from, to, hashes = hashes ?? throw Unsigned() }, isFinal: true);
    }

    /// <summary>A tile of 256 hashes, or its first few, https://c2sp.org/tlog-tiles.</summary>
    public async Task TileAsync(Call call)
    {
        var level = (string)call.Http.Request.RouteValues["level"]!;
        if (Tile((string?)call.Http.Request.RouteValues["index"] ?? "") is not var (index, width)
            || level.Length != 1 || level[0] - '0' is not (>= 0 and < LevelsMax and var height))
        {
            throw Refused.NotFound();
        }

        using var turn = await TurnAsync(call);
        var lane = LogAnswers.Lane(call);
        var hashes = await SignedSizeAsync(call, lane) >> (8 * height);
        var tile = hashes < width || index > (hashes - width) / TileHashes
            ? null : await proofs.TileAsync(lane, height, index, width, call.Http.RequestAborted);
        await LogAnswers.BytesAsync(call, tile ?? throw Unsigned());
    }

    /// <summary>Index and width of <c>x001/x234/067.p/12</c>; null for another spelling than the rule's.</summary>
    internal static (long Index, int Width)? Tile(string path)
    {
        var match = TilePath().Match(path);
        var groups = match.Groups[1].Value;
        if (!match.Success || groups.StartsWith("x000/", StringComparison.Ordinal))
        {
            return null;
        }

        var digits = groups.Replace("/", "", StringComparison.Ordinal).Replace("x", "", StringComparison.Ordinal);
        var index = long.Parse(digits + match.Groups[2].Value, CultureInfo.InvariantCulture);
        return (index, match.Groups[3] is { Success: true } width
            ? int.Parse(width.ValueSpan, CultureInfo.InvariantCulture) : TileHashes);
    }

    private static Refused Unsigned() => new(404, [new("error", "not-found", DetailCode.NotFound,
        "No signed checkpoint of this lane is that large.")]);

    private async Task<long> SignedSizeAsync(Call call, int lane)
    {
        var notes = (await log.NewestAsync(lane, call.Http.RequestAborted)).Value;
        return notes.Count > 0 ? notes[0].Size : throw Unsigned();
    }

    private async Task<RateLimitLease> TurnAsync(Call call)
    {
        var turn = await turns.AcquireAsync(1, call.Http.RequestAborted);
        if (turn.IsAcquired)
        {
            return turn;
        }

        turn.Dispose();
        call.Http.Response.Headers.RetryAfter = RetrySeconds;
        throw new Refused(503, [new("error", "transient", DetailCode.ServiceUnavailable,
            "Too many proofs are asked for at this moment: ask again.")]);
    }

    [GeneratedRegex(@"^((?:x[0-9]{3}/){0,4})([0-9]{3})(?:\.p/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex TilePath();
}
