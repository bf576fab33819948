using CpIs.Audit;

namespace CpIs.Server.Patients;

/// <summary>
/// R9: what a register says of NHS numbers becomes links, or the end of links. The plans are not touched: whoever asks
/// follows the links at that moment. Each link and each withdrawal is recorded under both numbers, in the same commit.
/// </summary>
internal sealed class Supersede(AuditLog ledger, TimeProvider clock)
{
    /// <summary>Numbers told in one commit.</summary>
    public const int StatesMax = 500;

    /// <summary>Takes each word of the register, or refuses it for itself; the others are kept.</summary>
    /// <param name="states">What the register says; a later word on a number counts after an earlier one.</param>
    /// <param name="source">Which register it was.</param>
    /// <param name="asked">The entry of whoever brought it, or of the server.</param>
    /// <returns>An answer for each, in order.</returns>
    public Task<IReadOnlyList<NumberAnswer>> TakeAsync(
        IReadOnlyList<NumberState> states, string source, AuditEntry asked)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(states.Count, StatesMax, nameof(states));
        return ledger.WriteAsync(null, async write =>
        {
            var decided = await DecideAsync(write, states);
            if (decided.Entries(asked) is { Count: > 0 } entries)
            {
                await write.CommitAsync(
                    entries, SupersessionStore.Put(decided.Succession, source, clock.GetUtcNow()));
            }

            return decided.Answers;
        });
    }

    /// <summary>The same for a transaction that does more besides; the caller commits entries and commands.</summary>
    public static async Task<NumbersDecided> DecideAsync(WriteTransaction write, IReadOnlyList<NumberState> states)
    {
        string[] numbers = [.. states.Select(s => s.Number.Digits())
            .Concat(states.Where(s => s.SupersededBy is not null).Select(s => s.SupersededBy!.Digits())).Distinct()];
        var succession = new Succession((await SupersessionStore.LockAsync(write, numbers)).Value);
        return new([.. states.Select(succession.Take)], succession);
    }
}

/// <summary>What was decided about a register's words, before it is committed.</summary>
internal sealed record NumbersDecided(IReadOnlyList<NumberAnswer> Answers, Succession Succession)
{
    /// <summary>The record: one entry for each number that a link concerns, so that either finds it.</summary>
    public IReadOnlyList<AuditEntry> Entries(AuditEntry asked) =>
    [
        .. Succession.Ended.SelectMany(f => Of(asked, f,
            f.To is null ? NumberReason.ValidAgain : NumberReason.Withdrawn)),
        .. Succession.Begun.SelectMany(f => Of(asked, f,
            f.To is null ? NumberReason.Invalid : NumberReason.Superseded)),
    ];

    private static IEnumerable<AuditEntry> Of(AuditEntry asked, NumberFact fact, string what)
    {
        string[] numbers = fact.To is null ? [fact.From] : [fact.From, fact.To];
        return numbers.Select(number => asked with
        {
            Interaction = "update",
            Action = 'U',
            Reason = what,
            NhsNumber = number,
            ResourceType = "Patient",
            ResourceId = number,
            Disclosed = [.. numbers.Select(n => "Patient/" + n)],
            Query = null,
        });
    }
}
