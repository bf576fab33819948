using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using CpIs.Server.Searching;

namespace CpIs.Server.Encounters;

/// <summary>
/// Search of Encounter: health asks for those its own organisation reported of one person, a council for those of
/// people it holds a plan for. http://hl7.org/fhir/R4/http.html#search
/// Not served: _include.
/// </summary>
internal sealed class SearchEncounters(
    EncounterStore encounters, Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, EncounterParameters.Terms, pages);
        var numbers = PlanParameters.Numbers(search);
        if (call.Health && numbers is not [_])
        {
            throw Refused.Denied("Name one patient: nobody may list attendances.");
        }

        var now = clock.GetUtcNow();
        var councils = await register.CouncilsAsync();
        var allowed = ReadEncounter.Ask(call, councils, Visibility.Today(clock));
        var asked = SearchConditions.All(search, EncounterParameters.All);
        var question = allowed with
        {
            Numbers = numbers,
            Condition = row => allowed.Condition(row) && asked(row),
            CountOnly = search.CountOnly,
            Limit = search.Count,
            Sort = search.Sort,
            After = search.After,
        };
        var envelope = await encounters.SearchAsync(question, call.Http.RequestAborted);
        var page = await ledger.OpenAsync(envelope, call.Entry(numbers is [var one] ? one : null));
        var next = page.Next is { } place ? pages.Link(call, search, place) : null;
        int? total = search.Total == "none" && numbers is not [_] && !search.CountOnly ? null : page.Total;
        using var bundle = new SearchBundle(call, now, total, next, SelfLink.Of(call, search))
        {
            Shown = search.Shown,
        };
        foreach (var row in page.Rows)
        {
            bundle.Add($"Encounter/{row.Id}", row.Body, "match");
        }

        var issues = Issues(call, search, page, councils, now);
        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        await Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>R8: an empty answer is never silent, and never says that no plan is held where one is.</summary>
    private static List<OutcomeIssue> Issues(
        Call call, SearchRequest search, EncounterPage page, Councils councils, DateTimeOffset now)
    {
        var issues = new List<OutcomeIssue>();
        if (call.CountedUnscheduled)
        {
            issues.Add(new("information", "informational", DetailCode.CountedUnscheduled, Words.CountedUnscheduled));
        }

        if (call.Health && !page.Held)
        {
            issues.Add(new("information", "informational", DetailCode.NoRecordHeld,
                Words.NoRecordHeld(now) + " " + councils.Coverage(now)));
        }
        else if (call.Within is not null)
        {
            issues.Add(new("warning", "informational", DetailCode.NarrowedByScope, Words.NarrowedByScope));
        }
        else if (call.Health && page.Total == 0)
        {
            issues.Add(new("information", "informational", DetailCode.Informational, Words.NoAttendanceReported));
        }

        issues.AddRange(search.Warnings);
        return issues;
    }
}
