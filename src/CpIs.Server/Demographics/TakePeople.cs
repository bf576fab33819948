using CpIs.Audit;
using CpIs.Server.Patients;
using Npgsql;

namespace CpIs.Server.Demographics;

/// <summary>
/// Takes rows of the register: people, and the links between their numbers, in one commit with an entry for each
/// person changed. A row that cannot be is refused for itself; the others are kept.
/// </summary>
internal sealed class TakePeople(AuditLog ledger, TimeProvider clock)
{
    /// <summary>Who said so, in the links between numbers.</summary>
    public const string Source = "register";

    /// <summary>Rows of one commit.</summary>
    public const int RowsMax = Supersede.StatesMax;

    /// <summary>Takes the rows on the upload lane, so that nobody who looks up or submits waits for them.</summary>
    /// <param name="rows">What the register says; a later row of a number counts after an earlier one.</param>
    /// <param name="asked">The entry of whoever brought them.</param>
    /// <param name="also">What is put in the same commit, given the answers: how far a job has come.</param>
    /// <returns>An answer for each row, in order.</returns>
    public Task<IReadOnlyList<RegisterAnswer>> TakeAsync(
        IReadOnlyList<RegisterRow> rows,
        AuditEntry asked,
        Func<IReadOnlyList<RegisterAnswer>, IReadOnlyList<NpgsqlBatchCommand>>? also = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Count, RowsMax, nameof(rows));
        return ledger.UploadAsync(null, async write =>
        {
            var decided = await Supersede.DecideAsync(
                write, [.. rows.Select(r => new NumberState(r.Number, r.SupersededBy, r.Invalid))]);
            var stood = (await PersonStore.HeldAsync(write, [.. rows.Select(r => r.Number.Digits()).Distinct()])).Value;
            var (answers, people) = Decide(rows, decided.Answers, stood);
            var now = clock.GetUtcNow();
            NpgsqlBatchCommand[] more = [.. also?.Invoke(answers) ?? []];
            AuditEntry[] entries =
            [
                .. decided.Entries(asked),
                .. people.Select(p => Entry(asked, p, stood[p.Number.Digits()].Version == 0)),
                .. Progress(asked, rows, more),
            ];
            if (entries.Length > 0)
            {
                NpgsqlBatchCommand[] puts = people.Count == 0 ? [] : PersonStore.Put(people, now);
                await write.CommitAsync(
                    entries, [.. SupersessionStore.Put(decided.Succession, Source, now), .. puts, .. more]);
            }

            return answers;
        });
    }

    private static (IReadOnlyList<RegisterAnswer> Answers, IReadOnlyList<RegisteredPerson> People) Decide(
        IReadOnlyList<RegisterRow> rows,
        IReadOnlyList<NumberAnswer> links,
        IReadOnlyDictionary<string, RegisteredPerson> stood)
    {
        var now = new Dictionary<string, RegisteredPerson>(stood, StringComparer.Ordinal);
        var answers = new List<RegisterAnswer>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var number = rows[i].Number.Digits();
            if (links[i].Refused is { } why)
            {
                answers.Add(new(RegisterOutcome.Refused, why));
                continue;
            }

            var after = rows[i].After(now[number]);
            now[number] = after ?? now[number];
            answers.Add(new(
                after is null && !links[i].Changed ? RegisterOutcome.Unchanged
                : after?.Version == 1 ? RegisterOutcome.Inserted : RegisterOutcome.Changed));
        }

        return (answers, [.. now.Values.Where(p => !ReferenceEquals(p, stood[p.Number.Digits()]))]);
    }

    private static AuditEntry Entry(AuditEntry asked, RegisteredPerson person, bool isNew) => asked with
    {
        Interaction = isNew ? "create" : "update",
        Action = isNew ? 'C' : 'U',
        Reason = "person put in the register",
        NhsNumber = person.Number.Digits(),
        ResourceType = "Patient",
        ResourceId = person.Number.Digits(),
        Query = null,
    };

    /// <summary>A batch of a job leaves its line even when every row stood so already or was refused.</summary>
    private static AuditEntry[] Progress(
        AuditEntry asked, IReadOnlyList<RegisterRow> rows, NpgsqlBatchCommand[] more) =>
        more.Length == 0 ? [] : [asked with { Found = rows.Count, Query = null }];
}

/// <summary>What became of a row of the register.</summary>
internal enum RegisterOutcome
{
    /// <summary>A person nobody knew here.</summary>
    Inserted,

    /// <summary>Something about the person, or a link of the number.</summary>
    Changed,

    /// <summary>All stood so already.</summary>
    Unchanged,

    /// <summary>It cannot be; nothing of it was kept.</summary>
    Refused,
}

/// <summary>The outcome of one row, and why when it was refused.</summary>
internal sealed record RegisterAnswer(RegisterOutcome Outcome, string? Refused = null);
