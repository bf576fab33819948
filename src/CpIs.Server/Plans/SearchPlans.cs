using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>
/// The look-up: search of Flag or EpisodeOfCare. Parse, ask, open, answer.
/// http://hl7.org/fhir/R4/http.html#search
/// </summary>
internal sealed class SearchPlans(
    PlanStore plans, PlanListStore lists, Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public async Task AnswerAsync(Call call, PlanView view)
    {
        var search = await SearchRequest.ReadAsync(call, PlanParameters.Terms(view), pages);
        var numbers = PlanParameters.Numbers(search);
        RequireOnePatient(call, numbers);
        var now = clock.GetUtcNow();
        var councils = await register.CouncilsAsync();
        var question = Ask(call, view, search, councils) with { Numbers = numbers };

        var entry = call.Entry(numbers is [var one] ? one : null);
        var page = call.Health ? await ledger.LookUpAsync(PlanStore.LookUp, question, entry)
            : await ledger.OpenAsync(numbers is null
                ? await lists.SearchAsync(question, call.Http.RequestAborted)
                : await plans.SearchAsync(question, call.Http.RequestAborted), entry);

        var next = page.Next is { } place ? pages.Link(call, search, place) : null;
        await Answers.BytesAsync(call.Http, 200, new PlanAnswer(call, view, search, page, councils, now).Bundle(next));
    }

    /// <summary>R13: a health caller names one patient.</summary>
    private static void RequireOnePatient(Call call, IReadOnlyList<string>? numbers)
    {
        if (call.Health && numbers is not [_])
        {
            throw Refused.Denied("Name one patient: nobody may list children.");
        }
    }

    private PlanQuestion Ask(Call call, PlanView view, SearchRequest search, Councils councils)
    {
        var shown = PlanIncludes.Of(search, view);
        call.CoverIncluded(shown.Types(view));
        return new PlanQuestion
        {
            View = view,
            Council = call.Health ? null : call.Caller.Organisation,
            Today = Visibility.Today(clock),
            Condition = SearchConditions.All(search, PlanParameters.Of(view)),
            Within = SearchConditions.Within(call, PlanParameters.Of(view)),
            Narrowed = search.Criteria.Count > 0 || call.Within is not null,
            Ids = PlanParameters.Ids(search),
            RowIds = PlanParameters.RowIds(search),
            CouncilNames = call.Health ? councils.LiveNames : councils.AllNames,
            WithPatients = shown.Patients,
            WithOtherHalf = shown.OtherHalf,
            CountOnly = search.CountOnly,
            Counted = search.Total is "accurate" or "estimate",
            Sort = search.Sort,
            Limit = search.Count,
            After = search.After,
        };
    }
}
