namespace CpIs.Audit;

/// <summary>
/// An answer in its envelope. A store makes it; only <see cref="AuditLog"/> can open it, after the record of the
/// disclosure is durable. Forgetting to audit therefore does not compile. It guards against forgetting, not malice.
/// </summary>
public sealed class Sealed<T>
{
    public Sealed(T content, IReadOnlyList<Disclosed> disclosed, int found)
    {
        Content = content;
        Disclosed = disclosed;
        Found = found;
    }

    /// <summary>What the content would show; empty when nothing was found, which is recorded all the same.</summary>
    public IReadOnlyList<Disclosed> Disclosed { get; }

    /// <summary>Number of matches the caller would learn of.</summary>
    public int Found { get; }

    internal T Content { get; }
}
