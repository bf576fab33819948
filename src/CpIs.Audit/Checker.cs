namespace CpIs.Audit;

/// <summary>What happened to a ledger that no longer gives its roots.</summary>
public enum LedgerFault
{
    /// <summary>A field of an entry is another than was recorded, or the past was written anew.</summary>
    Changed,

    /// <summary>An entry is gone.</summary>
    Removed,

    /// <summary>An entry stands there that was never recorded.</summary>
    Inserted,

    /// <summary>An entry stands in another's place.</summary>
    Reordered,

    /// <summary>The lane is shorter than a checkpoint that was signed.</summary>
    TailCut,
}

/// <summary>What a checker found in one lane: that it is whole up to its size, or where it first is not.</summary>
public sealed record LaneVerdict(int Lane, long Size, long? FirstBad, LedgerFault? Fault)
{
    public bool IsWhole => Fault is null;

    /// <summary>How many of its entries were read from an archive, since the database no longer holds them.</summary>
    public long Archived { get; init; }

    /// <summary>As the command line prints it.</summary>
    public override string ToString() => Fault is null
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"lane {Lane} size {Size} ok") + InArchive
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"lane {Lane} position {FirstBad} {Word}");

    private string InArchive => Archived == 0 ? ""
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $", {Archived} of them archived");

    private string Word => Fault switch
    {
        LedgerFault.TailCut => "tail-cut",
        LedgerFault.Removed => "removed",
        LedgerFault.Inserted => "inserted",
        LedgerFault.Reordered => "reordered",
        _ => "changed",
    };
}

/// <summary>
/// Recomputes a ledger from its entries and compares it with everything that was recorded or signed about it: leaf
/// hashes, roots, the order of batches, checkpoints in the database and checkpoints kept outside. It reads each lane
/// once, in order, and keeps nothing but the tree's edge.
/// </summary>
/// <param name="feed">Where the ledger comes from.</param>
/// <param name="keys">Keys a checkpoint may be signed with, past and present; none: no signature is asked for.</param>
public sealed class Checker(ILedgerFeed feed, IReadOnlyList<CheckpointVerifier> keys)
{
    /// <summary>Checks every lane.</summary>
    /// <param name="outside">Notes kept outside the database, in any order; a torn or foreign one is skipped.</param>
    /// <param name="stop">Ends the check without a verdict.</param>
    public async IAsyncEnumerable<LaneVerdict> CheckAsync(
        IAsyncEnumerable<string> outside,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var marks = await Marks.ReadAsync(outside, keys, stop);
        var totals = await feed.TotalsAsync(stop);
        foreach (var total in totals)
        {
            await using var inside = feed.CheckpointsAsync(total.Lane, total.SignedSize, stop)
                .GetAsyncEnumerator(stop);
            using var beyond = marks.Of(total.Lane).GetEnumerator();
            var signed = new SignedSizes(total.Lane, keys, beyond, inside);
            yield return await new LaneCheck(feed, total, signed).RunAsync(stop);
        }

        foreach (var lane in marks.Lanes.Except(totals.Select(total => total.Lane)).Order())
        {
            yield return new LaneVerdict(lane, 0, 1, LedgerFault.TailCut);
        }
    }
}

/// <summary>Sizes and roots that were signed, by lane: small enough to hold for years of checkpoints.</summary>
internal sealed class Marks
{
    private readonly Dictionary<int, SortedDictionary<long, byte[]>> lanes = [];

    internal IEnumerable<int> Lanes => lanes.Where(lane => lane.Value.Count > 0).Select(lane => lane.Key);

    internal IEnumerable<KeyValuePair<long, byte[]>> Of(int lane) => lanes.GetValueOrDefault(lane, []);

    internal static async Task<Marks> ReadAsync(
        IAsyncEnumerable<string> notes, IReadOnlyList<CheckpointVerifier> keys, CancellationToken stop)
    {
        var marks = new Marks();
        await foreach (var note in notes.WithCancellation(stop))
        {
            if (Open(note, keys) is { Lane: > 0, Size: > 0 } checkpoint)
            {
                marks.Add(checkpoint);
            }
        }

        return marks;
    }

    internal static SignedCheckpoint? Open(string note, IReadOnlyList<CheckpointVerifier> keys) =>
        keys.Count == 0 ? SignedCheckpoint.Read(note) : SignedCheckpoint.Open(note, keys);

    /// <summary>Two different roots signed for one size: the first is kept, so the other history shows.</summary>
    private void Add(SignedCheckpoint checkpoint)
    {
        var lane = lanes.TryGetValue(checkpoint.Lane, out var known) ? known : lanes[checkpoint.Lane] = [];
        lane.TryAdd(checkpoint.Size, checkpoint.Root.ToArray());
    }
}
