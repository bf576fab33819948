using CpIs.Audit;
using CpIs.Server.Patients;

namespace CpIs.Server.Plans;

/// <summary>From rows to the page that answers a question, and what that page discloses of whom.</summary>
internal static class PlanPages
{
    /// <summary>People whose plans a bare number is recorded for; a larger number tells of nobody.</summary>
    private const int CountedPeopleMax = 1000;

    /// <summary>The answer from all rows of the people, or of the keys, that a question names.</summary>
    public static PlansFound Of(
        PlanQuestion question, List<PlanRow> rows, List<PatientRow> patients, IReadOnlyList<LinkedNumber> linked)
    {
        var seen = rows.FindAll(question.MaySee).ConvertAll(r => Current(question, r));
        var matches = seen.FindAll(question.Condition);
        var (page, next) = Cut(question, matches);
        var people = patients.Count > 0 ? PatientsShown(question, patients, page, seen) : [];
        var leftOut = question.Council is null && matches.Count == 0 && seen.Count > 0;
        return Disclosing(question, new(page, people, linked, matches.Count, next)
        {
            LeftOut = leftOut,
            Matches = matches,
        }, leftOut ? seen : matches);
    }

    /// <summary>A page with what it discloses.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="page">What is answered.</param>
    /// <param name="told">What the answer tells of without showing it.</param>
    public static PlansFound Disclosing(
        PlanQuestion question, PlanPage page, IReadOnlyList<PlanRow> told)
    {
        var disclosed = new List<Disclosed>(page.Rows.Count + page.Patients.Count);
        foreach (var row in page.Rows)
        {
            AddShown(disclosed, row, question);
        }

        disclosed.AddRange(page.Patients.Select(p => Shown(p, question, plan: true)));
        if (question.CountOnly || page.LeftOut)
        {
            var counted = told.Select(r => Shown(r, question.View)).DistinctBy(d => d.NhsNumber)
                .Take(CountedPeopleMax + 1).ToList();
            disclosed.AddRange(counted.Count > CountedPeopleMax ? [] : counted);
        }

        return new(page, disclosed);
    }

    public static Sealed<PlanPage> Seal(PlansFound found) => new(found.Page, found.Disclosed, found.Page.Total);

    /// <summary>R0: the row as it stands today.</summary>
    public static PlanRow Current(PlanQuestion question, PlanRow row) =>
        row.AsOf(question.Today, question.CouncilNames.GetValueOrDefault(row.Facts.Council, row.Facts.Council));

    public static Disclosed Shown(PlanRow row, PlanView view) => new(
        view.ResourceType,
        row.State(view).Id.ToString(),
        row.State(view).Version,
        row.Facts.NhsNumber.Digits(),
        row.Facts.Council,
        true) { Through = row.AskedAs.Count > 0 ? row.AskedAs[0] : null };

    public static Disclosed Shown(PatientRow person, PlanQuestion question, bool plan) => new(
        "Patient", person.NhsNumber, person.Version, person.NhsNumber, person.Council, plan)
    {
        Through = question.Numbers is [var asked] && asked != person.NhsNumber ? asked : null,
    };

    private static (IReadOnlyList<PlanRow> Page, string? Next) Cut(PlanQuestion question, List<PlanRow> matches)
    {
        if (question.CountOnly)
        {
            return ([], null);
        }

        var asItComes = question is { Council: null, After: null, Sort.Count: 0 } && matches.Count <= question.Limit;
        return asItComes ? (matches, null)
            : PlanParameters.Keyset(question.View).Cut(matches, question.Sort, question.After, question.Limit);
    }

    private static List<PatientRow> PatientsShown(PlanQuestion question, List<PatientRow> patients,
        IReadOnlyList<PlanRow> page, List<PlanRow> seen)
    {
        var people = seen.Select(r => r.Facts.NhsNumber.Digits()).ToHashSet();
        var councils = page.Select(r => r.Facts.Council).ToHashSet();
        return [.. patients.Where(p => people.Contains(p.NhsNumber) && councils.Contains(p.Council))
            .Where(p => question.Council is null || p.Council == question.Council)];
    }

    private static void AddShown(List<Disclosed> disclosed, PlanRow row, PlanQuestion question)
    {
        disclosed.Add(Shown(row, question.View));
        if (question.WithOtherHalf)
        {
            disclosed.Add(Shown(row, question.View == PlanView.Flag ? PlanView.Episode : PlanView.Flag));
        }
    }
}
