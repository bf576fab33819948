using CpIs.Audit;
using CpIs.Server.AuditTrail;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Summary;

/// <summary>
/// Everything a clinician may see of one child, and the council's view of the same history. The clinician's questions
/// go with the ledger's lane: one round trip for all who wait.
/// </summary>
internal sealed class SummaryStore(NpgsqlDataSource database)
{
    public static readonly LookUp<PlanQuestion, SummaryFound> LookUp = new(Ask, AnswerAsync);

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string OwnPlans = """
        select nhs_number, visible_from, visible_until from cpis.plan
        where council = $1 and nhs_number = any($2) and not deleted and removed is null
        """;

    /// <summary>
    /// What a council may know: accesses on days on which its own plan was visible. Others tell of another's (R7, R16).
    /// </summary>
    public async Task<Sealed<IReadOnlyList<AccessLine>>> OfCouncilAsync(
        string council, IReadOnlyList<string> numbers, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsCouncil) { Parameters = { new() { Value = council } } });
        batch.BatchCommands.Add(new(OwnPlans)
        {
            Parameters = { new() { Value = council }, new() { Value = numbers.ToArray() } },
        });
        batch.BatchCommands.Add(AccessStore.Ask([.. numbers]));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var plans = new List<(string Number, DateOnly From, DateOnly Until)>();
        while (await reader.ReadAsync(stop))
        {
            plans.Add((reader.GetString(0), reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateOnly>(2)));
        }

        await reader.NextResultAsync(stop);
        var accesses = (await AccessStore.ReadAsync(reader)).Value;
        var lines = AccessHistory.Lines(
            accesses.SelectMany(a => a).Where(a => plans.Exists(p => p.Number == a.NhsNumber && Within(p, a))), null);
        return new(lines, [.. lines.DistinctBy(l => l.NhsNumber).Select(l =>
            new Disclosed("AuditEvent", l.EntryId.ToString(), 1, l.NhsNumber, council, true))], lines.Count);
    }

    private static bool Within((string Number, DateOnly From, DateOnly Until) plan, AccessLine access)
    {
        var day = CpIs.Fhir.Visibility.Day(access.Recorded);
        return plan.From <= day && day < plan.Until;
    }

    /// <summary>R9: a history is the person's, under whichever number it was looked up.</summary>
    private static IEnumerable<string> Numbers(PlanQuestion question, PlansFound plans) =>
        question.Numbers!.Concat(plans.Page.Linked.Select(l => l.Number)).Distinct();

    private static void Ask(NpgsqlBatch batch, IReadOnlyList<PlanQuestion> questions)
    {
        PlanStore.AskForAll(batch, questions);
        batch.BatchCommands.Add(AccessStore.Ask([.. questions.SelectMany(q => q.Numbers!).Distinct()]));
    }

    /// <summary>Who has no visible plan has no history: there is nothing to be told of him.</summary>
    private static async Task<IReadOnlyList<Sealed<SummaryFound>>> AnswerAsync(
        NpgsqlDataReader reader, IReadOnlyList<PlanQuestion> questions)
    {
        var found = (await PlanStore.FoundAsync(reader, questions)).Value;
        var accesses = (await AccessStore.ReadAsync(reader)).Value;
        await reader.NextResultAsync();
        return [.. found.Select((plans, i) => new Sealed<SummaryFound>(
            new(plans.Page, plans.Page.Total == 0 ? []
                : [.. Numbers(questions[i], plans).SelectMany(n => accesses[n])]),
            plans.Disclosed,
            plans.Page.Total))];
    }
}

/// <summary>A child's visible plans, and every access to them that the history holds.</summary>
internal sealed record SummaryFound(PlanPage Plans, IReadOnlyList<AccessLine> Accesses)
{
    /// <summary>The lines a clinician sees, the present look among them when it entered the history.</summary>
    public IReadOnlyList<AccessLine> Lines(AuditEntry entry, string number, Recorded recorded) =>
        Plans.Total == 0 ? []
        : AccessHistory.Lines(Accesses, entry.Unscheduled == true ? AccessLine.Of(entry, number, recorded) : null);
}
