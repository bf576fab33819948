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
    public LookUp<SummaryQuestion, SummaryFound> LookUp { get; }

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
        var lines = AccessHistory.Lines(accesses.Of.SelectMany(a => a)
            .Where(a => plans.Exists(p => p.Number == a.NhsNumber && Within(p, a))), null, accesses.Withheld.Count > 0);
        return new(lines, [.. lines.DistinctBy(l => l.NhsNumber).Select(l =>
            new Disclosed("AuditEvent", l.EntryId.ToString(), 1, l.NhsNumber, council, true))], lines.Count);
    }

    private static bool Within((string Number, DateOnly From, DateOnly Until) plan, AccessLine access)
    {
        var day = CpIs.Fhir.Visibility.Day(access.Recorded);
        return plan.From <= day && day < plan.Until;
    }

    private void Ask(NpgsqlBatch batch, IReadOnlyList<SummaryQuestion> questions)
    {
        string[] numbers = [.. questions.SelectMany(q => q.Plans.Numbers!).Distinct()];
        PlanStore.AskForAll(batch, [.. questions.Select(q => q.Plans)]);
        batch.BatchCommands.Add(AccessStore.Ask(numbers));
        AttendanceStore.Ask(
            batch, [.. questions.Where(q => !q.Plans.CountOnly).SelectMany(q => q.Plans.Numbers!).Distinct()],
            questions.Min(q => q.Plans.Today).AddDays(-rules.LongestDays));
    }

    private async Task<IReadOnlyList<Sealed<SummaryFound>>> AnswerAsync(
        NpgsqlDataReader reader, IReadOnlyList<SummaryQuestion> questions)
    {
        var found = (await PlanStore.FoundAsync(reader, [.. questions.Select(q => q.Plans)])).Value;
        var accesses = (await AccessStore.ReadAsync(reader)).Value;
        await reader.NextResultAsync();
        var attended = (await AttendanceStore.RowsAsync(reader)).Value.ToLookup(r => r.NhsNumber);
        return [.. questions.Select((question, i) => Seal(question, found[i], accesses, attended))];
    }

    /// <summary>Who has no visible plan has no history and no count: there is nothing to be told of her.</summary>
    private Sealed<SummaryFound> Seal(SummaryQuestion question, PlansFound found,
        Accesses accesses, ILookup<string, AttendanceRow> attended)
    {
        if (found.Page.Total == 0)
        {
            return new(new(found.Page, [], false, null), found.Disclosed, 0);
        }

        // R9: history and count are the person's, under whichever number she was looked up.
        var numbers = question.Plans.Numbers!.Concat(found.Page.Linked.Select(l => l.Number)).Distinct().ToList();
        AccessLine[] lines = [.. numbers.SelectMany(n => accesses.Of[n])];
        var withheld = numbers.Exists(accesses.Withheld.Contains);
        if (question.Plans.CountOnly)
        {
            return new(new(found.Page, lines, withheld, null), found.Disclosed, found.Page.Total);
        }

        var count = Attendance.Count(
            rules, numbers.SelectMany(n => attended[n]), question.Plans.Today, question.Organisation);
        return new(
            new(found.Page, lines, withheld, count),
            [.. found.Disclosed, .. count.Counted.Select(r =>
                new Disclosed("Encounter", r.Id.ToString(), r.Version, r.NhsNumber, null, false))],
            found.Page.Total);
    }
}

/// <summary>What a clinician asks of one person, and for which organisation.</summary>
/// <param name="Plans">The plans asked for; where only their number is, attendances are not told either.</param>
/// <param name="Organisation">ODS code; its rule says when attendances are frequent.</param>
internal sealed record SummaryQuestion(PlanQuestion Plans, string Organisation);

/// <summary>A child's visible plans, every access to them that the history holds, and how often she attended.</summary>
/// <param name="Plans">The plans.</param>
/// <param name="Accesses">The accesses.</param>
/// <param name="Withheld">The child is protected: no organisation that looked is told.</param>
/// <param name="Count">The attendances.</param>
internal sealed record SummaryFound(
    PlanPage Plans, IReadOnlyList<AccessLine> Accesses, bool Withheld, AttendanceCount? Count)
{
    /// <summary>The lines a clinician sees, the present look among them when it entered the history.</summary>
    public IReadOnlyList<AccessLine> Lines(AuditEntry entry, string number, Recorded recorded) =>
        Plans.Total == 0 ? []
        : AccessHistory.Lines(Accesses, entry.Unscheduled == true ? AccessLine.Of(entry, number, recorded) : null,
            Withheld);
}
