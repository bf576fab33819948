namespace CpIs.Audit;

/// <summary>
/// The record could not be made, so nothing may be disclosed: the caller answers 503 and asks to be tried again.
/// The entry may still have been written; an entry without a disclosure is allowed, the reverse never.
/// </summary>
public sealed class LedgerUnavailable : Exception
{
    public LedgerUnavailable(string reason)
        : base(reason)
    {
    }

    public LedgerUnavailable(string reason, Exception cause)
        : base(reason, cause)
    {
    }
}
