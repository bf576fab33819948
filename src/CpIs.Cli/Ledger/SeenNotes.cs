using CpIs.Audit;

namespace CpIs.Cli.Ledger;

/// <summary>
/// Checkpoints that were seen before, in a file of the auditor's own: what the ledger may never take back.
/// </summary>
internal sealed class SeenNotes(string? file)
{
    private readonly List<string> notes = [];
    private readonly SortedDictionary<int, SignedCheckpoint> newest = [];

    public IReadOnlyList<string> Notes => notes;

    /// <summary>The largest seen checkpoint of each lane.</summary>
    public IReadOnlyDictionary<int, SignedCheckpoint> Newest => newest;

    /// <exception cref="IOException">When it holds a checkpoint that none of the keys signed.</exception>
    public async Task ReadAsync(IReadOnlyList<CheckpointVerifier> keys, CancellationToken stop)
    {
        if (file is null)
        {
            return;
        }

        await foreach (var note in new CheckpointFile(file).ReadAsync(stop))
        {
            if (SignedCheckpoint.Open(note, keys) is { } seen)
            {
                if (!newest.TryGetValue(seen.Lane, out var larger) || larger.Size < seen.Size)
                {
                    newest[seen.Lane] = seen;
                }
            }
            else if (keys.Count > 0 && SignedCheckpoint.IsSignedBySomebody(note))
            {
                var origin = note.Split('\n')[0];
                throw new IOException($"{file} holds a checkpoint of {origin} that no trusted key signed.");
            }

            notes.Add(note);
        }
    }

    /// <summary>Adds what was found to hold, so that the next check asks for it.</summary>
    public async Task KeepAsync(IEnumerable<string> found, CancellationToken stop)
    {
        List<string> news = [.. found.Except(notes)];
        if (file is not null && news.Count > 0)
        {
            await new CheckpointFile(file).AppendAsync(news, stop);
        }
    }
}
