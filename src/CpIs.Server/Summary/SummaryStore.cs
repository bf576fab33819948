using CpIs.Audit;
using CpIs.Server.AuditTrail;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Summary;

/// <summary>
/// Everything a clinician may see of one child, and the council's view of the same history. The clinician's questions
/// go with the ledger's lane: one round trip for all who wait.
/// </summary>
internal sealed class SummaryStore
{
    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    private const string OwnPlans = """
        select nhs_number, visible_from, visible_until from cpis.plan
        where council = $1 and not deleted and removed is null
            and nhs_number = any (array(select l.nhs_number from cpis.linked($2::text[]) l))
        """;

    private readonly NpgsqlDataSource database;
    private readonly AttendanceRules rules;

    public SummaryStore(NpgsqlDataSource database, AttendanceRules rules)
    {
        this.database = database;
        this.rules = rules;
        LookUp = new(Ask, AnswerAsync);
    }

    /// <summary>The clinicians' question, put by the ledger's lane for all who wait.</summary>
    public LookUp<PlanQuestion, SummaryFound> LookUp { get; }

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

    private void Ask(NpgsqlBatch batch, IReadOnlyList<PlanQuestion> questions)
    {
        string[] numbers = [.. questions.SelectMany(q => q.Numbers!).Distinct()];
        PlanStore.AskForAll(batch, questions);
        batch.BatchCommands.Add(AccessStore.Ask(numbers));
        AttendanceStore.Ask(batch, numbers, questions.Min(q => q.Today).AddDays(-rules.LongestDays));
    }

    private static async Task<IReadOnlyList<Sealed<SummaryFound>>> AnswerAsync(
        NpgsqlDataReader reader, IReadOnlyList<PlanQuestion> questions)
    {
        var found = (await PlanStore.FoundAsync(reader, questions)).Value;
        var accesses = (await AccessStore.ReadAsync(reader)).Value;
        await reader.NextResultAsync();
        var attended = (await AttendanceStore.RowsAsync(reader)).ToLookup(r => r.NhsNumber);
        return [.. found.Select((plans, i) => Seal(plans, [.. Numbers(questions[i], plans)], accesses, attended))];
    }

    /// <summary>Who has no visible plan has no history and no count: there is nothing to be told of her.</summary>
    private static Sealed<SummaryFound> Seal(PlansFound plans, IReadOnlyList<string> numbers,
        ILookup<string, AccessLine> accesses, ILookup<string, AttendanceRow> attended)
    {
        var held = plans.Page.Total > 0;
        return new(
            new(plans.Page, held ? [.. numbers.SelectMany(n => accesses[n])] : [],
                held ? [.. numbers.SelectMany(n => attended[n])] : []),
            plans.Disclosed,
            plans.Page.Total);
    }
}

/// <summary>A child's visible plans, every access to them that the history holds, and what was reported.</summary>
internal sealed record SummaryFound(
    PlanPage Plans, IReadOnlyList<AccessLine> Accesses, IReadOnlyList<AttendanceRow> Attended)
{
    /// <summary>The lines a clinician sees, the present look among them when it entered the history.</summary>
    public IReadOnlyList<AccessLine> Lines(AuditEntry entry, string number, Recorded recorded) =>
        Plans.Total == 0 ? []
        : AccessHistory.Lines(Accesses, entry.Unscheduled == true ? AccessLine.Of(entry, number, recorded) : null);
}
