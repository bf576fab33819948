using CpIs.Fhir;

namespace CpIs.Server.Organizations;

/// <summary>
/// The organisations and the councils' freshness as every answer needs them, held in memory for a moment: they change a
/// few times a year, and a look-up must not ask for them each time.
/// </summary>
internal sealed class Register(OrganizationStore store, TimeProvider clock) : IDisposable
{
    /// <summary>How old the picture may be.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How late a commit may be seen here after the time it bears, by its own wait or another's clock.
    /// </summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim reading = new(1, 1);
    private volatile Picture? picture;

    /// <summary>The organisation of an ODS code; null when the register does not know it.</summary>
    public async ValueTask<OrganizationRow?> FindAsync(string ods) => (await CouncilsAsync()).Find(ods);

    /// <summary>The picture of now. One caller draws a new one; those who come meanwhile wait for it.</summary>
    public async ValueTask<Councils> CouncilsAsync()
    {
        if (picture is { } held && IsFresh(held))
        {
            return held.Councils;
        }

        await reading.WaitAsync();
        try
        {
            if (picture is { } drawn && IsFresh(drawn))
            {
                return drawn.Councils;
            }

            var at = clock.GetUtcNow();
            var all = await store.AllAsync(CancellationToken.None);
            var sent = await SentAsync(picture);
            var councils = new Councils(all.Value, sent);
            picture = new Picture(councils, sent, at);
            return councils;
        }
        finally
        {
            reading.Release();
        }
    }

    public void Dispose() => reading.Dispose();

    /// <summary>All of the ledger once; then what came since the picture before.</summary>
    private async Task<IReadOnlyDictionary<string, DateTimeOffset>> SentAsync(Picture? before)
    {
        var since = before is null ? DateTimeOffset.UnixEpoch : before.At - Late;
        var sent = before?.Sent.ToDictionary() ?? [];
        foreach (var (council, last) in (await store.ActivityAsync(since, CancellationToken.None)).Value)
        {
            sent[council] = sent.TryGetValue(council, out var known) && known > last ? known : last;
        }

        return sent;
    }

    private bool IsFresh(Picture held)
    {
        var now = clock.GetUtcNow();
        return now - held.At < FreshFor && now >= held.At;
    }

    private sealed record Picture(
        Councils Councils, IReadOnlyDictionary<string, DateTimeOffset> Sent, DateTimeOffset At);

    /// <summary>Forgets the picture, after a change made here.</summary>
    public void Forget() => picture = null;
}

/// <summary>All organisations at one moment, and what the councils among them have sent.</summary>
internal sealed class Councils(IReadOnlyList<OrganizationRow> all, IReadOnlyDictionary<string, DateTimeOffset> last)
{
    /// <summary>A council that sent nothing for so long is named on an empty answer.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromDays(3);

    private readonly Dictionary<string, OrganizationRow> byOds = all.ToDictionary(o => o.Ods);

    public IReadOnlyList<OrganizationRow> All { get; } = all;

    /// <summary>Names of all councils.</summary>
    public IReadOnlyDictionary<string, string> AllNames { get; } =
        all.Where(o => o.Kind == "council").ToDictionary(o => o.Ods, o => o.Name);

    /// <summary>Names of the councils whose plans health may see.</summary>
    public IReadOnlyDictionary<string, string> LiveNames { get; } =
        all.Where(o => o is { Kind: "council", Live: true, Active: true }).ToDictionary(o => o.Ods, o => o.Name);

    public OrganizationRow? Find(string ods) => byOds.GetValueOrDefault(ods);

    public byte[]? Body(string ods) => Find(ods)?.Body;

    /// <summary>When a council last sent anything; null when it never did.</summary>
    public DateTimeOffset? LastSent(string ods) => last.TryGetValue(ods, out var at) ? at : null;

    /// <summary>Coverage as the words of an empty answer give it.</summary>
    public string Coverage(DateTimeOffset now)
    {
        var councils = All.Where(o => o.Kind == "council").ToList();
        var silent = councils.Select(o => (o, why: Why(o, now))).Where(s => s.why is not null)
            .Select(s => s.why!).ToList();
        return Words.Coverage(councils.Count, silent);
    }

    private string? Why(OrganizationRow council, DateTimeOffset now) =>
        !council.Live ? council.Name + " (not yet sending)"
        : last.TryGetValue(council.Ods, out var at) && now - at < Silence ? null
        : council.Name;
}
