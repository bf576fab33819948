using System.Data;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Patients;
using Npgsql;

namespace CpIs.Server.Plans;

/// <summary>
/// All questions to the plan table, one SQL text each. What an answer would show leaves sealed, also when there is
/// nothing; the ledger opens it.
/// </summary>
internal sealed class PlanStore(NpgsqlDataSource database)
{
    /// <summary>
    /// The clinicians' look-up, put to the database by the ledger's lane for all who wait at that moment: one round
    /// trip for many, just before the one commit that lets them go.
    /// </summary>
    public static readonly LookUp<PlanQuestion, PlanPage> LookUp = new(AskForAll, AnswerAllAsync);

    internal const string Columns = """
        p.council, p.row_id, p.nhs_number, p.kind, p.start_day, p.end_day, p.due_day, p.follows_row_id, p.removed,
        p.birth_date, p.deleted, p.status_until,
        p.episode_id, p.episode_version, p.episode_updated, p.episode_status, p.episode,
        p.flag_id, p.flag_version, p.flag_updated, p.flag_status, p.flag, p.closed,
        p.unconfirmed
        """;

    /// <summary>
    /// The look-up: the people's plans in one probe each, newest start first, under whichever of their numbers (R9); a
    /// row without a plan says that a number has another. Of the two bodies only those that will be shown are read; a
    /// body is most of what a plan weighs.
    /// </summary>
    private const string ByNumber = """
        select p.council, p.row_id, p.nhs_number, p.kind, p.start_day, p.end_day, p.due_day, p.follows_row_id,
            p.removed, p.birth_date, p.deleted, p.status_until,
            p.episode_id, p.episode_version, p.episode_updated, p.episode_status,
            case when $2 then p.episode else ''::bytea end,
            p.flag_id, p.flag_version, p.flag_updated, p.flag_status,
            case when $3 then p.flag else ''::bytea end, p.closed, p.unconfirmed,
            l.asked, l.nhs_number, l.relation, l.steps
        from cpis.linked($1::text[]) l
        left join cpis.plan p on p.nhs_number = l.nhs_number
        where p.council is not null or l.steps > 0
        order by p.start_day desc, p.flag_id
        """;

    private const string ByFlag = "select " + Columns + " from cpis.plan p where p.flag_id = $1";
    private const string ByEpisode = "select " + Columns + " from cpis.plan p where p.episode_id = $1";

    private const string Patients = """
        select council, nhs_number, version, updated, birth_date, family, content_hash, body
        from cpis.patient
        where nhs_number = any (array(select l.nhs_number from cpis.linked($1::text[]) l))
        order by nhs_number, updated desc
        """;

    private const string OldVersion = """
        select version, updated, status, body, deleted from cpis.version
        where resource_type = $1 and resource_id = $2 and version = $3
        """;

    private const string AsCouncil = "select set_config('cpis.council', $1, true)";
    private const string AsHealth = "select set_config('cpis.reads', 'every-council', true)";

    /// <summary>Plans of the people named; the page's resources are disclosed, or the number alone.</summary>
    public async Task<Sealed<PlanPage>> SearchAsync(PlanQuestion question, CancellationToken stop)
    {
        await using var batch = Batch(question.Council);
        string[] numbers = [.. question.Numbers!];
        batch.BatchCommands.Add(
            ByNumbers(numbers, question.Shows(PlanView.Episode), question.Shows(PlanView.Flag)));
        if (question.WithPatients)
        {
            batch.BatchCommands.Add(PatientsOf(numbers));
        }

        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var plans = await FoundPlans.ReadAsync(reader, stop);
        var patients = new List<PatientRow>();
        if (question.WithPatients && await reader.NextResultAsync(stop))
        {
            patients = await PatientsAsync(reader, stop);
        }

        return PlanPages.Seal(PlanPages.Of(question, plans.Rows(question), patients, plans.Linked(question)));
    }

    /// <summary>
    /// One plan by the id of one of its resources; null content when absent or not the asker's to see.
    /// </summary>
    /// <exception cref="Refused">410 to the owner of a deleted one.</exception>
    public async Task<Sealed<PlanRow?>> ReadAsync(PlanQuestion question, Guid id, CancellationToken stop)
    {
        var row = (await FindAsync(question.View, question.Council, id, stop)).Value;
        if (row is { Deleted: true } && row.Facts.Council == question.Council)
        {
            throw Refused.Gone(row.State(question.View).Version);
        }

        return row is not null && question.MaySee(row)
            ? new Sealed<PlanRow?>(PlanPages.Current(question, row!), [PlanPages.Shown(row!, question.View)], 1)
            : new Sealed<PlanRow?>(null, [], 0);
    }

