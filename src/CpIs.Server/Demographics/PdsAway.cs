namespace CpIs.Server.Demographics;

/// <summary>The national service did not answer the question: it may be asked again, and nothing is known till then.
/// </summary>
/// <param name="what">What happened, without anything about anybody.</param>
/// <param name="retryAfter">How long it asked to be left alone.</param>
/// <param name="final">True when asking again at once would not help.</param>
internal sealed class PdsAway(string what, TimeSpan? retryAfter = null, bool final = false) : Exception(what)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;

    public bool Final { get; } = final;
}
