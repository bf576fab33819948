using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Replays;

namespace CpIs.Server.Plans;

/// <summary>
/// Turns patches of plans into updates: the plan is read, patched, and sent the way of a PUT that insists on the
/// version it was read in. Where somebody else was quicker it is read and patched again, so no lock is held while the
/// outcome is checked against its profile. http://hl7.org/fhir/R4/http.html#patch
/// </summary>
internal sealed class PatchPlan(
    Incoming incoming, Submit submit, WriteOnce once, PlanStore plans, Register register, TimeProvider clock)
{
    /// <summary>Times a patch is applied to what others change meanwhile.</summary>
    private const int AttemptsMax = 10;

    /// <summary>Applies changes with patches among them, all or none.</summary>
    /// <param name="call">The request.</param>
    /// <param name="changes">What is to be changed.</param>
    /// <param name="reader">Reads patched resources.</param>
    /// <param name="render">Makes the answer.</param>
    /// <exception cref="Refused">404, 410, 412, 422, and what an update is refused for.</exception>
    public Task<WriteAnswer> ApplyAsync(Call call, IReadOnlyList<Change> changes, PartsReader reader,
        Func<Call, IReadOnlyList<Changed>, WriteAnswer> render) =>
        once.OrAgainAsync(call, () => TryAsync(call, changes, reader, render));

    private async Task<WriteAnswer> TryAsync(Call call, IReadOnlyList<Change> changes, PartsReader reader,
        Func<Call, IReadOnlyList<Changed>, WriteAnswer> render)
    {
        for (var attempt = 1; ; attempt++)
        {
            var updates = new List<Change>(changes.Count);
            foreach (var change in changes)
            {
                updates.Add(change is PlanPatch patch
                    ? await UpdateAsync(call, patch, reader, changes.Count > 1) : change);
            }

            try
            {
                return await submit.AsCouncilAsync(call, updates, render);
            }
            catch (PatchOvertaken) when (attempt < AttemptsMax)
            {
                // Read it again as it stands now.
            }
            catch (PatchOvertaken)
            {
                throw Refused.Stale("Others change this resource too quickly for a patch: try again.");
            }
        }
    }

    private async Task<Change> UpdateAsync(Call call, PlanPatch patch, PartsReader reader, bool bundled)
    {
        try
        {
            return await UpdateAsync(call, patch, reader);
        }
        catch (Refused refused) when (bundled)
        {
            throw Submission.AtEntry(refused, patch.Place);
        }
    }

    private async Task<Change> UpdateAsync(Call call, PlanPatch patch, PartsReader reader)
    {
        var state = await StandsAsync(call, patch);
        if (patch.IfMatch is { } version && version != state.Version)
        {
            throw Refused.Stale("The resource has another version than If-Match names.");
        }

        var after = patch.Patch.Apply(state.Body);
        if (Incoming.Text(after, "id") != patch.Id.ToString())
        {
            throw Refused.BadBody("A patch changes no id.");
        }

        incoming.Check(after, patch.View.ResourceType);
        Change update = patch.View == PlanView.Flag
            ? new FlagChange(patch.Place, patch.IfMatch, patch.Id, false, reader.Flag(after))
            : new EpisodeChange(patch.Place, patch.IfMatch, patch.Id, false, reader.Episode(after));
        return update with { Interaction = "patch", ReadIn = state.Version };
    }

    private async Task<ResourceState> StandsAsync(Call call, PlanPatch patch)
    {
        var council = call.Caller.Organisation;
        var row = (await plans.FindAsync(patch.View, council, patch.Id, call.Http.RequestAborted)).Value;
        if (row is null || row.Facts.Council != council)
        {
            throw Refused.NotFound();
        }

        return row.Deleted ? throw Refused.Gone(row.State(patch.View).Version)
            : row.AsOf(Visibility.Today(clock), (await register.FindAsync(council))?.Name ?? council).State(patch.View);
    }
}

/// <summary>A patch of one of a plan's resources.</summary>
internal sealed record PlanPatch(int Place, int? IfMatch, PlanView View, Guid Id, IncomingPatch Patch)
    : Change(Place, IfMatch);

/// <summary>A patched resource was changed by somebody else after it had been read.</summary>
internal sealed class PatchOvertaken() : Exception("The resource changed while it was patched.");