    /// <summary>A plan for the server's own decisions.</summary>
    public async Task<Internal<PlanRow?>> FindAsync(PlanView view, string? council, Guid id, CancellationToken stop)
    {
        await using var batch = Batch(council);
        batch.BatchCommands.Add(new(view == PlanView.Flag ? ByFlag
            : ByEpisode) { Parameters = { new() { Value = id } } });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        return new((await RowsAsync(reader, stop)).SingleOrDefault());
    }

    /// <summary>A version of one of a plan's resources.</summary>
    /// <exception cref="Refused">410 when that version is a deletion.</exception>
    public async Task<Sealed<ResourceState?>> ReadVersionAsync(
        PlanQuestion question, PlanRow plan, int version, CancellationToken stop)
    {
        var state = plan.State(question.View);
        if (state.Version == version)
        {
            if (plan.Deleted)
            {
                throw Refused.Gone(version);
            }

            return new(PlanPages.Current(question, plan).State(question.View), [PlanPages.Shown(plan, question.View)],
                1);
        }

        await using var batch = Batch(question.Council);
        batch.BatchCommands.Add(new(OldVersion)
        {
            Parameters =
            {
                new() { Value = question.View.ResourceType },
                new() { Value = state.Id.ToString() },
                new() { Value = version },
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        if (!await reader.ReadAsync(stop))
        {
            return new(null, [], 0);
        }

        if (reader.GetBoolean(4))
        {
            throw Refused.Gone(version);
        }

        var old = new ResourceState(state.Id, reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1),
            reader.GetString(2), reader.GetFieldValue<byte[]>(3));
        var shown = new Disclosed(question.View.ResourceType, state.Id.ToString(), version,
            plan.Facts.NhsNumber.Digits(), plan.Facts.Council, true);
        return new(old, [shown], 1);
    }

    /// <summary>
    /// The Patient resources of the people asked about: for health those of councils with a visible plan, for a
    /// council its own.
    /// </summary>
    public async Task<Sealed<PatientsFound>> PatientsAsync(PlanQuestion question, CancellationToken stop)
    {
        await using var batch = Batch(question.Council);
        var numbers = question.Numbers!.ToArray();
        batch.BatchCommands.Add(ByNumbers(numbers, episodes: false, flags: false));
        batch.BatchCommands.Add(PatientsOf(numbers));
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var found = await FoundPlans.ReadAsync(reader, stop);
        var holders = found.Rows(question).Where(question.MaySee)
            .Select(r => (r.Facts.Council, r.Facts.NhsNumber.Digits())).ToHashSet();
        await reader.NextResultAsync(stop);
        var rows = (await PatientsAsync(reader, stop))
            .Where(p => question.Council is null ? holders.Contains((p.Council, p.NhsNumber))
                : p.Council == question.Council)
            .ToList();
        return new(new(rows, found.Linked(question)), [.. rows.Select(p => PlanPages.Shown(
            p, question, holders.Contains((p.Council, p.NhsNumber))))], rows.Select(p => p.NhsNumber).Distinct()
                .Count());
    }

    private static NpgsqlBatchCommand ByNumbers(IReadOnlyList<string> numbers, bool episodes, bool flags) =>
        new(ByNumber)
    {
        Parameters =
        {
            new() { Value = numbers.ToArray() }, new() { Value = episodes }, new() { Value = flags },
        },
    };

    private static NpgsqlBatchCommand PatientsOf(string[] numbers) =>
        new(Patients) { Parameters = { new() { Value = numbers } } };

    /// <summary>Adds what answers all the questions, as health.</summary>
    public static void AskForAll(NpgsqlBatch batch, IReadOnlyList<PlanQuestion> questions)
    {
        string[] numbers = [.. questions.SelectMany(q => q.Numbers!).Distinct()];
        batch.BatchCommands.Add(new(AsHealth));
        batch.BatchCommands.Add(ByNumbers(numbers,
            questions.Any(q => q.Shows(PlanView.Episode)), questions.Any(q => q.Shows(PlanView.Flag))));
        batch.BatchCommands.Add(PatientsOf([.. questions.Where(q => q.WithPatients).SelectMany(q => q.Numbers!)]));
    }

    private static async Task<IReadOnlyList<Sealed<PlanPage>>> AnswerAllAsync(
        NpgsqlDataReader reader, IReadOnlyList<PlanQuestion> questions) =>
        [.. (await FoundAsync(reader, questions)).Value.Select(PlanPages.Seal)];

    /// <summary>Reads what <see cref="AskForAll"/> asked, for a look-up that asks for more besides.</summary>
    public static async Task<Internal<IReadOnlyList<PlansFound>>> FoundAsync(
        NpgsqlDataReader reader, IReadOnlyList<PlanQuestion> questions)
    {
        await reader.NextResultAsync();
        var plans = await FoundPlans.ReadAsync(reader, CancellationToken.None);
        await reader.NextResultAsync();
        var people = (await PatientsAsync(reader, CancellationToken.None)).ToLookup(p => p.NhsNumber);
        await reader.NextResultAsync();
        return new([.. questions.Select(q => PlanPages.Of(
            q,
            plans.Rows(q),
            q.WithPatients ? [.. plans.Numbers(q).SelectMany(n => people[n])] : [],
            plans.Linked(q)))]);
    }

    /// <summary>A batch that reads as one council, or for health as every council.</summary>
    private NpgsqlBatch Batch(string? council)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(council is null
            ? new(AsHealth)
            : new(AsCouncil) { Parameters = { new() { Value = council } } });
        return batch;
    }

    /// <summary>Plans that a question of its own locks, in the transaction's first round trip.</summary>
    internal static async Task<Internal<IReadOnlyList<PlanRow>>> TakeAsync(
        WriteTransaction write, NpgsqlBatchCommand question)
    {
        await using var batch = write.CreateBatch();
        batch.BatchCommands.Add(question);
        await using var reader = await batch.ExecuteReaderAsync();
        for (var i = 0; i < WriteTransaction.LeadingResults; i++)
        {
            await reader.NextResultAsync();
        }

        return new(await RowsAsync(reader, CancellationToken.None));
    }

    internal static async Task<List<PlanRow>> RowsAsync(NpgsqlDataReader reader, CancellationToken stop)
    {
        var rows = new List<PlanRow>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    internal static async Task<List<PatientRow>> PatientsAsync(NpgsqlDataReader reader, CancellationToken stop)
    {
        var rows = new List<PatientRow>();
        while (await reader.ReadAsync(stop))
        {
            rows.Add(new(reader.GetString(0), reader.GetString(1), reader.GetInt32(2),
                reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<DateOnly>(4), reader.GetString(5),
                reader.GetFieldValue<byte[]>(6), reader.GetFieldValue<byte[]>(7)));
        }

        return rows;
    }

    internal static PlanRow Row(NpgsqlDataReader reader)
    {
        if (!NhsNumber.TryParse(reader.GetString(2), out var number)
            || PlanKind.Of(reader.GetString(3)) is not { } kind)
        {
            throw new DataException("A stored plan has no valid number or kind.");
        }

        return new PlanRow
        {
            Facts = new PlanFacts(reader.GetString(0), reader.GetString(1), number, kind,
                reader.GetFieldValue<DateOnly>(4), Day(reader, 5), Day(reader, 6), Text(reader, 7), Text(reader, 8)),
            BirthDate = reader.GetFieldValue<DateOnly>(9),
            Deleted = reader.GetBoolean(10),
            StatusUntil = Day(reader, 11),
            Episode = State(reader, 12),
            Flag = State(reader, 17),
            Closed = reader.GetInt32(22),
            Unconfirmed = reader.GetBoolean(23),
        };
    }

    private static ResourceState State(NpgsqlDataReader reader, int at) => new(
        reader.GetGuid(at),
        reader.GetInt32(at + 1),
        reader.GetFieldValue<DateTimeOffset>(at + 2),
        reader.GetString(at + 3),
        reader.GetFieldValue<byte[]>(at + 4));

    private static DateOnly? Day(NpgsqlDataReader reader, int at) =>
        reader.IsDBNull(at) ? null : reader.GetFieldValue<DateOnly>(at);

    private static string? Text(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);
}
