namespace CpIs.Audit;

/// <summary>Waits a random while, so that many lanes do not come back in one breath.</summary>
internal static class Pause
{
    /// <summary>Ends early, without an exception, when told to stop.</summary>
    internal static Task JitterAsync(int msMin, int msMax, CancellationToken stop) =>
        ForAsync(TimeSpan.FromMilliseconds(Random.Shared.Next(msMin, msMax)), TimeProvider.System, stop);

    /// <summary>Ends early, without an exception, when told to stop.</summary>
    internal static Task ForAsync(TimeSpan time, TimeProvider clock, CancellationToken stop) =>
        Task.Delay(time, clock, stop)
            .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
}
