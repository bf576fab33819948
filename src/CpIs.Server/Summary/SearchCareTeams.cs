using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using CpIs.Server.Searching;

namespace CpIs.Server.Summary;

/// <summary>
/// Plans in the form of NHS England's 2023 design, read only: a consumer built for it works unchanged.
/// https://simplifier.net/guide/Child-Protection---Information-Sharing--CP-IS--API-Consumer-Impl (Interactions)
/// </summary>
internal sealed class SearchCareTeams(Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    private static readonly SearchTerms Terms = new("CareTeam", ["patient"]) { Whole = true };

    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, Terms, pages);
        PlanParameters.RequireNaming(search);
        if (PlanParameters.Numbers(search) is not [var number])
        {
            throw Refused.Denied("Name one patient: nobody may list children.");
        }

        var councils = await register.CouncilsAsync();
        var question = PlanQuestion.Health(PlanView.Episode, number, Visibility.Today(clock), councils) with
        {
            CountOnly = search.CountOnly,
        };
        var page = await ledger.LookUpAsync(PlanStore.LookUp, question, call.Entry(number));
        await Answers.BytesAsync(call.Http, 200, Bundle(call, search, page, councils));
    }

    private ReadOnlyMemory<byte> Bundle(Call call, SearchRequest search, PlanPage page, Councils councils)
    {
        var now = clock.GetUtcNow();
        using var bundle = new SearchBundle(call, now, page.Total, null, SelfLink.Of(call, search))
        {
            Shown = search.Shown,
        };
        foreach (var row in page.Rows)
        {
            bundle.Add($"CareTeam/{row.Episode.Id}", CareTeamJson.Render(row, councils.Find(row.Facts.Council)),
                "match");
        }

        var issues = SummaryIssues.OfPlans(call, page, councils, now);
        issues.AddRange(search.Warnings);
        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        return bundle.Finish();
    }
}
