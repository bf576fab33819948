using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using CpIs.Server.Searching;
using CpIs.Server.Summary;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// The clinical access history of one patient (R14–R16), for the clinician and the responsible councils. It tells
/// that a plan exists, so reading it is itself an access.
/// https://simplifier.net/guide/Child-Protection---Information-Sharing--CP-IS--API-Consumer-Impl (Interactions)
/// </summary>
internal sealed class ShowHistory(
    SummaryStore store, Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    /// <summary>The guide's <c>_include</c> is malformed; the roles it means are always included.</summary>
    private static readonly SearchTerms Terms = new("AuditEvent", ["patient"])
    {
        Whole = true,
        MalformedInclude = "AuditEvent:entity-type=",
    };

    public async Task AnswerAsync(Call call)
    {
        if (call.Within is not null)
        {
            throw Refused.Denied("The access history is shown whole, not under a scope's condition.");
        }

        var search = await SearchRequest.ReadAsync(call, Terms, pages);
        PlanParameters.RequireNaming(search);
        if (PlanParameters.Numbers(search) is not [var number])
        {
            throw call.Health ? Refused.Denied("Name one patient: nobody may list children.")
                : Refused.BadSearch("Name one patient.");
        }

        var councils = await register.CouncilsAsync();
        var (lines, held) = call.Health
            ? await OfHealthAsync(call, number, councils)
            : (await ledger.OpenAsync(
                await store.OfCouncilAsync(call.Caller.Organisation, [number], call.Http.RequestAborted),
                call.Entry(number)), true);
        await Answers.BytesAsync(call.Http, 200, Bundle(call, search, lines, held ? null : councils));
    }

    private async Task<(IReadOnlyList<AccessLine> Lines, bool Held)> OfHealthAsync(
        Call call, string number, Councils councils)
    {
        var question = PlanQuestion.Health(PlanView.Flag, number, Visibility.Today(clock), councils) with
        {
            CountOnly = true,
        };
        var entry = call.Entry(number);
        var (found, recorded) = await ledger.LookUpRecordedAsync(
            store.LookUp, new(question, call.Caller.Organisation), entry);
        return (found.Lines(entry, number, recorded), found.Plans.Total > 0);
    }

    /// <param name="call">The request.</param>
    /// <param name="search">The search.</param>
    /// <param name="lines">Lines of the history.</param>
    /// <param name="silent">The councils, where no plan is visible and the answer must say what that means.</param>
    private ReadOnlyMemory<byte> Bundle(
        Call call, SearchRequest search, IReadOnlyList<AccessLine> lines, Councils? silent)
    {
        var now = clock.GetUtcNow();
        using var bundle = new SearchBundle(call, now, lines.Count, null, SelfLink.Of(call, search))
        {
            Shown = search.Shown,
        };
        if (!search.CountOnly)
        {
            Add(bundle, lines, "match");
        }

        List<OutcomeIssue> issues = [.. search.Warnings];
        if (silent is not null)
        {
            issues.Insert(0, PlanAnswer.NoRecordHeld(silent, now));
        }

        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        return bundle.Finish();
    }

    /// <summary>Adds the lines and, once each, the people who looked.</summary>
    public static void Add(SearchBundle bundle, IReadOnlyList<AccessLine> lines, string mode)
    {
        var shown = lines.Select(line => (Line: line, Role: AccessJson.RoleReference(line))).ToList();
        foreach (var one in shown)
        {
            bundle.Add("AuditEvent/" + one.Line.EntryId, one, AccessJson.Event, mode);
        }

        foreach (var one in shown)
        {
            bundle.Add(one.Role, one, AccessJson.Role, "include");
        }
    }
}
