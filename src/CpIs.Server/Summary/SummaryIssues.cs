using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Summary;

/// <summary>
/// What the reader of an answer must be told beside the plans: the sentences of its outcome, in order.
/// </summary>
internal static class SummaryIssues
{
    /// <summary>Age in days up to which an empty answer points to the mother.</summary>
    private const int NewbornDays = 90;

    /// <summary>
    /// Sentences of any answer that shows a person's plans, or that there is none. They speak of all the plans, also
    /// when a page shows a part of them: who reads the first page alone must not take it for one council's.
    /// </summary>
    public static List<OutcomeIssue> OfPlans(Call call, PlanPage page, Councils councils, DateTimeOffset now)
    {
        var issues = new List<OutcomeIssue>();
        if (call.CountedUnscheduled)
        {
            issues.Add(Told(DetailCode.CountedUnscheduled, Words.CountedUnscheduled));
        }

        if (call.Within is not null)
        {
            issues.Add(Warned(DetailCode.NarrowedByScope, Words.NarrowedByScope));
        }

        if (page.LeftOut)
        {
            issues.Add(Warned(DetailCode.PlanLeftOut, Words.PlanLeftOut));
        }
        else if (page.Total == 0 && call.Within is null)
        {
            issues.Add(PlanAnswer.NoRecordHeld(councils, now));
        }

        issues.AddRange(PlanAnswer.Superseded(page.Linked, true));
        if (page.Matches.Any(r => r.Facts.Kind == PlanKind.Unborn))
        {
            issues.Add(Told(DetailCode.ConcernsUnborn, Words.ConcernsUnborn));
        }

        if (PlanAnswer.TwoHold(page.Matches))
        {
            issues.Add(Warned(DetailCode.TwoCouncils, Words.TwoCouncils));
        }

        if (page.Matches.Any(r => r.Unconfirmed))
        {
            issues.Add(Warned(DetailCode.Unconfirmed, Words.Unconfirmed));
        }

        if (page.Patients.Count > 1 && PatientJson.Differ(page.Patients))
        {
            issues.Add(Warned(DetailCode.IdentityDiffers, Words.CouncilsDiffer));
        }

        return issues;
    }

    /// <summary>Sentences of the summary: a differing identity first, then the plans', then how fresh all is.</summary>
    public static IReadOnlyList<OutcomeIssue> Of(Call call, SummaryRequest request,
        IReadOnlyList<PersonSummary> people, Councils councils, DateTimeOffset now)
    {
        var issues = new List<OutcomeIssue>();
        if (Differs(request, people[0].Plans.Patients))
        {
            issues.Add(Warned(DetailCode.IdentityDiffers, Words.IdentityDiffers));
        }

        issues.AddRange(people.SelectMany(p => OfPlans(call, p.Plans, councils, now)).Distinct());
        if (people[0].Plans.Total == 0 && request.Mother is null && IsNewborn(request.BirthDate, Visibility.Day(now)))
        {
            issues.Add(Told(DetailCode.LookUpMother, Words.LookUpMother));
        }

        foreach (var ods in people.SelectMany(p => p.Plans.Rows).Select(r => r.Facts.Council).Distinct())
        {
            issues.Add(Told(DetailCode.Freshness, Words.Fresh(councils.AllNames[ods], councils.LastSent(ods))));
        }

        if (people.Any(p => p.Plans.Total > 0))
        {
            issues.Add(Told(DetailCode.Coverage, councils.Coverage(now)));
        }

        issues.Add(call.Unscheduled == true
            ? Told(DetailCode.Unscheduled, Words.RecordedUnscheduled)
            : Told(DetailCode.Scheduled, Words.RecordedScheduled));
        return issues;
    }

    private static bool Differs(SummaryRequest request, IReadOnlyList<PatientRow> held) => held.Any(p =>
        (request.BirthDate is { } born && born != p.BirthDate)
        || (request.Family is { } family && !PersonName.Same(family, p.Family)));

    private static bool IsNewborn(DateOnly? born, DateOnly today) =>
        born is { } day && day <= today && today <= day.AddDays(NewbornDays);

    private static OutcomeIssue Told(DetailCode detail, string words) =>
        new("information", "informational", detail, words);

    private static OutcomeIssue Warned(DetailCode detail, string words) =>
        new("warning", "informational", detail, words);
}
