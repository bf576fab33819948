using System.Collections.Concurrent;

namespace CpIs.Audit;

/// <summary>How far a lane has durably come.</summary>
internal sealed record LaneTip(int Lane, long Size, byte[] Root);

/// <summary>The lanes this process holds, and those it will not touch because they do not give their root.</summary>
internal sealed class LaneRegister
{
    private readonly ConcurrentDictionary<int, Lane> held = new();
    private readonly ConcurrentDictionary<int, bool> parked = new();

    internal int[] Parked => [.. parked.Keys];

    /// <summary>Numbers of the lanes that are held and not lost.</summary>
    internal IReadOnlyList<Lane> Held => [.. held.Values.Where(lane => !lane.Lost)];

    internal void Hold(Lane lane) => held[lane.Number] = lane;

    /// <summary>True when it was not parked before.</summary>
    internal bool Park(int lane) => parked.TryAdd(lane, true);
}
