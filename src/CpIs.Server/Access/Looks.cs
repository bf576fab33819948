using System.Globalization;

namespace CpIs.Server.Access;

/// <summary>
/// The people one person looked at, each with the time of the last look. No more are kept than say that there are too
/// many, the newest of them.
/// </summary>
internal sealed class Looks(BrowsingOptions options, TimeProvider clock)
{
    private readonly Lock changing = new();
    private readonly Dictionary<long, DateTimeOffset> seen = [];
    private bool stirred;
    private DateTimeOffset stirredAt = clock.GetUtcNow();

    /// <summary>Up to when the ledger was read; touched by the worker alone.</summary>
    public DateTimeOffset ReadUpTo { get; set; } = DateTimeOffset.MinValue;

    /// <summary>When auditors were told, or found to have been; touched by the worker alone.</summary>
    public DateTimeOffset ToldAt { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Nothing is left of them in the window.</summary>
    public bool AreOver
    {
        get
        {
            lock (changing)
            {
                return clock.GetUtcNow() - stirredAt > options.Window;
            }
        }
    }

    public void Stir()
    {
        lock (changing)
        {
            (stirred, stirredAt) = (true, clock.GetUtcNow());
        }
    }

    /// <summary>Whether there was a stir since this was asked last.</summary>
    public bool Rest()
    {
        lock (changing)
        {
            return (stirred, stirred = false).Item1;
        }
    }

    public void Add(string number, DateTimeOffset at)
    {
        lock (changing)
        {
            var key = Key(number);
            if (!seen.TryGetValue(key, out var before) || before < at)
            {
                seen[key] = at;
            }

            if (seen.Count > options.PatientsMax + 1)
            {
                seen.Remove(seen.MinBy(one => one.Value).Key);
            }
        }
    }

    /// <summary>Whether a look at this person is one beyond the threshold; null: at whom is not known yet.</summary>
    public bool IsBeyond(string? number)
    {
        lock (changing)
        {
            // Nearly always far from it: then nothing needs to be forgotten to know.
            if (seen.Count < options.PatientsMax)
            {
                return false;
            }

            Forget();
            var more = number is not null && !seen.ContainsKey(Key(number)) ? 1 : 0;
            return seen.Count + more > options.PatientsMax;
        }
    }

    /// <summary>How long until the oldest look leaves the window; zero when it need not.</summary>
    public TimeSpan Wait()
    {
        lock (changing)
        {
            Forget();
            return seen.Count <= options.PatientsMax ? TimeSpan.Zero
                : seen.Values.Min() + options.Window - clock.GetUtcNow();
        }
    }

    /// <summary>Ten digits; whatever else an entry might name counts as one.</summary>
    private static long Key(string number) =>
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? key : 0;

    private void Forget()
    {
        var since = clock.GetUtcNow() - options.Window;
        foreach (var (number, at) in seen)
        {
            if (at <= since)
            {
                seen.Remove(number);
            }
        }
    }
}
