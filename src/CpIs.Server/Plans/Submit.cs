using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Replays;

namespace CpIs.Server.Plans;

/// <summary>
/// The one way a plan changes: lock what stands, decide, and commit the change together with its ledger entries.
/// </summary>
internal sealed class Submit(WriteOnce once, Register register, TimeProvider clock)
{
    /// <summary>Applies changes of one council, all or none.</summary>
    /// <param name="call">The request.</param>
    /// <param name="changes">What is to be changed.</param>
    /// <param name="render">Makes the answer of what became of each change, in the order of the changes.</param>
    /// <exception cref="Refused">404, 409, 412, 422.</exception>
    public async Task<WriteAnswer> AsCouncilAsync(
        Call call, IReadOnlyList<Change> changes, Func<Call, IReadOnlyList<Changed>, WriteAnswer> render)
    {
        var council = call.Caller.Organisation;
        var name = (await register.FindAsync(council))?.Name
            ?? throw Refused.Denied("Your organisation is not in the register of councils.");
        var keys = SubmissionKeys.Of(changes);
        return await once.RunAsync(call, council, async write =>
        {
            var held = (await SubmissionStore.LockAsync(write, council, keys)).Value;
            var now = Milliseconds(clock.GetUtcNow());
            var submission = new Submission(council, Visibility.Today(clock), held);
            submission.Apply(changes);
            var result = new Result(submission, council, name, Visibility.Today(clock), now);
            var answers = changes.Select(result.Of).ToList();
            var entries = answers.Select((a, i) => Entry(call, changes[i], a, result))
                .Concat(result.Consequences(call)).ToList();
            return new(render(call, answers), entries, answers.Count,
                SubmissionStore.Put(council, result.Patients, result.Plans));
        });
    }

    /// <summary>The entry of one change: the resource it named, and the other half when that changed with it.</summary>
    private static AuditEntry Entry(Call call, Change change, Changed answer, Result result)
    {
        var (interaction, action) = change switch
        {
            PlanDeletion => ("delete", 'D'),
            _ when answer.Status == 201 => ("create", 'C'),
            _ => ("update", 'U'),
        };
        var (number, references) = result.Touched(change, answer);
        return call.Entry(number) with
        {
            Interaction = change.Interaction ?? interaction,
            Action = action,
            Status = answer.Status,
            ResourceType = answer.ResourceType,
            ResourceId = answer.Id,
            ResourceVersion = answer.Version,
            Disclosed = references,
        };
    }

    /// <summary>As FHIR writes an instant: what is stored is what is shown.</summary>
    public static DateTimeOffset Milliseconds(DateTimeOffset at) =>
        new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    /// <summary>The decided rows, and what each change's answer reads from them.</summary>
    private sealed class Result
    {
        private readonly Submission submission;
        private readonly Dictionary<PlanDraft, PlanRow> rows;
        private readonly Dictionary<PatientDraft, PatientRow> people;

        public Result(Submission submission, string council, string councilName, DateOnly today, DateTimeOffset now)
        {
            this.submission = submission;
            rows = submission.Plans.Where(d => d.Named || d.Consequence is not null)
                .ToDictionary(d => d, d => d.Finish(today, now, councilName));
            people = submission.Patients.Where(p => p.Sent is not null).ToDictionary(
                p => p, p => p.Finish(council, p.Stood?.NhsNumber ?? PatientNumber(p), now));
        }

        /// <summary>Rows of people that are new or different.</summary>
        public IReadOnlyList<PatientRow> Patients =>
            [.. people.Where(p => p.Value != p.Key.Stood).Select(p => p.Value)];

        /// <summary>Rows of plans that are new or different.</summary>
        public IReadOnlyList<(PlanRow? Stood, PlanRow Row)> Plans =>
            [.. rows.Where(r => Differs(r.Key, r.Value)).Select(r => (r.Key.Stood, r.Value))];

        public Changed Of(Change change)
        {
            if (change is PatientChange patient)
            {
                var draft = submission.Person(patient.Number);
                var row = people.GetValueOrDefault(draft) ?? draft.Stood!;
                return new(change.Place, draft.Stood is null ? 201
                    : 200, "Patient", row.NhsNumber, row.Version, row.Updated, row.Body);
            }

            var (plan, view) = Plan(change);
            var state = rows[plan].State(view);
            var status = change is PlanDeletion ? 204 : plan.Stood is null ? 201 : 200;
            return new(change.Place, status, view.ResourceType, state.Id.ToString(), state.Version, state.Updated,
                state.Body);
        }

        public (string Number, IReadOnlyList<string> References) Touched(Change change, Changed answer)
        {
            if (change is PatientChange patient)
            {
                return (patient.Number.Digits(), [answer.Location]);
            }

            var (plan, _) = Plan(change);
            return (plan.Facts.NhsNumber.Digits(), rows[plan].References);
        }

        /// <summary>Entries of plans that changed because others did.</summary>
        public IEnumerable<AuditEntry> Consequences(Call call) =>
            rows.Where(r => !r.Key.Named && Differs(r.Key, r.Value))
                .Select(r => call.Entry(r.Value.Facts.NhsNumber.Digits()) with
            {
                Interaction = "update",
                Action = 'U',
                Reason = r.Key.Consequence,
                ResourceType = "EpisodeOfCare",
                ResourceId = r.Key.EpisodeId.ToString(),
                ResourceVersion = r.Value.Episode.Version,
                Disclosed = r.Value.References,
            });

        private (PlanDraft Plan, PlanView View) Plan(Change change) => change switch
        {
            EpisodeChange episode => (submission.ById(PlanView.Episode, episode.Id), PlanView.Episode),
            FlagChange flag => (submission.ById(PlanView.Flag, flag.Id), PlanView.Flag),
            PlanDeletion deletion => (submission.ById(deletion.View, deletion.Id), deletion.View),
            _ => throw new InvalidOperationException("A change of a person has no plan."),
        };

        private static bool Differs(PlanDraft draft, PlanRow row) =>
            draft.Stood is null || draft.Stood.Episode.Version != row.Episode.Version
            || draft.Stood.Flag.Version != row.Flag.Version || draft.Stood.BirthDate != row.BirthDate;

        private static string PatientNumber(PatientDraft draft) =>
            CpIs.Server.Patients.PatientJson.Number(draft.Sent!.Value)!;
    }
}
