namespace CpIs.Audit;

/// <summary>
/// What was signed about one lane, inside the database and outside, as one ascending sequence that a pass over the
/// lane meets size by size.
/// </summary>
internal sealed class SignedSizes(
    int lane, IReadOnlyList<CheckpointVerifier> keys, IEnumerator<KeyValuePair<long, byte[]>> outside,
    IAsyncEnumerator<string> inside)
{
    private (long Size, byte[] Root)? outer;
    private (long Size, byte[] Root)? inner;

    /// <summary>The next size about which something was signed; the largest number when nothing is left.</summary>
    internal long Next => Math.Min(outer?.Size ?? long.MaxValue, inner?.Size ?? long.MaxValue);

    /// <summary>The last size at which a signed root agreed: what came before it is beyond doubt.</summary>
    internal long Agreed { get; private set; }

    /// <summary>A checkpoint in the database is malformed, unsigned or out of order.</summary>
    internal bool Forged { get; private set; }

    internal async Task StartAsync()
    {
        MoveOuter();
        await MoveInnerAsync(0);
    }

    /// <summary>Compares the root at <see cref="Next"/> with what was signed, and goes on to the next.</summary>
    internal async Task<bool> AgreeAsync(byte[] root)
    {
        var size = Next;
        if (outer?.Size == size)
        {
            if (!root.AsSpan().SequenceEqual(outer.Value.Root))
            {
                return false;
            }

            MoveOuter();
        }

        if (inner?.Size == size)
        {
            if (!root.AsSpan().SequenceEqual(inner.Value.Root))
            {
                return false;
            }

            await MoveInnerAsync(size);
        }

        Agreed = size;
        return true;
    }

    private void MoveOuter() => outer = outside.MoveNext() ? (outside.Current.Key, outside.Current.Value) : null;

    private async Task MoveInnerAsync(long after)
    {
        inner = null;
        if (Forged || !await inside.MoveNextAsync())
        {
            return;
        }

        if (Marks.Open(inside.Current, keys) is { } note && note.Lane == lane && note.Size > after)
        {
            inner = (note.Size, note.Root.ToArray());
        }
        else
        {
            Forged = true;
        }
    }
}
