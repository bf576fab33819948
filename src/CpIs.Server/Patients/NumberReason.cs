namespace CpIs.Server.Patients;

/// <summary>
/// What became of an NHS number, in the words of the ledger: the councils' notices are made from the entries that bear
/// one of these.
/// </summary>
internal static class NumberReason
{
    public const string Superseded = "superseded number linked";
    public const string Withdrawn = "link of superseded number withdrawn";
    public const string Invalid = "invalid without a successor";
    public const string ValidAgain = "no longer invalid";

    public static readonly string[] All = [Superseded, Withdrawn, Invalid, ValidAgain];
}
