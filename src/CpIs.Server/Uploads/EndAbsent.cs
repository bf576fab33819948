using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>
/// Ends the plans that a snapshot leaves out, before its rows are applied, so that no row overlaps a plan that is over.
/// Each is a change like any other: a version, a ledger entry, in one commit with the count.
/// </summary>
internal sealed class EndAbsent(
    AbsentStore absent, UploadStore uploads, AuditLog ledger, Register register, TimeProvider clock)
{
    private const string Why = "left out of a snapshot";

    /// <summary>Ends some; when none is left the rows come next.</summary>
    public async Task NextAsync(UploadJob job, CancellationToken stop)
    {
        var today = Visibility.Today(clock);
        if (job.DryRun)
        {
            await absent.ImagineAsync(job, today, stop);
            return;
        }

        var name = (await register.FindAsync(job.Council))?.Name ?? job.Council;
        var left = await ledger.UploadAsync(job.Council, async write =>
        {
            var stood = (await AbsentStore.TakeAsync(write, job, today, ApplyRows.RowsPerCommitMax)).Value;
            if (stood.Count == 0 || !(await UploadStore.TakeAsync(write, job)).Value)
            {
                return stood.Count;
            }

            var now = Submit.Milliseconds(clock.GetUtcNow());
            var ended = stood.Select(row => ((PlanRow?)row, End(row, today).Finish(today, now, name))).ToList();
            await write.CommitAsync(
                [.. ended.Select(e => Entry(job, e.Item2, Why))],
                [.. SubmissionStore.Put(job.Council, [], ended), .. OutcomeStore.WriteAbsent(job, [.. stood.Select(p =>
                    new AbsentPlan(p.Facts.RowId, p.Facts.NhsNumber.Digits(), p.Facts.Kind.Name, p.Facts.Start))])]);
            return stood.Count;
        });
        if (left == 0)
        {
            await uploads.ApplyNowAsync(job, stop);
        }
    }

    /// <summary>One that has not begun never will: it is taken back instead.</summary>
    private static PlanDraft End(PlanRow row, DateOnly today)
    {
        var draft = PlanDraft.Of(row);
        draft.Unconfirmed = false;
        draft.Facts = row.Facts.Start > today ? row.Facts with { Removed = "error" } : row.Facts with { End = today };
        return draft;
    }

    /// <summary>The record of a plan that the file changed without a row that was taken.</summary>
    public static AuditEntry Entry(UploadJob job, PlanRow row, string why) => job.Entry with
    {
        Interaction = "update",
        Action = 'U',
        Status = 200,
        Reason = why,
        NhsNumber = row.Facts.NhsNumber.Digits(),
        ResourceType = PlanView.Episode.ResourceType,
        ResourceId = row.Episode.Id.ToString(),
        ResourceVersion = row.Episode.Version,
        Disclosed = row.References,
    };
}
