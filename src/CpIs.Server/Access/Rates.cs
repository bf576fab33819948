using System.Collections.Concurrent;

namespace CpIs.Server.Access;

/// <summary>
/// How often one client may ask, so that a loop in one EPR does not take the look-ups of all others with it. A client
/// may save up a few seconds' worth for a rush. The generic cell rate algorithm: of each client one moment is kept.
/// </summary>
internal sealed class Rates(ServerOptions options, TimeProvider clock)
{
    /// <summary>Seconds' worth of requests that may come at once.</summary>
    private const int BurstSeconds = 5;

    /// <summary>Clients remembered; when there are more all begin anew.</summary>
    private const int ClientsMax = 10_000;

    private readonly ConcurrentDictionary<(string Issuer, string Client), Turn> turns = new();
    private readonly TimeSpan apart = options.Wire.RequestsPerSecond == 0
        ? TimeSpan.Zero : TimeSpan.FromTicks(TimeSpan.TicksPerSecond / options.Wire.RequestsPerSecond);

    /// <summary>Counts a request; how long its client must wait before the next is served, zero when it need
    /// not.</summary>
    public TimeSpan Count(Caller caller)
    {
        if (apart == TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }

        if (turns.Count >= ClientsMax)
        {
            turns.Clear();
        }

        return turns.GetOrAdd((caller.Issuer, caller.ClientId), _ => new Turn())
            .Take(clock.GetUtcNow(), apart, TimeSpan.FromSeconds(BurstSeconds));
    }

    /// <summary>When the next request of a client would come, had they come evenly.</summary>
    private sealed class Turn
    {
        private readonly Lock changing = new();
        private DateTimeOffset next = DateTimeOffset.MinValue;

        public TimeSpan Take(DateTimeOffset now, TimeSpan apart, TimeSpan burst)
        {
            lock (changing)
            {
                // A clock that was set back must not shut a client out for longer than its rush lasts.
                var due = next < now ? now : next > now + burst + apart ? now + burst : next;
                if (due + apart - now > burst)
                {
                    return due + apart - now - burst;
                }

                next = due + apart;
                return TimeSpan.Zero;
            }
        }
    }
}
