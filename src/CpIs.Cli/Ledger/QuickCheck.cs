using CpIs.Audit;

namespace CpIs.Cli.Ledger;

/// <summary>
/// Whether each lane still continues what was seen of it before: a proof of a few hashes for each, no entry, no token.
/// It shows that the past was not written anew, not that the entries give the signed roots.
/// </summary>
internal sealed class QuickCheck(PublicLog log, TextWriter output)
{
    /// <summary>Lanes found, and whether all of them hold.</summary>
    public async Task<(int Lanes, bool Hold)> RunAsync(
        IReadOnlyDictionary<int, string> newest, SeenNotes seen, IReadOnlyList<CheckpointVerifier> keys,
        CancellationToken stop)
    {
        var hold = true;
        foreach (var (lane, note) in newest)
        {
            var before = seen.Newest.GetValueOrDefault(lane);
            var (holds, verdict) = SignedCheckpoint.Open(note, keys) is { } now && now.Lane == lane
                ? await CompareAsync(before, now, stop)
                : (false, "shows a checkpoint that no trusted key signed");
            await SayAsync(lane, verdict);
            hold &= holds;
        }

        foreach (var lane in seen.Newest.Keys.Except(newest.Keys))
        {
            await SayAsync(lane, "position 1 tail-cut");
            hold = false;
        }

        return (newest.Count, hold);
    }

    private async Task<(bool Holds, string Verdict)> CompareAsync(
        SignedCheckpoint? before, SignedCheckpoint now, CancellationToken stop)
    {
        if (before is null)
        {
            return (true, FormattableString.Invariant($"size {now.Size} seen for the first time"));
        }

        if (now.Origin != before.Origin)
        {
            return (false, $"is {now.Origin}, and was {before.Origin}");
        }

        if (now.Size < before.Size)
        {
            return (false, FormattableString.Invariant($"position {now.Size + 1} tail-cut"));
        }

        var proof = now.Size == before.Size ? [] : await log.ConsistencyAsync(now.Lane, before.Size, now.Size, stop);
        return MerkleTree.VerifyConsistency(before.Size, now.Size, proof, before.Root.Span, now.Root.Span)
            ? (true, FormattableString.Invariant($"size {now.Size} continues {before.Size}"))
            : (false, FormattableString.Invariant($"size {now.Size} does not continue {before.Size}"));
    }

    private Task SayAsync(int lane, string verdict) =>
        output.WriteLineAsync(FormattableString.Invariant($"lane {lane} {verdict}"));
}
