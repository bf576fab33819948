namespace CpIs.Audit;

/// <summary>
/// Signs what the lanes have come to, every second for those that grew, and every ten seconds for lanes a dead process
/// left unsigned. It never signs a size smaller than, or a tree that does not begin with, what was signed before.
/// </summary>
internal sealed class CheckpointSigner(
    AuditLogOptions options, CheckpointKeys keys, LaneRegister lanes, CheckpointStore store, TimeProvider clock)
{
    private const int EveryMs = 1000;
    private const int OrphansEveryMs = 10_000;

    private readonly Dictionary<int, SignedCheckpoint> signed = [];
    private readonly Dictionary<int, Lane> known = [];
    private readonly CheckpointFile? file = options.CheckpointFile is { } path ? new CheckpointFile(path) : null;

    private bool loaded;
    private string? told;

    /// <summary>Runs until stopped, then signs once more.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        var orphansDue = clock.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await TryAsync(SignHeldAsync);
            if (clock.GetElapsedTime(orphansDue).TotalMilliseconds >= OrphansEveryMs)
            {
                await TryAsync(SignOrphansAsync);
                orphansDue = clock.GetTimestamp();
            }

            await Pause.ForAsync(TimeSpan.FromMilliseconds(EveryMs), clock, stop);
        }

        await TryAsync(SignHeldAsync);
    }

    internal Task SignHeldAsync() => SignAsync([.. lanes.Held]);

    /// <summary>Takes each lane that has unsigned entries and no holder, checks it, signs it and lets it go.</summary>
    internal async Task SignOrphansAsync()
    {
        foreach (var number in await store.OrphansAsync([.. lanes.Held.Select(lane => lane.Number), .. lanes.Parked]))
        {
            try
            {
                await using var lane = await LaneLease.TryOpenAsync(options, number, CancellationToken.None);
                if (lane is not null)
                {
                    await SignAsync([lane]);
                }
            }
            catch (LaneCorrupt corrupt) when (lanes.Park(number))
            {
                options.Alarm?.Invoke("Lane parked: " + corrupt.Message);
            }
        }
    }

    private async Task SignAsync(IReadOnlyList<Lane> held)
    {
        await LoadAsync();
        var due = new List<SignedCheckpoint>();
        foreach (var lane in held)
        {
            var tip = lane.Tip;
            if (tip.Size > Size(tip.Lane) || (tip.Size < Size(tip.Lane) && !lane.Lost))
            {
                if (await MayFollowAsync(lane, tip))
                {
                    var origin = SignedCheckpoint.OriginOf(options.Deployment, tip.Lane);
                    due.Add(new SignedCheckpoint(origin, tip.Size, tip.Root));
                }
            }
        }

        if (due.Count == 0)
        {
            return;
        }

        var notes = due.ToDictionary(checkpoint => checkpoint, checkpoint => checkpoint.Sign(keys.Present));
        await store.SaveAsync(notes);
        await PublishAsync(notes.Values);
        due.ForEach(checkpoint => signed[checkpoint.Lane] = checkpoint);
    }

    /// <summary>
    /// While one holder goes on, its edge only grows. A holder met for the first time must prove that it begins with
    /// what was signed before; one that cannot stands on a ledger that was cut or rewritten.
    /// </summary>
    private async Task<bool> MayFollowAsync(Lane lane, LaneTip tip)
    {
        if (known.GetValueOrDefault(tip.Lane) == lane)
        {
            return true;
        }

        await foreach (var note in store.NewestAsync())
        {
            Remember(note);
            if (IsStrange(note, tip.Lane))
            {
                options.Alarm?.Invoke(
                    $"A key unknown here signed lane {tip.Lane} before: that it continues is unproven.");
            }
        }

        if (!signed.TryGetValue(tip.Lane, out var before))
        {
            known[tip.Lane] = lane;
            return true;
        }

        if (tip.Size >= before.Size)
        {
            var proof = await store.ConsistencyAsync(tip.Lane, before.Size, tip.Size);
            if (proof is not null
                && MerkleTree.VerifyConsistency(before.Size, tip.Size, proof, before.Root.Span, tip.Root))
            {
                known[tip.Lane] = lane;
                return true;
            }
        }

        lanes.Park(tip.Lane);
        lane.Lose();
        options.Alarm?.Invoke("Lane " + tip.Lane + " does not continue its signed checkpoint; it is parked, unsigned.");
        return false;
    }

    private long Size(int lane) => signed.TryGetValue(lane, out var before) ? before.Size : 0;

    /// <summary>What was signed last, by anybody, as the database and the file outside it know it.</summary>
    private async Task LoadAsync()
    {
        if (loaded)
        {
            return;
        }

        // The file may hold years of notes: only the newest of each lane is worth a signature check.
        var newest = new Dictionary<string, (long Size, string Note)>();
        await foreach (var note in file?.ReadAsync(CancellationToken.None) ?? AsyncEnumerable.Empty<string>())
        {
            if (SignedCheckpoint.Read(note) is { } read && read.Size >= newest.GetValueOrDefault(read.Origin).Size)
            {
                newest[read.Origin] = (read.Size, note);
            }
        }

        foreach (var (_, note) in newest.Values)
        {
            Remember(note);
        }

        await RepublishAsync();
        loaded = true;
    }

    /// <summary>A crash may have come between the database and the file: what the file missed is added.</summary>
    private async Task RepublishAsync()
    {
        var missed = new List<string>();
        await foreach (var note in store.NewestAsync())
        {
            if (News(note) is not null)
            {
                missed.Add(note);
            }
        }

        await PublishAsync(missed);
        missed.ForEach(Remember);
    }

    private Task PublishAsync(IReadOnlyCollection<string> notes) => file is null || notes.Count == 0
        ? Task.CompletedTask
        : file.AppendAsync(notes, CancellationToken.None);

    private void Remember(string note)
    {
        if (News(note) is { } checkpoint)
        {
            signed[checkpoint.Lane] = checkpoint;
        }
    }

    /// <summary>The checkpoint, when it is ours and says more than was known.</summary>
    private SignedCheckpoint? News(string note) =>
        SignedCheckpoint.Open(note, keys.Verifiers) is { } checkpoint
        && checkpoint.Origin == SignedCheckpoint.OriginOf(options.Deployment, checkpoint.Lane)
        && checkpoint.Size > Size(checkpoint.Lane)
            ? checkpoint
            : null;

    /// <summary>A checkpoint of ours by its name, but by none of our keys.</summary>
    private bool IsStrange(string note, int lane) =>
        SignedCheckpoint.Read(note)?.Origin == SignedCheckpoint.OriginOf(options.Deployment, lane)
        && SignedCheckpoint.Open(note, keys.Verifiers) is null;

    /// <summary>A database or disk that is away now is tried again a second later.</summary>
    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            told = null;
        }
        catch (Exception cause)
        {
            if (told != Failure.Name(cause))
            {
                told = Failure.Name(cause);
                options.Alarm?.Invoke("Checkpoints are not being signed: " + told);
            }
        }
    }
}
