using Npgsql;

namespace CpIs.Audit;

/// <summary>
/// A question that a read lane can put to the database for all who ask it at that moment, in one round trip, just
/// before it makes their entries durable. It saves each look-up a connection and a round trip of its own.
/// </summary>
public abstract class LookUp
{
    private protected LookUp()
    {
    }

    internal abstract void Ask(NpgsqlBatch batch, IReadOnlyList<Waiting> askers);

    internal abstract Task ReadAsync(NpgsqlDataReader reader, IReadOnlyList<Waiting> askers, string instance);
}

/// <summary>
/// One kind of look-up. Make it once and keep it: look-ups are put together by this very object.
/// </summary>
/// <param name="ask">
/// Adds its commands for all keys to the batch. The batch is one implicit transaction that other questions share, so
/// a setting it makes must be local and must not widen what another may see.
/// </param>
/// <param name="read">
/// Reads the answers, as many and in the same order as the keys. It finds the reader at its first result set and
/// leaves it after its last, having called <c>NextResultAsync</c> once for each set it added.
/// </param>
public sealed class LookUp<TKey, T>(
    Action<NpgsqlBatch, IReadOnlyList<TKey>> ask,
    Func<NpgsqlDataReader, IReadOnlyList<TKey>, Task<IReadOnlyList<Sealed<T>>>> read) : LookUp
{
    internal override void Ask(NpgsqlBatch batch, IReadOnlyList<Waiting> askers) => ask(batch, Keys(askers));

    internal override async Task ReadAsync(
        NpgsqlDataReader reader, IReadOnlyList<Waiting> askers, string instance)
    {
        var answers = await read(reader, Keys(askers));
        if (answers.Count != askers.Count)
        {
            throw new InvalidOperationException("A look-up must answer every key.");
        }

        for (var i = 0; i < answers.Count; i++)
        {
            ((Asking)askers[i]).Answer(answers[i], instance);
        }
    }

    private static TKey[] Keys(IReadOnlyList<Waiting> askers)
    {
        var keys = new TKey[askers.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = ((Asking)askers[i]).Key;
        }

        return keys;
    }

    /// <summary>One caller with a key: it gets an answer, still sealed, then its entries, then it may go.</summary>
    internal sealed class Asking(LookUp<TKey, T> question, TKey key, AuditEntry entry, bool oneEntry) : Waiting([])
    {
        private Sealed<T>? answer;

        internal TKey Key { get; } = key;

        internal override LookUp Question => question;

        /// <summary>Reached only when the entries are durable.</summary>
        internal T Content => answer!.Content;

        internal void Answer(Sealed<T> found, string instance)
        {
            answer = found;
            Entries = Disclosures.Of(found.Disclosed, found.Found, entry, oneEntry, instance);
        }
    }
}
