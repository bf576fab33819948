using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>
/// A refusal never hides what was visible, but a clinician must not take it for the council's latest word: plans that
/// stand although their row was refused are marked, once all rows of the file are done with. Each is a change like any
/// other: a version, a ledger entry. Whatever is accepted about the plan next takes the mark away (decision 19).
/// </summary>
internal sealed class MarkUnconfirmed(AuditLog ledger, Register register, TimeProvider clock)
{
    private const string Why = "its row in an upload was refused";

    /// <summary>Marks some.</summary>
    /// <returns>False when none is left.</returns>
    public async Task<bool> NextAsync(UploadJob job)
    {
        if (job.DryRun || job.Refused == 0)
        {
            return false;
        }

        var name = (await register.FindAsync(job.Council))?.Name ?? job.Council;
        return await ledger.UploadAsync(job.Council, async write =>
        {
            var stood = (await OutcomeStore.StandingAsync(write, job, ApplyRows.RowsPerCommitMax)).Value;
            if (stood.Count == 0 || !(await UploadStore.TakeAsync(write, job)).Value)
            {
                return stood.Count > 0;
            }

            var (today, now) = (Visibility.Today(clock), Submit.Milliseconds(clock.GetUtcNow()));
            var marked = stood.Select(row => ((PlanRow?)row, Marked(row).Finish(today, now, name))).ToList();
            await write.CommitAsync([.. marked.Select(m => EndAbsent.Entry(job, m.Item2, Why))],
                SubmissionStore.Put(job.Council, [], marked));
            return true;
        });
    }

    private static PlanDraft Marked(PlanRow row)
    {
        var draft = PlanDraft.Of(row);
        draft.Unconfirmed = true;
        return draft;
    }
}
