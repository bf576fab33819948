using Npgsql;

namespace CpIs.Audit;

/// <summary>Puts the questions of everybody in a batch to the database in one round trip on the lane.</summary>
internal sealed class LookUps(AuditLogOptions options)
{
    private readonly Dictionary<LookUp, List<Waiting>> questions = [];

    /// <summary>Afterwards each caller has its entries or has failed. An uncertain failure is thrown.</summary>
    internal async Task AnswerAsync(Lane lane, IReadOnlyList<Waiting> batch)
    {
        questions.Clear();
        foreach (var waiting in batch)
        {
            if (waiting.Question is { } question)
            {
                (questions.TryGetValue(question, out var known) ? known : questions[question] = []).Add(waiting);
            }
        }

        if (questions.Count == 0)
        {
            return;
        }

        try
        {
            await AskAsync(lane, questions);
        }
        catch (PostgresException refused) when (Failure.IsCertain(refused))
        {
            await AskSinglyAsync(lane);
        }

        RefuseTooLarge(batch);
    }

    /// <summary>One bad key must fail alone.</summary>
    private async Task AskSinglyAsync(Lane lane)
    {
        foreach (var (question, askers) in questions)
        {
            foreach (var asker in askers)
            {
                try
                {
                    await AskAsync(lane, new Dictionary<LookUp, List<Waiting>> { [question] = [asker] });
                }
                catch (PostgresException refused) when (Failure.IsCertain(refused))
                {
                    asker.Fail(new LedgerUnavailable("The look-up could not be answered.", refused));
                }
            }
        }
    }

    private async Task AskAsync(Lane lane, Dictionary<LookUp, List<Waiting>> asked)
    {
        await using var batch = new NpgsqlBatch(lane.Connection);
        foreach (var (question, askers) in asked)
        {
            question.Ask(batch, askers);
        }

        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        foreach (var (question, askers) in asked)
        {
            await question.ReadAsync(reader, askers, options.Instance);
        }
    }

    private void RefuseTooLarge(IReadOnlyList<Waiting> batch)
    {
        foreach (var waiting in batch)
        {
            if (waiting.Entries.Length > options.BatchEntriesMax)
            {
                waiting.Fail(new LedgerUnavailable("One disclosure is larger than one commit may be."));
            }
        }
    }
}
