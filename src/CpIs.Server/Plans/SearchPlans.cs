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
    PlanStore plans, Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public async Task AnswerAsync(Call call, PlanView view)
    {
        var parameters = PlanParameters.Of(view);
        var search = await SearchRequest.ReadAsync(call, PlanParameters.Names(view), pages);
        var numbers = PlanParameters.Numbers(search);
        RequireOnePatient(call, numbers);
        var now = clock.GetUtcNow();
        var councils = await register.CouncilsAsync();
        var question = Ask(call, view, search, numbers, councils) with
        {
            Condition = SearchConditions.All(search, parameters),
            After = search.After is null ? null : Guid.Parse(search.After),
        };

        var entry = call.Entry(numbers is [var one] ? one : null);
        var page = call.Health
            ? await ledger.LookUpAsync(PlanStore.LookUp, question, entry)
            : await ledger.OpenAsync(await plans.SearchAsync(question, call.Http.RequestAborted), entry);

        var answer = new PlanAnswer(call, view, search, page, councils, now);
        await Answers.BytesAsync(call.Http, 200, answer.Bundle(Next(call, view, search, page)));
    }

    private string? Next(Call call, PlanView view, SearchRequest search, PlanPage page) =>
        page.More ? pages.Link(call, search, page.Rows[^1].State(view).Id.ToString()) : null;

    /// <summary>R13: a health caller names one patient.</summary>
    private static void RequireOnePatient(Call call, IReadOnlyList<string>? numbers)
    {
        if (call.Health && numbers is not [_])
        {
            throw Refused.Denied("Name one patient: nobody may list children.");
        }
    }

    private PlanQuestion Ask(
        Call call, PlanView view, SearchRequest search, IReadOnlyList<string>? numbers, Councils councils)
    {
        Check(search.Includes, PlanParameters.Includes(view));
        Check(search.RevIncludes, PlanParameters.RevIncludes(view));
        call.CoverIncluded(search.Includes.Concat(search.RevIncludes).Select(i => PlanParameters.Included(view, i)));
        if (search.Sort is not (null or "_id"))
        {
            throw Refused.BadSearch("Plans are served in the order of _id.");
        }

        return new PlanQuestion
        {
            View = view,
            Council = call.Health ? null : call.Caller.Organisation,
            Today = Visibility.Today(clock),
            Numbers = numbers,
            Condition = _ => true,
            Within = SearchConditions.Within(call, PlanParameters.Of(view)),
            CouncilNames = call.Health ? councils.LiveNames : councils.AllNames,
            WithPatients = search.Includes
                .Exists(i => i is "Flag:patient" or "Flag:subject" or "EpisodeOfCare:patient"),
            WithOtherHalf = search.Includes.Contains("Flag:detail") || search.RevIncludes.Contains("Flag:detail"),
            CountOnly = search.CountOnly,
            Limit = search.Count,
        };
    }

    private static void Check(List<string> asked, IReadOnlyList<string> served)
    {
        if (asked.Exists(a => !served.Contains(a)))
        {
            throw Refused.BadSearch("This _include or _revinclude is not served: " + string
                .Join(", ", served) + " are.");
        }
    }
}
