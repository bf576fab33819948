using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Demographics;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>
/// Applies the next rows of a file: asks demographics, locks what stands, decides row by row, and commits the changes,
/// their ledger entries, what became of the rows and how far the file has come, all in one. So a row that was applied
/// is never applied again, whenever the server is killed.
/// </summary>
internal sealed class ApplyRows(
    StagingStore staging, OutcomeStore outcomes, AuditLog ledger, IDemographics demographics, Register register,
    RowRules rules, Incoming incoming, TakeLinks links, ServerOptions options, TimeProvider clock)
{
    /// <summary>Rows of one commit.</summary>
    public const int RowsPerCommitMax = 500;

    /// <summary>
    /// Batches of one file before its council's other news, such as its wish to stop, are read again.
    /// </summary>
    private const int BatchesMax = 16;

    /// <summary>Integrity: what the rules did not foresee, the table's own constraints stop.</summary>
    private const string IntegrityClass = "23";

    /// <summary>Applies the next rows: while a batch is written, the one behind it is read and asked about.</summary>
    public async Task<Step> NextAsync(UploadJob job, CancellationToken stop)
    {
        var batch = await AskAsync(job, stop);
        if (batch.Step != Step.Moved)
        {
            return batch.Step;
        }

        for (var i = 0; i < BatchesMax && batch.Step == Step.Moved; i++)
        {
            var behind = AskAsync(job with { Reached = batch.Rows[^1].Staged.Place }, stop);
            try
            {
                if (!await ApplyOrPartAsync(batch.Job, batch.Rows, stop))
                {
                    return Step.Moved;
                }
            }
            finally
            {
                await ((Task)behind).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            batch = await behind;
        }

        return Step.Moved;
    }

    /// <returns>True when all of the rows were decided.</returns>
    private async Task<bool> ApplyOrPartAsync(UploadJob job, IReadOnlyList<AskedRow> asked, CancellationToken stop)
    {
        if (!job.DryRun)
        {
            await links.OfAsync(asked, job.Entry);
        }

        try
        {
            return await ApplyAsync(job, asked, stop);
        }
        catch (PostgresException stopped) when (stopped.SqlState.StartsWith(IntegrityClass, StringComparison.Ordinal))
        {
            await ApplyFirstAsync(job, asked, stop);
            return false;
        }
    }

    /// <summary>A constraint stopped a batch: its first person alone, and if that is stopped too, refused.</summary>
    private async Task ApplyFirstAsync(UploadJob job, IReadOnlyList<AskedRow> asked, CancellationToken stop)
    {
        var first = asked.TakeWhile(a => a.Row.Number.Equals(asked[0].Row.Number)).ToList();
        try
        {
            await ApplyAsync(job, first, stop);
        }
        catch (PostgresException stopped) when (stopped.SqlState.StartsWith(IntegrityClass, StringComparison.Ordinal))
        {
            await outcomes.SaveAsync(job, [.. first.Select(a => RowOutcome.Of(a.Staged, "refused") with
            {
                Issues = [RowIssue.NotLoaded("conflict", "The row contradicts what you hold: nothing was changed.")],
                Fields = a.Staged.Fields,
            })], first[^1].Staged.Place, stop);
        }
    }

    /// <summary>A person whose rows may go on beyond this batch is left to the next.</summary>
    private static IReadOnlyList<StagedRow> Whole(IReadOnlyList<StagedRow> staged) =>
        staged.Count == RowsPerCommitMax && Person(staged[0]) != Person(staged[^1])
            ? [.. staged.TakeWhile(r => Person(r) != Person(staged[^1]))] : staged;

    /// <summary>Rows read again from their texts, as they were when they came in.</summary>
    private List<(StagedRow Staged, CaseloadRow Row)> Read(UploadJob job, IReadOnlyList<StagedRow> staged)
    {
        var header = job.Columns;
        var today = Visibility.Day(new DateTimeOffset(job.Received!.Value, TimeSpan.Zero));
        return [.. staged.Select(s => (s, rules.Read(header, StagedRow.Texts(s.Fields), job.Council, today).Row
            ?? throw new InvalidOperationException("A row that was sound when it came in is not any more.")))];
    }

    /// <summary>All of the place but a person's own order.</summary>
    private static string Person(StagedRow row) => row.Place[..row.Place.IndexOf('/', 2)];

    /// <summary>The next rows of a file with what demographics say; <see cref="Step.Moved"/> when there are.</summary>
    private async Task<AskedBatch> AskAsync(UploadJob job, CancellationToken stop)
    {
        List<(StagedRow Staged, CaseloadRow Row)> rows;
        using (UploadMeter.Time("read"))
        {
            var staged = (await staging.NextAsync(job, RowsPerCommitMax, stop)).Value;
            rows = Read(job, Whole(staged));
        }

        if (rows.Count == 0)
        {
            return new(job, [], Step.Done);
        }

        using var time = UploadMeter.Time("demographics");
        var asked = await AskAsync(rows, stop);
        return new(job, asked,
            asked.Any(a => a.Answer.Verdict == PersonVerdict.Unavailable) ? Step.Waits : Step.Moved);
    }

    private async Task<IReadOnlyList<AskedRow>> AskAsync(
        IReadOnlyList<(StagedRow Staged, CaseloadRow Row)> rows, CancellationToken stop)
    {
        var answers = await demographics.AskAsync(
            [.. rows.Select(r => new PersonQuestion(r.Row.Number, r.Row.Family, r.Row.Given, r.Row.BirthDate))], stop);
        return [.. rows.Zip(answers, (r, answer) => new AskedRow(r.Staged, r.Row, answer))];
    }

    /// <returns>True when all of the rows were decided.</returns>
    private async Task<bool> ApplyAsync(UploadJob job, IReadOnlyList<AskedRow> asked, CancellationToken stop)
    {
        var name = (await register.FindAsync(job.Council))?.Name ?? job.Council;
        var imagined = job.DryRun ? await ImagineAsync(job, asked, stop) : null;
        var keys = Keys([.. asked, .. imagined?.Taken ?? []]);
        var decided = await ledger.UploadAsync(job.Council, async write =>
        {
            var held = await LockAsync(write, job, keys);
            if (held is null)
            {
                return null;
            }

            var batch = Decide(job, asked, imagined is null ? held : Imagine(job, imagined, held, name), name);
            var entries = batch.Entries(job);
            if (!job.DryRun && entries.Count > 0)
            {
                using var time = UploadMeter.Time("commit");
                await write.CommitAsync(entries, [.. SubmissionStore.Put(job.Council, batch.People, batch.Plans),
                    .. Protected(asked, batch), .. OutcomeStore.Write(job, batch.Outcomes, batch.Reached)]);
                batch.Committed = true;
            }

            return batch;
        });
        if (decided is { Committed: false })
        {
            await outcomes.SaveAsync(job, decided.Outcomes, decided.Reached, stop);
        }

        return decided?.Reached == asked[^1].Staged.Place;
    }

    /// <summary>What stands of these people and plans; null when the file has gone on without this batch.</summary>
    private static async Task<HeldRows?> LockAsync(WriteTransaction write, UploadJob job, SubmissionKeys keys)
    {
        using var time = UploadMeter.Time("lock");
        var held = (await SubmissionStore.LockAsync(write, job.Council, keys)).Value;
        return (await UploadStore.TakeAsync(write, job)).Value ? held : null;
    }

    /// <summary>Who of the people that were taken is protected, and who is not, where that is of any effect.</summary>
    private NpgsqlBatchCommand[] Protected(IReadOnlyList<AskedRow> asked, DecidedBatch batch)
    {
        if (!options.Demographics.TakesProtected)
        {
            return [];
        }

        var taken = batch.Outcomes.Where(o => o.Versions.Count > 0).Select(o => o.RowNo).ToHashSet();
        string[] Numbers(bool isProtected) => [.. asked.Where(a => taken.Contains(a.Staged.RowNo)
            && isProtected == (a.Answer.Verdict == PersonVerdict.Sensitive)).Select(a => a.Row.Number.Digits())
                .Distinct()];
        return ProtectedStore.Put(Numbers(true), Numbers(false), clock.GetUtcNow());
    }

    /// <summary>
    /// Decides person by person. Where a person's rows touch a plan that another's rows of this batch changed, the
    /// batch ends before them: each version that is made is then one that was stored.
    /// </summary>
    private DecidedBatch Decide(UploadJob job, IReadOnlyList<AskedRow> asked, HeldRows held, string councilName)
    {
        using var time = UploadMeter.Time("decide");
        var (today, now) = (Visibility.Today(clock), Submit.Milliseconds(clock.GetUtcNow()));
        var batch = new DecidedBatch();
        var plansOf = held.Plans.ToLookup(p => p.Facts.NhsNumber.Digits());
        var plansBy = held.Plans.ToLookup(p => p.Facts.RowId);
        var patients = held.Patients.ToLookup(p => p.NhsNumber);
        foreach (var person in InOrder(asked))
        {
            var number = person[0].Row.Number.Digits();
            List<PlanRow> plans = [.. plansOf[number].Concat(person.SelectMany(a =>
                    plansBy[a.Row.RowId].Concat(plansBy[a.Row.FollowsRowId ?? ""])))
                .DistinctBy(p => p.Episode.Id)];
            if (batch.Touches(plans, number, person.Select(a => a.Row.FollowsRowId).OfType<string>()))
            {
                break;
            }

            var rows = new PersonRows(job, new HeldRows(plans, [.. patients[number]], held.Superseded), today,
                incoming) { TakesProtected = options.Demographics.TakesProtected };
            person.ForEach(rows.Add);
            batch.Add(rows.Finish(now, councilName), person[^1].Staged.Place, number);
        }

        return batch;
    }

    /// <summary>Neighbours of one number: rows that follow other plans come apart from the rest.</summary>
    private static IEnumerable<List<AskedRow>> InOrder(IReadOnlyList<AskedRow> asked)
    {
        var person = new List<AskedRow>();
        foreach (var row in asked)
        {
            if (person.Count > 0 && Person(person[0].Staged) != Person(row.Staged))
            {
                yield return person;
                person = [];
            }

            person.Add(row);
        }

        if (person.Count > 0)
        {
            yield return person;
        }
    }

    private static SubmissionKeys Keys(IReadOnlyList<AskedRow> asked) => new(
        [.. asked.Select(a => a.Row.RowId).Concat(asked.Select(a => a.Row.FollowsRowId).OfType<string>()).Distinct()],
        [.. asked.Select(a => a.Row.Number.Digits()).Distinct()], [], []);

    /// <summary>
    /// A dry run changes nothing, so what the file would have done by now is taken as done before its next rows are
    /// judged: what its snapshot leaves out, and earlier rows of these people and of the plans that they follow.
    /// </summary>
    private async Task<Imagined> ImagineAsync(UploadJob job, IReadOnlyList<AskedRow> asked, CancellationToken stop)
    {
        var keys = Keys(asked);
        var leftOut = (await outcomes.LeftOutAsync(job, keys.Numbers, stop)).Value;
        var earlier = (await staging.TakenAsync(job, keys, stop)).Value;
        var taken = new List<AskedRow>();
        foreach (var rows in Read(job, earlier).Chunk(IDemographics.PeopleMax))
        {
            taken.AddRange(await AskAsync(rows, stop));
        }

        return new(taken, leftOut);
    }

    private HeldRows Imagine(UploadJob job, Imagined imagined, HeldRows held, string councilName)
    {
        held = held with { Plans = [.. held.Plans.Where(p => !imagined.LeftOut.Contains(p.Facts.RowId))] };
        foreach (var person in InOrder(imagined.Taken))
        {
            held = Decide(job, person, held, councilName).After(held);
        }

        return held;
    }

    /// <summary>What a dry run takes as done.</summary>
    private sealed record Imagined(IReadOnlyList<AskedRow> Taken, IReadOnlySet<string> LeftOut);
}

/// <summary>The next rows of a file, asked about.</summary>
/// <param name="Job">The file as far as it will have come when these rows are next.</param>
/// <param name="Rows">The rows; none when the file is at its end.</param>
/// <param name="Step">Whether they may be applied.</param>
internal sealed record AskedBatch(UploadJob Job, IReadOnlyList<AskedRow> Rows, Step Step);

/// <summary>What a step of a file came to.</summary>
internal enum Step
{
    /// <summary>Some rows are done with.</summary>
    Moved,

    /// <summary>No row is left.</summary>
    Done,

    /// <summary>Demographics cannot be asked: nothing moves until they can (CPF05).</summary>
    Waits,
}
